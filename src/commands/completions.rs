//! `completions`: what a shell needs to complete this program's command line.

use clap::CommandFactory;
use clap_complete::Shell;

use super::error::CommandError;
use super::report;
use crate::cli::Cli;

/// Print a shell's completion script
///
/// For example: handshake-archive completions bash > /etc/bash_completion.d/handshake-archive
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

impl Arguments {
    /// Prints the script.
    ///
    /// # Errors
    /// [`CommandError`], when standard output cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "handshake-archive", &mut script);
        report::print(&String::from_utf8_lossy(&script))
    }
}
