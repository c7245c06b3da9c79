//! One sync at a time: an advisory lock on a file beside the archive.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::Error;

/// The lock of one archive, held until dropped or until the process ends, however it ends.
///
/// It lies on `<archive>.lock`, never on the archive itself: closing any handle of a file drops
/// the locks that SQLite holds on it (SQLite, "How To Corrupt", 2.2). The lock file stays, since
/// deleting it would let two syncs lock two files of one name.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it; [`Error::Io`] if the file cannot be made or
    /// the file system has no locks.
    pub fn acquire(archive: &Path) -> Result<Self, Error> {
        let path = lock_path(archive);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io(&path, "created"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked(archive.to_owned())),
            Err(TryLockError::Error(source)) => Err(Error::io(&path, "locked")(source)),
        }
    }
}

fn lock_path(archive: &Path) -> PathBuf {
    let mut name = archive.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
