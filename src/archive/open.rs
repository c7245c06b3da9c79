//! The one place that opens an archive for writing.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::Error;
use super::leftover::{self, leave_wal};
use super::lock::RunLock;
use super::migrations::{self, APPLICATION_ID};
use super::place::Place;

/// How long a write waits for another program that holds the file's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements that are kept prepared: all that recording uses, with room.
const STATEMENT_CACHE: usize = 96;

/// An archive opened for a sync: nobody else syncs onto it while this exists.
#[derive(Debug)]
pub struct Archive {
    // Fields drop in this order: the database is closed before the lock is given up.
    pub(super) connection: Connection,
    place: Place,
    _lock: RunLock,
}

impl Archive {
    /// Opens the archive for a sync, creating the file (mode 0600) if it does not exist, and brings
    /// its schema up to date.
    ///
    /// The file's folder must exist: a mistyped path must not become an empty archive far away.
    /// Nothing is changed before everything that can be checked has been.
    ///
    /// # Errors
    /// [`Error`]: the file is not ours, not writable, written by a newer version, or in use by
    /// another sync.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let path = resolve(path)?;
        examine(&path)?;
        let lock = RunLock::acquire(&path)?;
        if !path.exists() {
            let wal = beside(&path, "-wal");
            if leftover::is_there(&wal) {
                return Err(Error::OrphanWal { path, wal });
            }
            create(&path)?;
        }
        let place = Place::note(path)?;
        let connection = connect(place.path())?;
        let archive = Self { connection, place, _lock: lock };
        archive.check_place()?;
        Ok(archive)
    }

    /// The file, with links resolved.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Whether the path still leads to the file that is open here.
    ///
    /// If not, what stands in the `-wal` is moved into that file: SQLite leaves it where it is, beside
    /// another archive perhaps, for which it would take it when that is opened next.
    ///
    /// # Errors
    /// [`Error::Displaced`]; [`Error::Io`], if that cannot be told.
    pub(super) fn check_place(&self) -> Result<(), Error> {
        self.place.check().inspect_err(|error| {
            if !matches!(error, Error::Displaced(_)) {
                // It cannot be told where the file is: it and its -wal may well be where they were.
                return;
            }
            let moved = self
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
            if !matches!(moved, Ok(false)) {
                let path = self.path().display();
                tracing::warn!(?moved, "{path}-wal holds what belongs to the file that is gone: delete it before another archive takes that name");
            }
        })
    }
}

/// The path with links resolved, so that two names of one archive have one lock.
fn resolve(path: &Path) -> Result<PathBuf, Error> {
    // A link that leads nowhere is there, and must not be replaced by a new archive.
    if path.symlink_metadata().is_ok() {
        return fs::canonicalize(path).map_err(Error::io(path, "found"));
    }
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Err(Error::NotAFile(path.to_owned())),
    };
    let Some(name) = path.file_name() else {
        return Err(Error::NotAFile(path.to_owned()));
    };
    if !folder.is_dir() {
        return Err(Error::NoFolder(folder.to_owned()));
    }
    Ok(fs::canonicalize(folder).map_err(Error::io(folder, "found"))?.join(name))
}

/// Refuses a file that is not ours to write into, without changing anything.
fn examine(path: &Path) -> Result<(), Error> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(path, "examined")(error)),
    };
    if !metadata.is_file() {
        return Err(Error::NotAFile(path.to_owned()));
    }
    let mut header = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(HEADER_SIZE).read_to_end(&mut header))
        .map_err(Error::io(path, "read"))?;
    if !header.is_empty() {
        let header = Header::read(&header).ok_or_else(|| Error::NotSqlite(path.to_owned()))?;
        check_identity(path, &header)?;
    }
    if metadata.permissions().readonly() {
        return Err(Error::ReadOnly(path.to_owned()));
    }
    Ok(())
}

/// Bytes at the beginning of a database file: its header, and that of the schema's first page.
const HEADER_SIZE: u64 = 108;

/// What tells whose database a file is.
struct Header {
    application_id: i32,
    user_version: i32,
    empty: bool,
}

impl Header {
    /// Reads the bytes themselves (SQLite, "Database File Format", 1.3 and 1.6): even to open a
    /// stranger's database read-only can leave files beside it.
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        if !bytes.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let cells = bytes.get(103..105)?;
        Some(Self {
            application_id: number(68)?,
            user_version: number(60)?,
            empty: bytes.get(100) == Some(&LEAF_OF_A_TABLE) && cells == [0, 0],
        })
    }

    /// Asks SQLite, which knows what is still in the write-ahead log.
    fn ask(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        let entries: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(Self {
            application_id: number("application_id")?,
            user_version: number("user_version")?,
            empty: entries == 0,
        })
    }
}

/// The kind of page that a small schema is stored on.
const LEAF_OF_A_TABLE: u8 = 13;

/// Refuses a database that is not ours, as SQLite sees it.
///
/// # Errors
/// [`Error::NotSqlite`], [`Error::OtherProgram`], [`Error::Newer`], [`Error::Sqlite`].
pub(super) fn identify(path: &Path, connection: &Connection) -> Result<(), Error> {
    let header = Header::ask(connection).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::NotSqlite(path.to_owned()),
        _ => Error::sqlite(path)(error),
    })?;
    check_identity(path, &header)
}

/// An archive is told by its application id; a database without tables is one that a killed run
/// left before its first transaction.
fn check_identity(path: &Path, header: &Header) -> Result<(), Error> {
    let Header { application_id, user_version, empty } = *header;
    if application_id == APPLICATION_ID {
        if user_version > migrations::newest() {
            let (path, known) = (path.to_owned(), migrations::newest());
            return Err(Error::Newer { path, found: user_version, known });
        }
    } else if application_id != 0 || user_version != 0 || !empty {
        return Err(Error::OtherProgram { path: path.to_owned(), application_id });
    }
    Ok(())
}

/// Makes a new archive under another name and gives it its own when it is whole, so that nobody ever
/// meets half of one. The caller holds the lock.
fn create(path: &Path) -> Result<(), Error> {
    let new = beside(path, ".new");
    // What a killed run left.
    remove(&new)?;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .map_err(Error::io(&new, "created"))
        .and_then(|_| make(&new))
        .and_then(|()| fs::rename(&new, path).map_err(Error::io(&new, "renamed")));
    if let Err(error) = made {
        // It may be what fills the disk. If it cannot be removed now, the next run does.
        let _ = remove(&new);
        return Err(error);
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder, "synced"))
}

/// Brings an empty file to the newest schema, all of it in the file itself.
fn make(new: &Path) -> Result<(), Error> {
    let connection = connect(new)?;
    // Closing does this too, and is silent when it fails: what the schema lacks would stay in a -wal
    // that does not follow the file to its name.
    let left: bool = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(Error::sqlite(new))?;
    if left {
        return Err(Error::Held(new.to_owned()));
    }
    connection.close().map_err(|(_, error)| Error::sqlite(new)(error))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Removes a database and what SQLite keeps beside it.
fn remove(database: &Path) -> Result<(), Error> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let file = beside(database, suffix);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io(&file, "removed")(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let leftover = leftover::is_there(&beside(path, "-wal"));
    let alone = if leftover { leftover::head_of_file_alone(path)? } else { None };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(Error::sqlite(path))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(Error::sqlite(path))?;
    if leftover {
        leave_wal(&connection, true).map_err(Error::sqlite(path))?;
    }
    // Again: the file may have been replaced since, or have more in its write-ahead log.
    identify(path, &connection)?;
    if leftover {
        tracing::info!("checking what a sync before this one left in {}-wal", path.display());
        leftover::check(path, &connection, alone.as_ref())?;
        leave_wal(&connection, false).map_err(Error::sqlite(path))?;
    }
    for (name, wanted, answer) in [
        ("foreign_keys", "ON", "1"),
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", "2"),
        ("trusted_schema", "OFF", "0"),
        // 64 MiB: by then it has been moved into the archive beside the recording, all but the newest.
        ("wal_autocheckpoint", "16000", "16000"),
    ] {
        set(path, &connection, name, wanted, answer)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    migrations::all()
        .to_latest(&mut connection)
        .map_err(|source| Error::Migration { path: path.to_owned(), source })?;
    Ok(connection)
}

/// Sets a pragma and reads it back: SQLite ignores what it cannot do, without an error.
fn set(
    path: &Path,
    connection: &Connection,
    name: &'static str,
    wanted: &'static str,
    answer: &str,
) -> Result<(), Error> {
    connection.pragma_update(None, name, wanted).map_err(Error::sqlite(path))?;
    let found = connection
        .pragma_query_value(None, name, |row| {
            row.get_ref(0).map(|value| match value {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                other => other.as_str().unwrap_or("?").to_owned(),
            })
        })
        .map_err(Error::sqlite(path))?;
    if found == answer {
        return Ok(());
    }
    Err(Error::Setting { path: path.to_owned(), name, wanted, found })
}
