//! `checkpoint`: three lines that pin the archive's history down.

use super::error::CommandError;
use super::reading;
use super::report;
use crate::cli::Global;

/// Print three lines that pin the archive's history down
///
/// The archive's id, the sequence number of the newest closed sync, and its digest. Keep them where
/// the archive is not: sign them, mail them, put them into a bucket with Object Lock. `verify
/// --checkpoint` then shows whether anything before that sync was altered or cut off.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

impl Arguments {
    /// Prints the checkpoint.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        let checkpoint = reading::open(global)?.checkpoint().map_err(reading::error)?;
        report::print(&checkpoint.to_string())
    }
}
