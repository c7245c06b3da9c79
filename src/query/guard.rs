//! The guard under which SQL of users runs: it can read one archive, and nothing else.
//!
//! Layers, each of which would do for most of what can be tried:
//!
//! 1. The file is opened read-only ([`crate::archive::ArchiveReader`]), and `query_only` is on.
//! 2. SQLite asks the [`permission`] list for whatever a statement would do.
//! 3. No other database can be attached (VACUUM needs that too), no temporary file is made.
//! 4. One statement is compiled, whatever follows it.
//! 5. Its size, the size of its values, its memory and its time are limited, and a signal ends it.
//!
//! [`permission`]: super::permission

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Batch, Connection, ErrorCode, Rows, Statement};

use super::brake::{Brake, Why};
use super::error::Error;
use super::header::Declaration;
use super::parameters::Bound;
use super::permission::refusal;
use super::spot::Spot;
use super::suggest::nearest;

/// The longest statement, in bytes.
pub const SQL_LENGTH_LIMIT: usize = 1_000_000;

/// The longest text, blob or row, in bytes.
pub const VALUE_LENGTH_LIMIT: i32 = 64 * 1024 * 1024;

/// What SQLite may take of memory in this process, in bytes: a sort keeps its rows in memory, since
/// nothing that is read may be left on a disk.
pub const MEMORY_LIMIT: i64 = 1024 * 1024 * 1024;

/// How many of SQLite's instructions run until it asks the brake again: some tens of microseconds.
const INSTRUCTIONS: i32 = 1_000;

const LIMITS: [(Limit, i32); 10] = [
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LENGTH, VALUE_LENGTH_LIMIT),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_LENGTH_LIMIT as i32),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
    (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 127),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

const CONFIGURATION: [(DbConfig, bool); 5] = [
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
    // "OPEN" is then a column that is not there, not a text that is never equal to anything.
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
];

/// A connection on which statements of users can only read.
#[derive(Debug)]
pub struct Guard<'c> {
    connection: &'c Connection,
    brake: Brake,
    refused: Arc<Mutex<Option<String>>>,
}

/// A statement that may run.
#[derive(Debug)]
pub struct Prepared<'g> {
    guard: &'g Guard<'g>,
    statement: Statement<'g>,
    sql: &'g str,
}

impl<'c> Guard<'c> {
    /// Sets the guard up on a connection, for as long as the connection lives. The limit of memory
    /// is one for the whole process, and lasts.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn new(connection: &'c Connection, brake: Brake) -> Result<Self, Error> {
        let refused = Arc::new(Mutex::new(None));
        let guard = Self { connection, brake, refused };
        guard.set_up().map_err(Error::Sqlite)?;
        Ok(guard)
    }

    fn set_up(&self) -> rusqlite::Result<()> {
        for (name, value) in
            [("query_only", "ON"), ("temp_store", "MEMORY"), ("cell_size_check", "ON")]
        {
            self.connection.pragma_update(None, name, value)?;
        }
        self.connection
            .pragma_update_and_check(None, "hard_heap_limit", MEMORY_LIMIT, |_| Ok(()))?;
        for (config, value) in CONFIGURATION {
            self.connection.set_db_config(config, value)?;
        }
        for (limit, value) in LIMITS {
            self.connection.set_limit(limit, value)?;
        }
        let brake = self.brake.clone();
        self.connection.progress_handler(INSTRUCTIONS, Some(move || brake.pulled().is_some()))?;
        let refused = self.refused.clone();
        self.connection.authorizer(Some(move |context: AuthContext<'_>| {
            match refusal(&context.action) {
                None => Authorization::Allow,
                Some(what) => {
                    // The first is what the statement is; others follow from it.
                    refused.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
                    Authorization::Deny
                }
            }
        }))
    }

    /// Compiles a statement; comments may stand around it.
    ///
    /// # Errors
    /// [`Error`]: it is none or more than one, it would do more than read, or SQLite does not
    /// understand it.
    pub fn prepare<'g>(&'g self, sql: &'g str) -> Result<Prepared<'g>, Error> {
        if sql.len() > SQL_LENGTH_LIMIT {
            return Err(Error::TooLong { length: sql.len(), limit: SQL_LENGTH_LIMIT });
        }
        if let Some(offset) = sql.find('\0') {
            // SQLite takes it for the end.
            let message = "a null character in the statement".to_owned();
            return Err(Error::Sql { message, spot: Spot::at(sql, offset), nearest: Vec::new() });
        }
        self.take_refused();
        let mut statements = Batch::new(self.connection, sql);
        let first = statements.next().map_err(|error| self.explain(error, sql))?;
        let statement = first.ok_or(Error::NoStatement)?;
        // What cannot be compiled is a statement too.
        if !matches!(statements.next(), Ok(None)) {
            return Err(Error::SeveralStatements);
        }
        if !statement.readonly() {
            // The list above lets no such statement pass: this is the layer below.
            return Err(Error::Refused("a statement that writes".to_owned()));
        }
        Ok(Prepared { guard: self, statement, sql })
    }

    fn take_refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Makes of SQLite's error one that says what happened.
    fn explain(&self, error: rusqlite::Error, sql: &str) -> Error {
        if let Some(what) = self.take_refused() {
            return Error::Refused(what);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => match self.brake.pulled() {
                Some(Why::Signal(signal)) => return Error::Signal(signal),
                Some(Why::TimeLimit(limit)) => return Error::TimeLimit(limit),
                None => {}
            },
            Some(ErrorCode::TooBig) => return Error::TooBig { limit: VALUE_LENGTH_LIMIT },
            Some(ErrorCode::OutOfMemory) => return Error::OutOfMemory { limit: MEMORY_LIMIT },
            _ => {}
        }
        let (message, spot) = match error {
            rusqlite::Error::SqlInputError { msg, sql: rest, offset, .. } => {
                // SQLite saw the statement without what stands before it.
                let before = sql.len().saturating_sub(rest.len());
                let spot =
                    usize::try_from(offset).ok().and_then(|offset| Spot::at(sql, before + offset));
                (msg, spot)
            }
            rusqlite::Error::SqliteFailure(code, Some(message))
                if code.code == ErrorCode::Unknown =>
            {
                (message, None)
            }
            error => return Error::Sqlite(error),
        };
        let nearest = self.meant(&message);
        Error::Sql { message, spot, nearest }
    }

    /// Tables or columns that are like the one that SQLite does not know.
    fn meant(&self, message: &str) -> Vec<String> {
        let (query, wanted) = if let Some(table) = message.strip_prefix("no such table: ") {
            ("SELECT name FROM pragma_table_list WHERE schema = 'main'", table)
        } else if let Some(column) = message.strip_prefix("no such column: ") {
            (
                "SELECT DISTINCT c.name FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS c
                 WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'",
                column,
            )
        } else {
            return Vec::new();
        };
        // `h.stat`, `main.x`, and `"OPEN" - should this be a string literal in single-quotes?`
        let wanted = wanted.split(" - ").next().unwrap_or(wanted);
        let wanted = wanted.rsplit('.').next().unwrap_or(wanted).trim_matches('"');
        // An error while looking for a hint would hide the one that matters.
        let names: Vec<String> = self
            .connection
            .prepare(query)
            .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect())
            .unwrap_or_default();
        let names = names.iter().map(String::as_str).filter(|&name| name != wanted);
        nearest(wanted, names).into_iter().map(str::to_owned).collect()
    }
}

impl Prepared<'_> {
    /// The names of the columns.
    pub fn columns(&self) -> Vec<String> {
        self.statement.column_names().into_iter().map(str::to_owned).collect()
    }

    /// The names of the parameters, without the `:`, `@` or `$` before them.
    ///
    /// # Errors
    /// [`Error::NamelessParameter`].
    pub fn parameters(&self) -> Result<Vec<&str>, Error> {
        let mut names = Vec::new();
        for index in 1..=self.statement.parameter_count() {
            let name = self.statement.parameter_name(index).unwrap_or("?");
            let name = name.strip_prefix([':', '@', '$']).ok_or(Error::NamelessParameter(index))?;
            // :a and @a are two parameters of one name, and get one value.
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Checks that a canned query declares the parameters that its statement has.
    ///
    /// # Errors
    /// [`Error::Declarations`], [`Error::NamelessParameter`].
    pub fn check(&self, declarations: &[Declaration]) -> Result<(), Error> {
        let list = |mut names: Vec<&str>| {
            names.sort_unstable();
            let names: Vec<String> = names.iter().map(|name| format!(":{name}")).collect();
            if names.is_empty() { "no parameters".to_owned() } else { names.join(", ") }
        };
        let declared = list(declarations.iter().map(|declared| declared.name.as_str()).collect());
        let found = list(self.parameters()?);
        if declared == found { Ok(()) } else { Err(Error::Declarations { declared, found }) }
    }

    /// Binds the values and hands each row to `each`, as SQLite gives it. An error of `each` ends the
    /// query.
    ///
    /// # Errors
    /// [`Error`]; what `each` had against a row is [`Error::Write`].
    pub fn run(
        &mut self,
        values: &[(String, Bound)],
        mut each: impl FnMut(&rusqlite::Row<'_>) -> Result<(), RowError>,
    ) -> Result<(), Error> {
        let (guard, sql) = (self.guard, self.sql);
        let explain = |error| guard.explain(error, sql);
        for index in 1..=self.statement.parameter_count() {
            let name = self.statement.parameter_name(index).unwrap_or("?");
            let value = values.iter().find(|(known, _)| name.get(1..) == Some(known));
            if let Some((_, value)) = value {
                self.statement.raw_bind_parameter(index, value).map_err(explain)?;
            }
        }
        let mut rows: Rows<'_> = self.statement.raw_query();
        while let Some(row) = rows.next().map_err(explain)? {
            each(row).map_err(|error| match error {
                RowError::Read(error) => explain(error),
                RowError::Write(error) => Error::Write(error),
            })?;
        }
        Ok(())
    }
}

/// Why a row was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// A value could not be read.
    #[error(transparent)]
    Read(#[from] rusqlite::Error),
    /// The row could not be written.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}
