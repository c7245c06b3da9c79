//! A copy of the archive as it is at one moment, while a sync may run.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tempfile::{NamedTempFile, PersistError};

use super::checkpoint::Checkpoint;
use super::error::Error;
use super::reader::ArchiveReader;

/// Pages that are copied until it is looked whether to stop: a megabyte or more.
const PAGES_A_STEP: i32 = 256;

/// How long to wait when another program holds the copy or the archive for itself.
const PAUSE: Duration = Duration::from_millis(100);

/// How often to wait so.
const PAUSES: u32 = 100;

/// SQLite's instructions between two looks at whether to stop, while the copy is verified.
const INSTRUCTIONS: i32 = 10_000;

impl ArchiveReader {
    /// Copies the archive to `destination`, as it is at this moment, and gives the checkpoint that
    /// both then have.
    ///
    /// The copy is made under another name in the destination's folder (mode 0600), verified as by
    /// [`ArchiveReader::verify`], synced, and only then given its name: whatever goes wrong, there is
    /// a whole copy or none. A file that is there is replaced only if `overwrite` says so. `stop` is
    /// asked again and again; when it is true, the work ends and leaves nothing.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::NoFolder`], [`Error::NotAFile`]; [`Error::Stopped`];
    /// [`Error::Sqlite`] and [`Error::Io`] with the file that they concern; [`Error::Damaged`] if the
    /// copy does not verify, which then is not kept.
    pub fn backup(
        &self,
        destination: &Path,
        overwrite: bool,
        stop: impl Fn() -> bool + Clone + Send + 'static,
    ) -> Result<Checkpoint, Error> {
        let destination = self.place(destination, overwrite)?;
        let folder = destination.parent().unwrap_or(Path::new("/"));
        let new = tempfile::Builder::new()
            .prefix(".handshake-archive-backup-")
            .suffix(".db")
            .tempfile_in(folder)
            .map_err(Error::io(folder, "written into"))?;
        let checkpoint = self.copy(new.path(), &stop)?;
        verify_copy(new.path(), &checkpoint, stop)?;
        new.as_file().sync_all().map_err(Error::io(new.path(), "synced"))?;
        give_name(new, &destination, overwrite)?;
        fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(Error::io(folder, "synced"))?;
        Ok(checkpoint)
    }

    /// The destination with its folder resolved, once it may be written.
    fn place(&self, destination: &Path, overwrite: bool) -> Result<PathBuf, Error> {
        let folder = match destination.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => return Err(Error::NotAFile(destination.to_owned())),
        };
        let Some(name) = destination.file_name() else {
            return Err(Error::NotAFile(destination.to_owned()));
        };
        if !folder.is_dir() {
            return Err(Error::NoFolder(folder.to_owned()));
        }
        let place = fs::canonicalize(folder).map_err(Error::io(folder, "found"))?.join(name);
        match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(place),
            Err(error) => Err(Error::io(&place, "examined")(error)),
            Ok(metadata) if !metadata.is_file() || place == self.path() => {
                Err(Error::NotAFile(place))
            }
            Ok(_) if !overwrite => Err(Error::Exists(place)),
            Ok(_) => Ok(place),
        }
    }

    fn copy(&self, new: &Path, stop: &impl Fn() -> bool) -> Result<Checkpoint, Error> {
        let (here, there) = (Error::sqlite(self.path()), Error::sqlite(new));
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut copy = Connection::open_with_flags(new, flags).map_err(&there)?;
        // Nobody else knows the file yet, and it is synced as a whole: no journal beside it.
        for (name, value) in [("journal_mode", "OFF"), ("synchronous", "OFF")] {
            copy.pragma_update(None, name, value).map_err(&there)?;
        }
        // A transaction that has read keeps to one state, however much is written meanwhile: the copy
        // never begins again.
        let transaction = self.connection().unchecked_transaction().map_err(&here)?;
        let checkpoint = Checkpoint::newest(&transaction).map_err(&here)?;
        {
            let backup = Backup::new(&transaction, &mut copy).map_err(&there)?;
            let mut pauses = 0;
            loop {
                if stop() {
                    return Err(Error::Stopped);
                }
                match backup.step(PAGES_A_STEP).map_err(&there)? {
                    StepResult::Done => break,
                    StepResult::Busy | StepResult::Locked if pauses < PAUSES => {
                        pauses += 1;
                        std::thread::sleep(PAUSE);
                    }
                    StepResult::Busy | StepResult::Locked => {
                        return Err(Error::Held(self.path().to_owned()));
                    }
                    _ => {}
                }
            }
        }
        transaction.rollback().map_err(&here)?;
        copy.close().map_err(|(_, error)| there(error))?;
        self.check_unchanged()?;
        Ok(checkpoint)
    }
}

fn verify_copy(
    new: &Path,
    checkpoint: &Checkpoint,
    stop: impl Fn() -> bool + Clone + Send + 'static,
) -> Result<(), Error> {
    let copy = ArchiveReader::open(new)?;
    let stopped = stop.clone();
    copy.connection().progress_handler(INSTRUCTIONS, Some(stop)).map_err(Error::sqlite(new))?;
    let mut first = None;
    let verified = copy.verify(std::slice::from_ref(checkpoint), &mut |finding| {
        first.get_or_insert(finding);
    });
    if stopped() {
        return Err(Error::Stopped);
    }
    verified?;
    match first {
        None => Ok(()),
        Some(finding) => {
            let what = format!("{}: {}", finding.place, finding.what);
            Err(Error::Damaged { path: new.to_owned(), what })
        }
    }
}

fn give_name(new: NamedTempFile, destination: &Path, overwrite: bool) -> Result<(), Error> {
    let named =
        if overwrite { new.persist(destination) } else { new.persist_noclobber(destination) };
    match named {
        Ok(_) => Ok(()),
        Err(PersistError { error, .. }) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Error::Exists(destination.to_owned()))
        }
        Err(PersistError { error, .. }) => Err(Error::io(destination, "created")(error)),
    }
}
