//! The one place that opens an archive.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::Error;
use super::lock::RunLock;
use super::migrations::{self, APPLICATION_ID};

/// How long a write waits for another program that holds the file's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Statements that are kept prepared: all that recording uses, with room.
const STATEMENT_CACHE: usize = 64;

/// An archive opened for a sync: nobody else syncs onto it while this exists.
#[derive(Debug)]
pub struct Archive {
    // Fields drop in this order: the database is closed before the lock is given up.
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
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
        create_if_missing(&path)?;
        let connection = connect(&path)?;
        Ok(Self { connection, path, _lock: lock })
    }

    /// The file, with links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The path with links resolved, so that two names of one archive have one lock.
fn resolve(path: &Path) -> Result<PathBuf, Error> {
    if path.exists() {
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
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(path, "examined")(error)),
    };
    if !metadata.is_file() {
        return Err(Error::NotAFile(path.to_owned()));
    }
    let mut header = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(16).read_to_end(&mut header))
        .map_err(Error::io(path, "read"))?;
    if header.is_empty() {
        return Ok(()); // Created by a run that was killed before it wrote the schema.
    }
    if header != b"SQLite format 3\0" {
        return Err(Error::NotSqlite(path.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect_with(path, flags)?;
    check_identity(path, &connection)?;
    if metadata.permissions().readonly() {
        return Err(Error::ReadOnly(path.to_owned()));
    }
    Ok(())
}

/// An archive is told by its application id; a database without tables is one that a killed run
/// left before its first transaction.
fn check_identity(path: &Path, connection: &Connection) -> Result<(), Error> {
    let number = |name| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(|error| {
            match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::NotADatabase) => Error::NotSqlite(path.to_owned()),
                _ => Error::sqlite(path)(error),
            }
        })
    };
    let application_id = number("application_id")?;
    let user_version = number("user_version")?;
    if application_id != APPLICATION_ID {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(Error::sqlite(path))?;
        if application_id != 0 || user_version != 0 || tables != 0 {
            return Err(Error::OtherProgram { path: path.to_owned(), application_id });
        }
    } else if user_version > migrations::newest() {
        return Err(Error::Newer {
            path: path.to_owned(),
            found: user_version,
            known: migrations::newest(),
        });
    }
    Ok(())
}

fn create_if_missing(path: &Path) -> Result<(), Error> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::io(path, "created")(error)),
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect_with(path, flags)?;
    // Again: the file may have been replaced since it was examined.
    check_identity(path, &connection)?;
    for (name, wanted, answer) in [
        ("foreign_keys", "ON", "1"),
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", "2"),
        ("trusted_schema", "OFF", "0"),
    ] {
        set(path, &connection, name, wanted, answer)?;
    }
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    migrations::all()
        .to_latest(&mut connection)
        .map_err(|source| Error::Migration { path: path.to_owned(), source })?;
    Ok(connection)
}

fn connect_with(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(path, flags).map_err(Error::sqlite(path))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(Error::sqlite(path))?;
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
