//! Opening an archive to read it: nothing is created, no lock is taken, nobody is kept waiting.
//!
//! An archive is in WAL mode, in which a reader needs two files beside it, `-wal` and `-shm`, to see
//! what a sync writes at the same time and to be seen by it. There are three ways to read:
//!
//! - **Beside others.** Where this process may write, SQLite makes the two files if they are missing.
//!   A read-only connection leaves them behind when it closes; so a second one, the keeper, is opened
//!   for writing before it and closed after it, runs no statement of anybody, and has SQLite take
//!   them away again if nobody else is there. What a killed sync left in `-wal` is read and stays
//!   there: only the next sync moves it into the archive, once it has seen that the two fit together.
//! - **Beside others, as a guest.** Where this process may not write and `-wal` has content, the
//!   `-shm` that is there is used as it is (`readonly_shm=1`). Without one the content of `-wal`
//!   cannot be reached, and the archive is refused rather than read without its newest rows.
//! - **Standing still.** Where this process may not write and `-wal` is missing or empty, the file
//!   holds everything. It is read as one that does not change (`immutable=1`), which needs no other
//!   file. Somebody else may write nevertheless; [`ArchiveReader::check_unchanged`] tells.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::{Error, is_disk_full};
use super::leftover::{WAL_HEADER, leave_wal};
use super::migrations;
use super::open::{BUSY_TIMEOUT, identify};

const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

/// Makes no `-shm`.
const GUEST: &str = "readonly_shm=1";

/// Takes no lock and looks at no other file.
pub(super) const STILL: &str = "immutable=1";

/// An archive opened to be read, beside a sync that writes or in a folder where nobody may.
#[derive(Debug)]
pub struct ArchiveReader {
    // Fields drop in this order: the keeper closes last.
    connection: Connection,
    keeper: Option<Connection>,
    /// The sync that ran, or had been killed, when a `-wal` was found: as long as it does not end, that
    /// `-wal` is left as it is.
    left_by: Option<i64>,
    path: PathBuf,
    still: Option<Stamp>,
}

/// What changes when somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    /// Zero where there is no `-wal`.
    wal_size: u64,
}

/// How to read where this process may not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Guest,
    Still,
    None,
}

impl ArchiveReader {
    /// Opens an archive to be read; the module's text tells how.
    ///
    /// # Errors
    /// [`Error`]: there is no file, it is not ours, its schema is newer or older than this
    /// program's, or it is not readable.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                Error::Missing(path.to_owned())
            }
            _ => Error::io(path, "examined")(error),
        })?;
        if !metadata.is_file() {
            return Err(Error::NotAFile(path.to_owned()));
        }
        let path = fs::canonicalize(path).map_err(Error::io(path, "found"))?;
        let stamp = Stamp::of(&path)?;
        if stamp.size == 0 && stamp.wal_size == 0 {
            return Err(Error::Empty(path));
        }
        let way = look(&path, stamp)?;
        let keeper = match keeper(&path, stamp) {
            // Its files find no room on the disk: both other ways need none.
            Err(Error::Sqlite { source, .. }) if is_disk_full(&source) && way != Way::None => None,
            other => other?,
        };
        let connection = match (&keeper, way) {
            (Some(_), _) => connect(&path, "")?,
            (None, Way::Guest) => connect(&path, GUEST)?,
            (None, Way::Still) => connect(&path, STILL)?,
            (None, Way::None) => return Err(Error::WalOutOfReach(path)),
        };
        let still = (keeper.is_none() && way == Way::Still).then_some(stamp);
        // From here on, an early return closes the two in the right order.
        let mut reader = Self { connection, keeper, left_by: None, path, still };
        identify(&reader.path, &reader.connection)?;
        check_schema(&reader.path, &reader.connection)?;
        if reader.keeper.is_some() && stamp.wal_size > WAL_HEADER {
            let running = "SELECT max(id) FROM syncs WHERE digest IS NULL";
            let found = reader.connection.query_row(running, [], |row| row.get(0));
            reader.left_by = found.map_err(Error::sqlite(&reader.path))?;
        }
        Ok(reader)
    }

    /// The file, with links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection. SQLite opened it read-only.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Bytes of the file and of the `-wal` beside it, as they lie on the disk.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn size(&self) -> Result<u64, Error> {
        let stamp = Stamp::of(&self.path)?;
        Ok(stamp.size + stamp.wal_size)
    }

    /// Whether what was read since the archive was opened is one state of it. Always so, except in
    /// an archive that was read standing still and that somebody wrote into meanwhile.
    ///
    /// # Errors
    /// [`Error::Changed`]: what was read may be a mixture, and is to be read again.
    pub fn check_unchanged(&self) -> Result<(), Error> {
        match self.still {
            Some(stamp) if Stamp::of(&self.path)? != stamp => {
                Err(Error::Changed(self.path.clone()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for ArchiveReader {
    /// A sync that was met while it ran, and has ended since, had seen to it that the `-wal` is the archive's own:
    /// as last to close, this moves it in, as the sync would have done.
    fn drop(&mut self) {
        let (Some(keeper), Some(sync_id)) = (&self.keeper, self.left_by) else { return };
        let ended = "SELECT digest IS NOT NULL FROM syncs WHERE id = ?1";
        if keeper.query_row(ended, [sync_id], |row| row.get(0)).unwrap_or(false) {
            // If it cannot be set, the -wal stays until the next sync.
            let _ = leave_wal(keeper, false);
        }
    }
}

impl Stamp {
    fn of(path: &Path) -> Result<Self, Error> {
        let file = fs::metadata(path).map_err(Error::io(path, "examined"))?;
        Ok(Self {
            file: (file.dev(), file.ino()),
            size: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            wal_size: size(path, "-wal")?.unwrap_or(0),
        })
    }
}

/// The size of a file beside the archive, if it is there.
fn size(path: &Path, suffix: &str) -> Result<Option<u64>, Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    match fs::metadata(&beside) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(Path::new(&beside), "examined")(error)),
    }
}

/// Looks at a file without changing anything, refuses one that is not an archive, and tells how the
/// others can be read.
///
/// The connection is closed again before another is opened: closing one that was opened with
/// `immutable=1` drops the locks that this process has on the file (SQLite, "How To Corrupt", 2.2).
/// For the same reason none is opened so where `-wal` and `-shm` show that somebody is there, who
/// may be in this very process.
fn look(path: &Path, stamp: Stamp) -> Result<Way, Error> {
    if size(path, "-wal")?.is_some() && size(path, "-shm")?.is_some() && !stays_a_header(path)? {
        match identify(path, &connect(path, GUEST)?) {
            Err(Error::Sqlite { source, .. })
                if is_out_of_reach(&source) || is_disk_full(&source) => {}
            checked => return checked.map(|()| Way::Guest),
        }
    }
    identify(path, &connect(path, STILL)?)?;
    Ok(if stamp.wal_size <= WAL_HEADER { Way::Still } else { Way::None })
}

/// Whether `-wal` is a header and nothing more: a sync is about to write its first page, which takes no
/// longer than the disk does, or was killed at that. In such a one a guest looks for the first page until
/// SQLite gives up after ten seconds (`SQLITE_PROTOCOL`).
fn stays_a_header(path: &Path) -> Result<bool, Error> {
    for _ in 0..20 {
        if size(path, "-wal")? != Some(WAL_HEADER) {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    Ok(true)
}

/// The connection that has SQLite tidy up behind the reader; `None` where this process may not write.
fn keeper(path: &Path, stamp: Stamp) -> Result<Option<Connection>, Error> {
    let flags = FLAGS | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let attempt = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        if connection.is_readonly("main")? {
            return Ok(None);
        }
        leave_wal(&connection, stamp.wal_size > WAL_HEADER)?;
        // The files are made by the first statement.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(Some(connection))
    };
    match attempt() {
        Err(error) if is_out_of_reach(&error) => Ok(None),
        other => other.map_err(Error::sqlite(path)),
    }
}

fn is_out_of_reach(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    )
}

pub(super) fn connect(path: &Path, parameter: &str) -> Result<Connection, Error> {
    let flags = FLAGS | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection =
        Connection::open_with_flags(uri(path, parameter), flags).map_err(Error::sqlite(path))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(Error::sqlite(path))?;
    Ok(connection)
}

/// The path as a URI (SQLite, "Uniform Resource Identifiers"), in which no byte of it means anything.
fn uri(path: &Path, parameter: &str) -> String {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    if !parameter.is_empty() {
        uri.push('?');
        uri.push_str(parameter);
    }
    uri
}

/// Refuses a schema that this program would have to bring up to date first.
fn check_schema(path: &Path, connection: &Connection) -> Result<(), Error> {
    let found = connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, i32>(0))
        .map_err(Error::sqlite(path))?;
    match found {
        0 => Err(Error::Empty(path.to_owned())),
        found if found < migrations::newest() => {
            Err(Error::Older { path: path.to_owned(), found, known: migrations::newest() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::uri;
    use std::path::Path;

    #[test]
    fn no_byte_of_a_path_means_anything_in_its_uri() {
        for (path, expected) in [
            ("/var/lib/archive.db", "file:/var/lib/archive.db"),
            ("/a b/50%?mode=rw#x&y", "file:/a%20b/50%25%3Fmode%3Drw%23x%26y"),
            ("/é:\\", "file:/%C3%A9%3A%5C"),
        ] {
            assert_eq!(uri(Path::new(path), ""), expected);
        }
        assert_eq!(uri(Path::new("/x"), "immutable=1"), "file:/x?immutable=1");
    }
}
