//! The command line that all subcommands share.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgAction, Parser};

use crate::commands::{Command, report};
use crate::output::{Color, LogFormat, start_log};

/// Keeps every AWS Organizations handshake, which AWS deletes 30 days after it ended.
#[derive(Debug, Parser)]
#[command(name = "handshake-archive", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every subcommand.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The archive file [default: archive.db in the platform's data directory, under
    /// handshake-archive/]
    #[arg(long, global = true, env = "HANDSHAKE_ARCHIVE", value_name = "PATH")]
    pub archive: Option<PathBuf>,

    /// Say more on standard error: what is done (-v), details (-vv), the AWS SDK too (-vvv; this can
    /// hold personal data)
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Say nothing on success; warnings and errors are still told
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// When to colour standard error; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,

    /// How warnings and errors are written on standard error
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

impl Cli {
    /// Runs the subcommand, reports its error, and gives the exit code.
    pub fn run(self) -> ExitCode {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let Global { log_format, color, verbose, .. } = self.global;
        if let Err(error) = start_log(log_format, color, no_color, verbose) {
            // Nothing else in this process starts a log; without one, errors would be silent.
            return report::without_log(&error);
        }
        report::exit_code(self.command.run(&self.global))
    }
}
