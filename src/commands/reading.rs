//! Opening the archive for commands that only read it.

use super::error::{CommandError, LOCAL_DISK};
use super::location;
use crate::archive::{ArchiveReader, Error, is_disk_full, is_without_locks};
use crate::cli::Global;

/// Opens the archive that the user named, else the one in the platform's data directory. Creates
/// neither file nor folder.
///
/// # Errors
/// [`CommandError`], with hints for somebody who reads.
pub fn open(global: &Global) -> Result<ArchiveReader, CommandError> {
    ArchiveReader::open(&location::find(global)?).map_err(error)
}

/// An error of the archive, with hints for somebody who reads.
pub fn error(error: Error) -> CommandError {
    let hint = match &error {
        Error::NotAFile(_) | Error::NotSqlite(_) | Error::OtherProgram { .. } => {
            Some("give the path of an archive with --archive")
        }
        Error::Newer { .. } => Some("update handshake-archive"),
        Error::Sqlite { source, .. } => Some(sqlite_hint(source)),
        _ => None,
    };
    let error = CommandError::from(error);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What to do about an error of SQLite while reading.
pub fn sqlite_hint(error: &rusqlite::Error) -> &'static str {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        _ if is_disk_full(error) => {
            "the disk is full: free some space and try again; nothing was lost"
        }
        _ if is_without_locks(error) => LOCAL_DISK,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds the archive for itself: end it and try again"
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the file, its folder and any -wal and -shm beside it must be readable"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file is damaged: keep a copy of it as it is, and go on from the newest backup"
        }
        _ => "check the disk, and try again",
    }
}
