//! What can go wrong with the archive file.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the archive could not be opened, read or written. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder of the archive does not exist.
    #[error("the folder {} of the archive does not exist", .0.display())]
    NoFolder(PathBuf),
    /// The path is a folder, a device or a pipe.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The file's permissions forbid writing.
    #[error("the archive {} is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The file is something else.
    #[error("{} is not a SQLite database", .0.display())]
    NotSqlite(PathBuf),
    /// The file is a SQLite database of another program.
    #[error("{} is a SQLite database of another program (application_id {application_id})", .path.display())]
    OtherProgram {
        /// The file.
        path: PathBuf,
        /// Its `PRAGMA application_id`; zero where a program set none.
        application_id: i32,
    },
    /// A newer version of this program wrote the file.
    #[error("the archive {} was written by a newer version: its schema is {found}, this program knows {known}", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its `PRAGMA user_version`.
        found: i32,
        /// The newest schema this program knows.
        known: i32,
    },
    /// There is nothing to read.
    #[error("there is no archive at {}", .0.display())]
    Missing(PathBuf),
    /// No sync has written into the file yet.
    #[error("the archive {} is empty: no sync has written into it", .0.display())]
    Empty(PathBuf),
    /// An older version of this program wrote the file.
    #[error("the archive {} was written by an older version: its schema is {found}, this program reads {known}", .path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its `PRAGMA user_version`.
        found: i32,
        /// The schema this program reads.
        known: i32,
    },
    /// Rows are in the file's `-wal`, and this process may not do what it takes to read them.
    #[error("the newest rows of the archive {} are in its -wal file, which cannot be read without permission to write", .0.display())]
    WalOutOfReach(PathBuf),
    /// Somebody wrote into an archive that was read as one that does not change.
    #[error("the archive {} was written to while it was read", .0.display())]
    Changed(PathBuf),
    /// While it was written, the archive was deleted, renamed, replaced, or its file system unmounted.
    #[error("the archive {} was deleted, moved or replaced while it was written: the file that was opened is no longer there", .0.display())]
    Displaced(PathBuf),
    /// A `-wal` lies beside the archive that does not belong to it, or one of the two is damaged.
    #[error("the archive {} and the -wal file beside it do not fit together: {what}", .path.display())]
    StrangeWal {
        /// The archive.
        path: PathBuf,
        /// What was found first.
        what: String,
    },
    /// There is no archive, but a `-wal` of one that was moved away or deleted: a new one would take it for its own.
    #[error("there is no archive {}, but {} holds what was recorded in one of that name", .path.display(), .wal.display())]
    OrphanWal {
        /// The archive that is not there.
        path: PathBuf,
        /// The file beside it.
        wal: PathBuf,
    },
    /// Another sync holds the lock of this archive.
    #[error("another sync is running on the archive {}", .0.display())]
    Locked(PathBuf),
    /// The file system refuses locks, as some do that lie on a network.
    #[error("{} could not be locked", .path.display())]
    NoLocks {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite did not take a setting on which the archive's promises rest.
    #[error("the archive {} did not take the setting {name} = {wanted}: it is {found}", .path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The pragma.
        name: &'static str,
        /// What was asked for.
        wanted: &'static str,
        /// What SQLite answered.
        found: String,
    },
    /// The archive contradicts itself.
    #[error("the archive {} is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, naming the row.
        what: String,
    },
    /// The schema could not be brought up to date. Nothing was changed.
    #[error("the schema of the archive {} could not be brought up to date", .path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite_migration::Error,
    },
    /// An error of SQLite: disk full, disk damaged, held locked by another program, …
    #[error("the archive {} could not be read or written", .path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A file is where a new one was to be.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// Another program holds the archive for itself, and does not let go.
    #[error("the archive {} is held by another program", .0.display())]
    Held(PathBuf),
    /// The work was told to stop, and left nothing behind.
    #[error("the work was told to stop")]
    Stopped,
    /// An error of the operating system.
    #[error("{} could not be {action}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted: `created`, `examined`, …
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Whether SQLite failed for want of space. A `-shm` that cannot grow is told as an I/O error.
pub(crate) fn is_disk_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|failure| {
        failure.code == ErrorCode::DiskFull
            || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
    })
}

/// Whether SQLite failed at locks or at memory that processes share, without which there is no WAL.
pub(crate) fn is_without_locks(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    error.sqlite_error().is_some_and(|failure| {
        failure.code == ErrorCode::FileLockingProtocolFailed
            || [
                ffi::SQLITE_IOERR_LOCK,
                ffi::SQLITE_IOERR_RDLOCK,
                ffi::SQLITE_IOERR_UNLOCK,
                ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
                ffi::SQLITE_IOERR_SHMLOCK,
                ffi::SQLITE_IOERR_SHMMAP,
            ]
            .contains(&failure.extended_code)
    })
}

impl Error {
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }

    pub(super) fn sqlite(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { path: path.to_owned(), source }
    }
}
