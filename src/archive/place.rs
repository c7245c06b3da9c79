//! Whether the path of an archive still leads to the file that was opened by it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::Error;

/// A path and the file that it led to.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    file: (u64, u64),
}

impl Place {
    /// Notes which file is there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn note(path: PathBuf) -> Result<Self, Error> {
        let file = file(&path).map_err(Error::io(&path, "examined"))?;
        Ok(Self { path, file })
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the same file is still there. An open file is written to however it is renamed, deleted or
    /// mounted over, and SQLite says nothing: who looks for the archive by its path would not find it.
    ///
    /// # Errors
    /// [`Error::Displaced`], if not; [`Error::Io`], if that cannot be told.
    pub fn check(&self) -> Result<(), Error> {
        match file(&self.path) {
            Ok(found) if found == self.file => Ok(()),
            Err(error)
                if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Err(Error::io(&self.path, "examined")(error))
            }
            _ => Err(Error::Displaced(self.path.clone())),
        }
    }
}

fn file(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}
