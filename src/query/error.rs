//! What can go wrong with a statement.

use std::io;
use std::time::Duration;

use super::parameters::ParameterError;
use super::spot::Spot;

/// Why a statement was not run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to run.
    #[error("there is no SQL statement")]
    NoStatement,
    /// There is more than one statement.
    #[error("there is more than one SQL statement, and only one is run")]
    SeveralStatements,
    /// The statement would do more than read.
    #[error("a query only reads, and {0} is refused")]
    Refused(String),
    /// The statement is longer than one may be.
    #[error("the SQL has {length} bytes, and {limit} are allowed")]
    TooLong {
        /// In bytes.
        length: usize,
        /// In bytes.
        limit: usize,
    },
    /// SQLite does not understand the statement, or found it to be wrong while it ran.
    #[error("SQLite says: {message}")]
    Sql {
        /// SQLite's words.
        message: String,
        /// Where in the statement, if SQLite knows.
        spot: Option<Spot>,
        /// Names of tables or columns that may have been meant, the nearest first.
        nearest: Vec<String>,
    },
    /// A bare `?`, which has no name by which a value could be given.
    #[error("the parameter ?{0} has no name")]
    NamelessParameter(usize),
    /// The values do not fit the parameters.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// A canned query declares other parameters than its statement has.
    #[error("the query declares {declared}, and its statement has {found}")]
    Declarations {
        /// What the header says.
        declared: String,
        /// What SQLite found.
        found: String,
    },
    /// One value would be longer than one may be.
    #[error("a text, a blob or a row is longer than the {limit} bytes that are allowed")]
    TooBig {
        /// In bytes.
        limit: i32,
    },
    /// It took more memory than a query may.
    #[error("the query needs more than {} MiB of memory", .limit / (1024 * 1024))]
    OutOfMemory {
        /// In bytes.
        limit: i64,
    },
    /// It ran for as long as it might.
    #[error("the query had not ended after {0:?}")]
    TimeLimit(Duration),
    /// A signal ended it.
    #[error("the query was stopped by a signal")]
    Signal(usize),
    /// The rows could not be written.
    #[error("the rows could not be written")]
    Write(#[source] io::Error),
    /// Anything else that SQLite reports: the file is damaged, the disk fails, …
    #[error("the archive could not be read")]
    Sqlite(#[source] rusqlite::Error),
}
