//! `man`: the manual pages.

use std::path::PathBuf;

use clap::CommandFactory;

use super::error::CommandError;
use crate::cli::Cli;

/// Write the manual pages into a folder
///
/// One page for the program and one for each subcommand. For example: handshake-archive man
/// /usr/local/share/man/man1
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder, which must exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Arguments {
    /// Writes the pages.
    ///
    /// # Errors
    /// [`CommandError`], when the folder cannot be written into.
    pub fn run(self) -> Result<(), CommandError> {
        clap_mangen::generate_to(Cli::command(), &self.folder).map_err(|error| {
            let folder = self.folder.display();
            CommandError::other(
                format!("the manual pages could not be written into {folder}"),
                &error,
            )
            .hint("the folder must exist and be writable")
        })
    }
}
