//! The rows of a query, in the format that was asked for.
//!
//! ```text
//! Value ─▶ delimited, json                          data, for programs: exact
//!       └▶ shown ─▶ list, grid ─▶ table, markdown   text, for people: nothing is obeyed
//! ```
//!
//! [`row_writer`] gives the writer of a format. It hands each row on in one piece as soon as it has
//! it, except a table and Markdown, which need every row before they can write the first.

use std::io::{self, Write};

use clap::ValueEnum;

mod delimited;
mod formula;
mod grid;
mod json;
mod list;
mod markdown;
mod names;
mod shown;
mod table;
mod value;
mod wrap;

#[cfg(test)]
mod tests;

pub use value::Value;

use delimited::Delimited;
use json::Json;
use list::List;
use markdown::Markdown;
use table::Table;

/// How the rows of a query are written.
///
/// In all of them an integer has all its digits; a real has as many as tell it from its neighbours,
/// always with a fraction or an exponent (`1.0`, `1e300`, `-0.0`), and one that is not finite is
/// `Infinity`, `-Infinity` or `NaN`; a value is written whole, however long it is; and a result
/// without columns is nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RowFormat {
    /// For people: columns, fitted to the terminal by wrapping long values, or the list when it is
    /// too narrow for that. NULL is empty, empty text is `""`, a blob is lower-case hex. Control
    /// characters and bytes that are not UTF-8 are shown as escapes. Repeated column names stay. An
    /// empty result is the header. Holds all rows in memory.
    #[default]
    Table,
    /// Comma-separated values (RFC 4180). NULL is an empty field, empty text is `""` (in a result of
    /// one column both are `""`, since readers skip empty lines), a blob is lower-case hex. Text is
    /// written byte for byte, NUL and what is not UTF-8 included; only on a terminal are control
    /// characters shown as escapes. Repeated column names stay. An empty result is the header.
    Csv,
    /// Tab-separated values. Tab, line feed, carriage return and backslash are `\t`, `\n`, `\r` and
    /// `\\`. NULL and empty text are both empty, a blob is lower-case hex. All other bytes are
    /// written as they are, NUL and what is not UTF-8 included; only on a terminal are control
    /// characters shown as escapes. Repeated column names stay. An empty result is the header.
    Tsv,
    /// An array of objects, one a line. NULL is null, a blob is a string of lower-case hex, text
    /// that is not UTF-8 is {"text_hex": "..."}. Numbers are exact, also beyond 2^53; a real that is
    /// not finite is a string. Control characters are \u escapes. Repeated column names get _2, _3
    /// and so on. An empty result is [].
    Json,
    /// Objects as in JSON, one a line, without an array around them. NULL, blobs, numbers, text and
    /// repeated column names are as in JSON. An empty result is nothing.
    Ndjson,
    /// A table in GitHub's Markdown, in which no value becomes markup, a link or HTML. NULL is empty,
    /// empty text is `""`, a blob is lower-case hex. Control characters and bytes that are not UTF-8
    /// are shown as escapes. Repeated column names stay. An empty result is the header. Holds all
    /// rows in memory.
    Markdown,
    /// For people and wide rows: a line `name = value` for each column, an empty line between rows.
    /// NULL is empty, empty text is `""`, a blob is lower-case hex. Control characters and bytes that
    /// are not UTF-8 are shown as escapes. Repeated column names stay. An empty result is nothing.
    List,
}

/// Where rows go, and what is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowOptions {
    /// Whether they go to a terminal. There, CSV and TSV show control characters, bidi controls and
    /// bytes that are not UTF-8 as escapes; elsewhere they are data, and stay as they are.
    pub terminal: bool,
    /// The columns of that terminal, to which a table is fitted. Without it, lines are as long as
    /// their values.
    pub width: Option<usize>,
    /// Whether CSV and TSV put a single quote before text and column names that a spreadsheet would
    /// take for a formula. Values that SQLite holds as numbers stay as they are.
    pub csv_safe: bool,
}

/// Writes the rows of one query.
pub trait RowWriter {
    /// Takes the next row: a value for each column, in their order. A row that has fewer leaves the
    /// last columns NULL, and what a row has beyond the columns is not written.
    ///
    /// # Errors
    /// When the output cannot be written. The writer is of no use after that.
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()>;

    /// Writes what is left to write, and flushes.
    ///
    /// Not to be called when the query failed half-way. A table and Markdown then show nothing, and
    /// JSON lacks the bracket at its end, so that nobody takes the half for the whole.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// The writer for the rows of a query with these columns. Writes nothing before the first row or
/// the end, so that a query that fails at once leaves no header.
///
/// `out` gets each row of a format that streams in one write; an `out` that buffers saves calls.
pub fn row_writer<'w>(
    format: RowFormat,
    columns: &[String],
    options: &RowOptions,
    out: Box<dyn Write + 'w>,
) -> Box<dyn RowWriter + 'w> {
    match format {
        RowFormat::Table => Box::new(Table::new(columns, options.width, out)),
        RowFormat::Csv => Box::new(Delimited::csv(columns, options, out)),
        RowFormat::Tsv => Box::new(Delimited::tsv(columns, options, out)),
        RowFormat::Json => Box::new(Json::array(columns, out)),
        RowFormat::Ndjson => Box::new(Json::lines(columns, out)),
        RowFormat::Markdown => Box::new(Markdown::new(columns, out)),
        RowFormat::List => Box::new(List::new(columns, out)),
    }
}

/// The values of a row, exactly one a column.
fn one_a_column<'a>(
    values: &'a [Value<'a>],
    columns: usize,
) -> impl Iterator<Item = &'a Value<'a>> {
    values.iter().chain(std::iter::repeat(&Value::Null)).take(columns)
}
