//! `query`: run canned or ad-hoc SQL over the whole history.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::duration;
use super::error::CommandError;
use super::reading;
use super::report;
use super::stoppable;
use crate::archive::ArchiveReader;
use crate::cli::Global;
use crate::clock;
use crate::output::{RowFormat, RowOptions, Value, row_writer};
use crate::query::parameters::{self, Bound, Given};
use crate::query::{Brake, Catalog, Declaration, Error, Guard, Header, RowError, SQL_LENGTH_LIMIT};

/// How long SQL that is not canned may run.
const AD_HOC_LIMIT: Duration = Duration::from_secs(60);

/// How much is written at a time.
const BUFFER: usize = 64 * 1024;

/// Run canned or ad-hoc SQL over the whole history
///
/// Nothing is changed and nobody is kept waiting, whatever the SQL: it can read this archive and
/// nothing else. Times in the archive are UTC, as 2024-01-31T10:00:00.000Z.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The canned query to run, as --list names it; `-` reads SQL from standard input
    #[arg(value_name = "NAME", conflicts_with_all = ["sql", "file", "list"])]
    name: Option<String>,

    /// Run this SQL: one statement that reads
    #[arg(long, value_name = "SQL", conflicts_with_all = ["file", "list"])]
    sql: Option<String>,

    /// Run the SQL in this file; a canned query's comment at its top counts
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    file: Option<PathBuf>,

    /// A parameter, as often as there are any. A date is 2024-01-31 (midnight, UTC),
    /// 2024-01-31T10:00:00Z, now, today, -30d, +7d, -12h. In SQL that is not canned a value is text;
    /// NAME:integer=VALUE and NAME:date=VALUE make it another type
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = Given::parse, conflicts_with = "list")]
    parameters: Vec<Given>,

    /// How the rows are written on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: RowFormat,

    /// In CSV and TSV, make values harmless that a spreadsheet would take for a formula
    #[arg(long)]
    csv_safe: bool,

    /// The longest that the query may work; waiting for whoever reads the rows does not count
    /// [default: 60s for SQL that is not canned, none for a canned query]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// A folder with more canned queries, as often as there are any
    #[arg(long, value_name = "DIR", env = "HANDSHAKE_ARCHIVE_QUERIES")]
    queries: Vec<PathBuf>,

    /// List the canned queries
    #[arg(long, conflicts_with = "show")]
    list: bool,

    /// Show the SQL of the query instead of running it
    #[arg(long)]
    show: bool,
}

/// What is to run.
struct Question {
    sql: Cow<'static, str>,
    /// `None` for SQL that declares nothing.
    header: Option<Header>,
}

impl Arguments {
    /// Runs the query and writes its rows.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn run(self, global: &Global) -> Result<(), CommandError> {
        if self.list {
            return self.list();
        }
        let canned = self.name.as_ref().is_some_and(|name| name != "-");
        let question = self.question()?;
        if self.show {
            return report::print(&question.sql);
        }
        let now = (clock::system())();
        let declared = match &question.header {
            Some(header) => Some(
                parameters::declared(&header.parameters, &self.parameters, now)
                    .map_err(Error::from)?,
            ),
            None => None,
        };
        let limit = self.timeout.or((!canned).then_some(AD_HOC_LIMIT));
        let (format, options, given) = (self.format, row_options(self.csv_safe), self.parameters);
        // What takes long or prints: not to be begun before the command line is known to be right.
        let location = super::location::find(global)?;
        stoppable::run(limit, move |brake| {
            let archive = ArchiveReader::open(&location).map_err(reading::error)?;
            let guard = Guard::new(archive.connection(), brake.clone())?;
            let mut statement = guard.prepare(&question.sql)?;
            let values: Vec<(String, Bound)> = match (declared, &question.header) {
                (Some(values), Some(Header { parameters, .. })) => {
                    statement.check(parameters)?;
                    values
                }
                _ => {
                    let names = statement.parameters()?;
                    parameters::found(&names, &given, now).map_err(Error::from)?
                }
            };
            let columns = statement.columns();
            let mut out =
                BufWriter::with_capacity(BUFFER, Patient { out: io::stdout().lock(), brake });
            let mut rows = row_writer(format, &columns, &options, Box::new(&mut out));
            let done = statement.run(&values, |row| {
                let mut cells = Vec::with_capacity(columns.len());
                for column in 0..columns.len() {
                    cells.push(Value::from(row.get_ref(column)?));
                }
                rows.row(&cells).map_err(RowError::from)
            });
            match done {
                Ok(()) => {}
                Err(Error::Write(error)) => return written(Err(error)),
                Err(error) => return Err(error.into()),
            }
            archive.check_unchanged().map_err(reading::error)?;
            if columns.is_empty() {
                return Ok(());
            }
            written(rows.finish().and_then(|()| out.flush()))
        })
    }

    fn question(&self) -> Result<Question, CommandError> {
        if let Some(name) = self.name.as_deref().filter(|&name| name != "-") {
            let source = Catalog::open(&self.queries)?.get(name)?;
            return Ok(Question { sql: source.sql, header: Some(source.header) });
        }
        let (sql, place) = match (&self.sql, &self.file) {
            (Some(sql), _) => (sql.clone(), "--sql".to_owned()),
            (None, Some(path)) => {
                let file = File::open(path);
                (
                    file.and_then(read).map_err(unreadable(&path.display()))?,
                    path.display().to_string(),
                )
            }
            (None, None) if self.name.is_none() => {
                return Err(CommandError::usage("it is not said what to query").hint(
                    "give the name of a canned query (--list shows them), --sql, --file, or - for standard input",
                ));
            }
            (None, None) => {
                let place = "standard input";
                (read(io::stdin().lock()).map_err(unreadable(&place))?, place.to_owned())
            }
        };
        let header = Header::begins(&sql)
            .then(|| Header::parse(&sql))
            .transpose()
            .map_err(|source| crate::query::CatalogError::Header { file: place, source })?;
        Ok(Question { sql: Cow::Owned(sql), header })
    }

    fn list(&self) -> Result<(), CommandError> {
        let catalog = Catalog::open(&self.queries)?;
        let columns = ["name", "title", "parameters"].map(str::to_owned);
        let mut out = BufWriter::new(io::stdout().lock());
        let mut rows =
            row_writer(self.format, &columns, &row_options(self.csv_safe), Box::new(&mut out));
        for name in catalog.names() {
            let Header { title, parameters, .. } = catalog.get(name)?.header;
            let parameters: Vec<String> = parameters.iter().map(Declaration::to_string).collect();
            let parameters = parameters.join(", ");
            let texts = [name, &title, &parameters].map(|text| Value::Text(text.as_bytes()));
            match rows.row(&texts) {
                Ok(()) => {}
                error => return written(error),
            }
        }
        written(rows.finish().and_then(|()| out.flush()))
    }
}

/// Reads SQL, but no more than could be run.
fn read(from: impl Read) -> io::Result<String> {
    let mut sql = String::new();
    from.take(SQL_LENGTH_LIMIT as u64 + 1).read_to_string(&mut sql)?;
    Ok(sql)
}

fn unreadable(place: &dyn std::fmt::Display) -> impl FnOnce(io::Error) -> CommandError {
    let message = format!("{place} could not be read");
    move |error| CommandError::other(message, &error).hint("give SQL as text in UTF-8")
}

fn row_options(csv_safe: bool) -> RowOptions {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let width = terminal.then(|| terminal_size::terminal_size_of(&stdout)).flatten();
    let width = width.map(|(width, _)| usize::from(width.0));
    RowOptions { terminal, width, csv_safe }
}

/// A reader that has gone away (`| head`) is no error.
fn written(result: io::Result<()>) -> Result<(), CommandError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Error::Write(error).into()),
        Ok(()) => Ok(()),
    }
}

/// Writes while the time limit's clock stands still.
struct Patient<'b, W> {
    out: W,
    brake: &'b Brake,
}

impl<W: Write> Write for Patient<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.brake.waiting(|| self.out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.brake.waiting(|| self.out.flush())
    }
}
