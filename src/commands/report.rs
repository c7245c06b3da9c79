//! The end of a command: its error on standard error, its exit code.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::ValueEnum;

use super::error::{CommandError, Exit};

/// How a report is written on standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// Reports the error, if there is one, and gives the exit code.
pub fn exit_code(result: Result<(), CommandError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let exit_code = error.exit as u8;
            let because = (!error.causes.is_empty()).then(|| error.causes.join(": "));
            tracing::error!(because, hint = error.hint, exit_code, "{}", error.message);
            ExitCode::from(exit_code)
        }
    }
}

/// Reports that the log could not be started, by the only way that is left.
pub fn without_log(error: &dyn Display) -> ExitCode {
    // If standard error is closed too, the exit code is all that can tell.
    let _ = writeln!(io::stderr(), "error: the log could not be started: {error}");
    ExitCode::from(Exit::Other as u8)
}

/// Writes data to standard output. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// [`CommandError`], when standard output cannot be written.
pub fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CommandError::other("standard output could not be written", &error)),
        Ok(()) => Ok(()),
    }
}
