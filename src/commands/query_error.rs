//! Errors of queries: exit codes and hints.

use std::error::Error as _;

use super::error::{CommandError, Exit};
use super::reading;
use crate::query::{CatalogError, Error, Why};

const LIST: &str = "handshake-archive query --list shows the queries";

impl From<Why> for Error {
    fn from(why: Why) -> Self {
        match why {
            Why::Signal(signal) => Self::Signal(signal),
            Why::TimeLimit(limit) => Self::TimeLimit(limit),
        }
    }
}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::NoStatement
            | Error::SeveralStatements
            | Error::NamelessParameter(_)
            | Error::Parameters(_) => Exit::Usage,
            Error::Signal(1) => Exit::Hangup,
            Error::Signal(2) => Exit::Interrupted,
            Error::Signal(_) => Exit::Terminated,
            _ => Exit::Other,
        };
        let mut causes: Vec<String> = error.source().map(ToString::to_string).into_iter().collect();
        if let Error::Sql { spot: Some(spot), .. } = &error {
            causes.push(spot.to_string());
        }
        let hint = hint(&error);
        Self { message: error.to_string(), causes, hint, exit }
    }
}

fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::NoStatement => LIST,
        Error::SeveralStatements => "run the statements one after the other",
        Error::Refused(_) => {
            "ask with SELECT; to change something, copy the archive and open the copy with another program"
        }
        Error::Sql { nearest, .. } if !nearest.is_empty() => {
            return Some(format!("did you mean {}?", nearest.join(", ")));
        }
        Error::Sql { .. } => {
            "tables and columns: query --sql \"SELECT sql FROM sqlite_schema\"; text stands in single quotes"
        }
        Error::NamelessParameter(_) => "name it, as :id, and give it with -p id=…",
        Error::Parameters(error) => return Some(error.takes.clone()),
        Error::Declarations { .. } => "make the comment at the top of the query agree with it",
        Error::TooBig { .. } | Error::TooLong { .. } | Error::OutOfMemory { .. } => {
            "ask for less at a time: fewer rows, fewer columns, a sort or group by an indexed column"
        }
        Error::TimeLimit(_) => "raise --timeout, or ask for less",
        Error::Sqlite(source) => reading::sqlite_hint(source),
        Error::Write(_) => "check the space where standard output goes to",
        Error::Signal(_) => return None,
    };
    Some(hint.to_owned())
}

impl From<CatalogError> for CommandError {
    fn from(error: CatalogError) -> Self {
        let (exit, hint) = match &error {
            CatalogError::Unknown { nearest, .. } if nearest.is_empty() => {
                (Exit::Usage, LIST.to_owned())
            }
            CatalogError::Unknown { nearest, .. } => {
                (Exit::Usage, format!("did you mean {}? {LIST}", nearest.join(", ")))
            }
            CatalogError::Name(_) | CatalogError::Twice { .. } => {
                (Exit::Other, "rename the file".to_owned())
            }
            CatalogError::Header { .. } => (
                Exit::Other,
                "a query begins with `-- title: …`, `--`, a paragraph in comment lines, and a line for each parameter"
                    .to_owned(),
            ),
            CatalogError::Io { .. } => {
                (Exit::Other, "check --queries and HANDSHAKE_ARCHIVE_QUERIES".to_owned())
            }
        };
        let causes = match &error {
            CatalogError::Io { source, .. } => vec![source.to_string()],
            _ => Vec::new(),
        };
        Self { message: error.to_string(), causes, hint: Some(hint), exit }
    }
}
