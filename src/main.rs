//! The program: parse, run, report the error, exit code.

use std::process::ExitCode;

use clap::Parser;
use handshake_archive::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
