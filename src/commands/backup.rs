//! `backup`: a verified copy of the archive, also while a sync runs.

use std::path::PathBuf;

use super::error::{CommandError, Exit};
use super::location;
use super::reading;
use super::report;
use super::stoppable;
use crate::archive::{ArchiveReader, Error, is_disk_full};
use crate::cli::Global;
use crate::query;

/// Make a verified copy of the archive, also while a sync runs
///
/// The copy is the archive as it is at one moment. It is made under another name, verified, synced
/// and then renamed, so there is a whole copy or none; on success its checkpoint is printed.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The copy's file; its folder must exist
    #[arg(value_name = "DEST")]
    destination: PathBuf,

    /// Replace the file if it is there
    #[arg(long)]
    overwrite: bool,
}

impl Arguments {
    /// Makes the copy and prints its checkpoint.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        let location = location::find(global)?;
        let checkpoint = stoppable::run(None, move |brake| {
            let archive = ArchiveReader::open(&location).map_err(reading::error)?;
            let pedal = brake.clone();
            let stop = move || pedal.pulled().is_some();
            archive.backup(&self.destination, self.overwrite, stop).map_err(|error| {
                match (&error, brake.pulled()) {
                    (Error::Stopped, Some(why)) => query::Error::from(why).into(),
                    _ => explain(error),
                }
            })
        })?;
        if global.quiet {
            return Ok(());
        }
        report::print(&checkpoint.to_string())
    }
}

fn explain(error: Error) -> CommandError {
    let told = |message: String, hint: &str, exit| CommandError {
        message,
        causes: Vec::new(),
        hint: Some(hint.to_owned()),
        exit,
    };
    match &error {
        Error::NoFolder(folder) => told(
            format!("the folder {} for the copy does not exist", folder.display()),
            "create it, or give another path",
            Exit::Other,
        ),
        Error::NotAFile(path) => told(
            format!("{} cannot be the copy", path.display()),
            "give the path of a file other than the archive",
            Exit::Other,
        ),
        Error::Sqlite { source, .. } if is_disk_full(source) => CommandError::from(error)
            .hint("free some space where the copy is to be: nothing was left there"),
        // That the copy differs says nothing about the archive; verify does.
        Error::Damaged { what, .. } => told(
            format!("the copy does not verify and was not kept: {what}"),
            "run verify on the archive itself",
            Exit::CheckFailed,
        ),
        _ => CommandError::from(error),
    }
}
