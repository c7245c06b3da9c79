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
    /// [`Error::Locked`] if another process has it; [`Error::Io`] if the file cannot be made;
    /// [`Error::NoLocks`] if the file system has no locks.
    pub fn acquire(archive: &Path) -> Result<Self, Error> {
        let path = lock_path(archive);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::io(&path, "created"))?;
        file.try_lock().map_err(|refused| explain(archive, &path, refused))?;
        Ok(Self { _file: file })
    }
}

fn explain(archive: &Path, lock: &Path, refused: TryLockError) -> Error {
    match refused {
        TryLockError::WouldBlock => Error::Locked(archive.to_owned()),
        TryLockError::Error(source) => Error::NoLocks { path: lock.to_owned(), source },
    }
}

fn lock_path(archive: &Path) -> PathBuf {
    let mut name = archive.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_file_system_without_locks_is_not_taken_for_another_sync() {
        let (archive, lock) = (Path::new("/a/archive.db"), Path::new("/a/archive.db.lock"));
        // ENOSYS, ENOLCK, EOPNOTSUPP and EIO of Linux, as file systems on a network give them.
        for number in [38, 37, 95, 5] {
            let refused = TryLockError::Error(io::Error::from_raw_os_error(number));
            let error = explain(archive, lock, refused);
            assert!(matches!(&error, Error::NoLocks { path, .. } if path == lock), "{error:?}");
            assert_eq!(error.to_string(), "/a/archive.db.lock could not be locked");
        }
        let error = explain(archive, lock, TryLockError::WouldBlock);
        assert!(matches!(&error, Error::Locked(path) if path == archive), "{error:?}");
    }
}
