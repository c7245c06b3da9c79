//! Comma-separated and tab-separated values.
//!
//! CSV is written here rather than by the crate that the tests read it with: that one quotes a whole
//! record or nothing, so that NULL and empty text would be alike.

use std::io::{self, Write};

use super::formula::is_formula;
use super::value::{Value, hex, real_text};
use super::{RowOptions, RowWriter, one_a_column};
use crate::output::escape::escape_bytes;

/// Which characters part the fields, and how they are kept out of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Csv,
    Tsv,
}

/// Writes a header line, then a line for each row.
pub(super) struct Delimited<'w> {
    dialect: Dialect,
    options: RowOptions,
    columns: usize,
    /// The header until it is written, then the row that is being put together.
    line: Vec<u8>,
    begun: bool,
    out: Box<dyn Write + 'w>,
}

impl<'w> Delimited<'w> {
    /// RFC 4180: lines end with CR LF, a field that needs it stands in double quotes.
    pub(super) fn csv(columns: &[String], options: &RowOptions, out: Box<dyn Write + 'w>) -> Self {
        Self::new(Dialect::Csv, columns, options, out)
    }

    /// Lines end with LF, and backslash escapes keep tabs and ends of lines out of the fields.
    pub(super) fn tsv(columns: &[String], options: &RowOptions, out: Box<dyn Write + 'w>) -> Self {
        Self::new(Dialect::Tsv, columns, options, out)
    }

    fn new(
        dialect: Dialect,
        columns: &[String],
        options: &RowOptions,
        out: Box<dyn Write + 'w>,
    ) -> Self {
        let mut writer = Self {
            dialect,
            options: *options,
            columns: columns.len(),
            line: Vec::new(),
            begun: false,
            out,
        };
        let header: Vec<_> = columns.iter().map(|name| Value::Text(name.as_bytes())).collect();
        writer.put_line(&header);
        writer
    }

    fn begin(&mut self) -> io::Result<()> {
        if !self.begun && self.columns > 0 {
            self.out.write_all(&self.line)?;
        }
        self.begun = true;
        Ok(())
    }

    fn put_line(&mut self, values: &[Value<'_>]) {
        self.line.clear();
        for (index, value) in one_a_column(values, self.columns).enumerate() {
            if index > 0 {
                self.line.push(match self.dialect {
                    Dialect::Csv => b',',
                    Dialect::Tsv => b'\t',
                });
            }
            match *value {
                Value::Null => {}
                Value::Integer(integer) => self.line.extend(integer.to_string().bytes()),
                Value::Real(real) => self.line.extend(real_text(real).bytes()),
                Value::Text(text) => self.put_text(text),
                Value::Blob([]) => self.put_text(b""),
                Value::Blob(blob) => self.line.extend(hex(blob).bytes()),
            }
        }
        match self.dialect {
            Dialect::Csv => {
                if self.line.is_empty() {
                    self.line.extend(b"\"\"");
                }
                self.line.extend(b"\r\n");
            }
            Dialect::Tsv => self.line.push(b'\n'),
        }
    }

    fn put_text(&mut self, text: &[u8]) {
        let defused = self.options.csv_safe && is_formula(text);
        let quote: &[u8] = if defused { b"'" } else { b"" };
        match (self.dialect, self.options.terminal) {
            (Dialect::Csv, true) => quoted(&mut self.line, quote, escape_bytes(text).as_bytes()),
            (Dialect::Csv, false) => quoted(&mut self.line, quote, text),
            (Dialect::Tsv, terminal) => {
                self.line.extend(quote);
                let escaped = backslashed(text);
                if terminal {
                    self.line.extend(escape_bytes(&escaped).bytes());
                } else {
                    self.line.extend(escaped);
                }
            }
        }
    }
}

impl RowWriter for Delimited<'_> {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        self.begin()?;
        if self.columns == 0 {
            return Ok(());
        }
        self.put_line(values);
        self.out.write_all(&self.line)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }
}

/// A field of RFC 4180, in quotes where it needs them: where it is empty text, which would be NULL,
/// and where readers part, trim or skip what stands without (space at an end, a byte order mark).
fn quoted(line: &mut Vec<u8>, prefix: &[u8], text: &[u8]) {
    let is_space = |end: Option<&u8>| matches!(end, Some(b' ' | b'\t'));
    let bare = !text.is_empty()
        && !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'))
        && !is_space(text.first())
        && !is_space(text.last())
        && !text.starts_with("\u{feff}".as_bytes());
    if bare {
        line.extend(prefix);
        line.extend(text);
        return;
    }
    line.push(b'"');
    line.extend(prefix);
    for &byte in text {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

fn backslashed(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'\t' => escaped.extend(b"\\t"),
            b'\n' => escaped.extend(b"\\n"),
            b'\r' => escaped.extend(b"\\r"),
            b'\\' => escaped.extend(b"\\\\"),
            _ => escaped.push(byte),
        }
    }
    escaped
}
