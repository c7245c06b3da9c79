//! One file a subcommand: its flags, what it does, and what it prints.

mod backup;
mod checkpoint;
mod completions;
mod duration;
mod error;
mod location;
mod man;
mod query;
mod query_error;
mod reading;
pub mod report;
mod show;
mod signals;
mod status;
mod stoppable;
mod sync;
mod verify;

use clap::Subcommand;

use crate::cli::Global;
pub use error::{CommandError, Exit};

/// The subcommands. Each is documented where its arguments are.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "clap would show it instead of what the arguments say")]
pub enum Command {
    Sync(sync::Arguments),
    Query(query::Arguments),
    Show(show::Arguments),
    Status(status::Arguments),
    Verify(verify::Arguments),
    Checkpoint(checkpoint::Arguments),
    Backup(backup::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// [`CommandError`], with the exit code that it deserves.
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        match self {
            Self::Sync(arguments) => arguments.run(global),
            Self::Query(arguments) => arguments.run(global),
            Self::Show(arguments) => arguments.run(global),
            Self::Status(arguments) => arguments.run(global),
            Self::Verify(arguments) => arguments.run(global),
            Self::Checkpoint(arguments) => arguments.run(global),
            Self::Backup(arguments) => arguments.run(global),
            Self::Completions(arguments) => arguments.run(),
            Self::Man(arguments) => arguments.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::cli::Cli;

    #[test]
    fn the_help_of_every_command_has_all_that_its_arguments_say() {
        for command in Cli::command().get_subcommands() {
            let short = command.get_about().map(ToString::to_string).unwrap_or_default();
            let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(long.len() > short.len() && !short.is_empty(), "{}", command.get_name());
        }
    }
}
