//! Rows as lists: a line for each column.

use std::io::{self, Write};

use super::shown::{shown, shown_names};
use super::wrap::width;
use super::{RowWriter, Value, one_a_column};

/// Writes a block of lines for each row.
pub(super) struct List<'w> {
    /// Each name, filled up to the width of the longest, with its equals sign.
    labels: Vec<String>,
    begun: bool,
    /// The row that is being put together.
    block: String,
    out: Box<dyn Write + 'w>,
}

impl<'w> List<'w> {
    /// With the names of the query.
    pub(super) fn new(columns: &[String], out: Box<dyn Write + 'w>) -> Self {
        Self::of_shown(shown_names(columns), out)
    }

    /// With names in which nothing is left to escape.
    pub(super) fn of_shown<N: AsRef<str>>(
        names: impl Iterator<Item = N>,
        out: Box<dyn Write + 'w>,
    ) -> Self {
        let names: Vec<N> = names.collect();
        let longest = names.iter().map(|name| width(name.as_ref())).max().unwrap_or(0);
        let labels = names
            .iter()
            .map(AsRef::as_ref)
            .map(|name| format!("{name}{:1$} =", "", longest - width(name)))
            .collect();
        Self { labels, begun: false, block: String::new(), out }
    }

    /// Writes a row of values in which nothing is left to escape.
    pub(super) fn write_shown<V: AsRef<str>>(
        &mut self,
        values: impl Iterator<Item = V>,
    ) -> io::Result<()> {
        self.block.clear();
        if self.begun {
            self.block.push('\n');
        }
        self.begun = true;
        for (label, value) in self.labels.iter().zip(values) {
            self.block.push_str(label);
            if !value.as_ref().is_empty() {
                self.block.push(' ');
                self.block.push_str(value.as_ref());
            }
            self.block.push('\n');
        }
        self.out.write_all(self.block.as_bytes())
    }
}

impl RowWriter for List<'_> {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        if self.labels.is_empty() {
            return Ok(());
        }
        self.write_shown(one_a_column(values, self.labels.len()).map(shown))
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}
