//! A table for people.
//!
//! Laid out here rather than by a crate: the ones tried drop spaces where they wrap, misalign wide
//! characters in narrow columns, and take time with the square of a value's length.

use std::io::{self, Write};

use super::grid::{Cell, Column, Grid, Kind};
use super::list::List;
use super::shown::{shown, shown_names};
use super::wrap::{width, wrap};
use super::{RowWriter, Value, one_a_column};

/// What parts two columns.
const GAP: &str = " │ ";

/// The columns of a terminal that [`GAP`] takes.
const GAP_WIDTH: usize = 3;

/// The narrowest that a column is made by wrapping. Below that, a table is harder to read than a
/// list.
const NARROWEST: usize = 8;

/// Holds all rows, then writes them in columns: numbers to the right, all else to the left. Where a
/// value had to be wrapped, lines between the rows tell where each begins.
pub(super) struct Table<'w> {
    grid: Grid,
    width: Option<usize>,
    out: Box<dyn Write + 'w>,
}

impl<'w> Table<'w> {
    /// Fitted to `width` columns of a terminal, or as wide as the values.
    pub(super) fn new(columns: &[String], width: Option<usize>, out: Box<dyn Write + 'w>) -> Self {
        Self { grid: Grid::new(shown_names(columns)), width, out }
    }
}

impl RowWriter for Table<'_> {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        for value in one_a_column(values, self.grid.columns().len()) {
            self.grid.push(&shown(value), Kind::of(value));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.grid.columns().is_empty() {
            return self.out.flush();
        }
        let Some(widths) = fit(self.grid.columns(), self.width) else {
            let header = self.grid.header();
            let mut list = List::of_shown(header.iter().map(|cell| cell.text), self.out);
            for row in self.grid.rows() {
                list.write_shown(row.iter().map(|cell| cell.text))?;
            }
            return Box::new(list).finish();
        };
        write_row(&mut self.out, &self.grid.header(), &widths)?;
        write_rule(&mut self.out, "─", "─┼─", &widths)?;
        let mut columns = self.grid.columns().iter().zip(&widths);
        let wrapped = columns.any(|(column, &width)| column.value_width > width);
        for (index, row) in self.grid.rows().enumerate() {
            if wrapped && index > 0 {
                write_rule(&mut self.out, "╌", "╌┼╌", &widths)?;
            }
            write_row(&mut self.out, &row, &widths)?;
        }
        self.out.flush()
    }
}

impl Kind {
    /// The kind of this value.
    pub(super) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(_) | Value::Real(_) => Self::Number,
            Value::Text(_) | Value::Blob(_) => Self::Other,
        }
    }
}

/// The width of each column: its own if the terminal has room for all, else at most as much as
/// leaves the short columns whole. A number is never wrapped, since its halves read as numbers too.
/// None if there is no room even when each column is made narrow.
fn fit(columns: &[Column], terminal: Option<usize>) -> Option<Vec<usize>> {
    let Some(terminal) = terminal else {
        return Some(columns.iter().map(|column| column.width).collect());
    };
    let room = terminal.checked_sub(GAP_WIDTH * (columns.len() - 1))?;
    let limited = |column: &Column, limit: usize| column.width.min(limit).max(column.number_width);
    let taken = |limit| columns.iter().map(|column| limited(column, limit)).sum::<usize>();
    if taken(NARROWEST) > room {
        return None;
    }
    // The highest limit that fits. No column is wider than the room, unless it is cut.
    let (mut fits, mut exceeds) = (NARROWEST, room + 1);
    while fits + 1 < exceeds {
        let middle = fits.midpoint(exceeds);
        if taken(middle) <= room {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    let mut spare = room - taken(fits);
    let widths = columns.iter().map(|column| {
        let width = limited(column, fits);
        let more = usize::from(spare > 0 && width == fits && column.width > fits);
        spare -= more;
        width + more
    });
    Some(widths.collect())
}

fn write_rule(out: &mut dyn Write, line: &str, cross: &str, widths: &[usize]) -> io::Result<()> {
    let rule: Vec<String> = widths.iter().map(|&width| line.repeat(width)).collect();
    writeln!(out, "{}", rule.join(cross))
}

fn write_row(out: &mut dyn Write, cells: &[Cell<'_>], widths: &[usize]) -> io::Result<()> {
    if cells.iter().zip(widths).all(|(cell, &limit)| cell.width <= limit) {
        return write_line(out, cells, widths, |index| (cells[index].text, cells[index].width));
    }
    let wrapped: Vec<Vec<&str>> =
        cells.iter().zip(widths).map(|(cell, &limit)| wrap(cell.text, limit)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    for level in 0..height {
        write_line(out, cells, widths, |index| {
            let piece = wrapped[index].get(level).copied().unwrap_or("");
            (piece, width(piece))
        })?;
    }
    Ok(())
}

/// One line of a row, of the piece of each cell that stands on it, given with its width.
fn write_line<'c>(
    out: &mut dyn Write,
    cells: &[Cell<'_>],
    widths: &[usize],
    piece: impl Fn(usize) -> (&'c str, usize),
) -> io::Result<()> {
    let mut line = String::with_capacity(widths.iter().map(|width| width + GAP.len()).sum());
    for (index, (cell, &limit)) in cells.iter().zip(widths).enumerate() {
        let last = index + 1 == cells.len();
        let (piece, width) = piece(index);
        let fill = limit.saturating_sub(width);
        if index > 0 {
            line.push_str(if last && piece.is_empty() { GAP.trim_end() } else { GAP });
        }
        match (piece.is_empty(), cell.number) {
            // Nothing follows that would have to stand below anything.
            (true, _) if last => {}
            (false, true) => {
                push_spaces(&mut line, fill);
                line.push_str(piece);
            }
            (false, false) if last => line.push_str(piece),
            _ => {
                line.push_str(piece);
                push_spaces(&mut line, fill);
            }
        }
    }
    line.push('\n');
    out.write_all(line.as_bytes())
}

fn push_spaces(line: &mut String, mut count: usize) {
    const SPACES: &str = "                                ";
    while count > 0 {
        let piece = count.min(SPACES.len());
        line.push_str(&SPACES[..piece]);
        count -= piece;
    }
}
