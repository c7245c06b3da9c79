//! A table in GitHub's Markdown.

use std::io::{self, Write};

use super::grid::{Cell, Grid, Kind};
use super::shown::{shown, shown_names};
use super::{RowWriter, Value, one_a_column};

/// Up to which width the cells of a column are filled up to stand below each other in the source.
const ALIGNED: usize = 40;

/// The narrowest that the line below the header can be drawn.
const NARROWEST: usize = 3;

/// Holds all rows, then writes them: columns of numbers are marked as right-aligned, and the source
/// is aligned too.
pub(super) struct Markdown<'w> {
    grid: Grid,
    out: Box<dyn Write + 'w>,
}

impl<'w> Markdown<'w> {
    pub(super) fn new(columns: &[String], out: Box<dyn Write + 'w>) -> Self {
        Self { grid: Grid::new(shown_names(columns).map(|name| literal(&name))), out }
    }

    fn write_row(&mut self, row: &[String]) -> io::Result<()> {
        writeln!(self.out, "| {} |", row.join(" | "))
    }
}

impl RowWriter for Markdown<'_> {
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        for value in one_a_column(values, self.grid.columns().len()) {
            self.grid.push(&literal(&shown(value)), Kind::of(value));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.grid.columns().is_empty() {
            return self.out.flush();
        }
        let grid = std::mem::replace(&mut self.grid, Grid::new(std::iter::empty::<&str>()));
        let widths: Vec<usize> =
            grid.columns().iter().map(|column| column.width.clamp(NARROWEST, ALIGNED)).collect();
        let aligned = |cells: &[Cell<'_>]| -> Vec<String> {
            cells.iter().zip(&widths).map(|(cell, &width)| filled(cell, width)).collect()
        };
        self.write_row(&aligned(&grid.header()))?;
        let marks: Vec<String> = grid
            .columns()
            .iter()
            .zip(&widths)
            .map(|(column, &width)| {
                let end = if column.is_numeric() { ":" } else { "-" };
                "-".repeat(width - 1) + end
            })
            .collect();
        self.write_row(&marks)?;
        for row in grid.rows() {
            self.write_row(&aligned(&row))?;
        }
        self.out.flush()
    }
}

fn filled(cell: &Cell<'_>, width: usize) -> String {
    let fill = " ".repeat(width.saturating_sub(cell.width));
    if cell.number { fill + cell.text } else { cell.text.to_owned() + &fill }
}

/// The text, of one line, in a form in which Markdown shows it and does nothing else with it.
///
/// A backslash keeps punctuation from being markup. It does not keep GitHub from making links and
/// mentions of addresses, names and numbers, since that is done to the finished text; only code is
/// left alone, so a word that could become one is written as code.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 8);
    for word in text.split_inclusive(parts_words) {
        let (word, end) = match word.char_indices().next_back() {
            Some((at, end)) if parts_words(end) => (&word[..at], Some(end)),
            _ => (word, None),
        };
        if could_become_link(word) {
            literal.extend(["`", word, "`"]);
        } else {
            for character in word.chars() {
                if is_markup(character) {
                    literal.push('\\');
                }
                literal.push(character);
            }
        }
        if let Some(end) = end {
            if end != ' ' {
                literal.push('\\');
            }
            literal.push(end);
        }
    }
    literal
}

/// A space, or what cannot stand in code in a table.
fn parts_words(character: char) -> bool {
    matches!(character, ' ' | '|' | '`' | '\\')
}

fn is_markup(character: char) -> bool {
    matches!(character, '*' | '_' | '~' | '<' | '>' | '[' | ']' | '&' | '$')
}

/// Addresses of pages and mail, `@name`, `#1` and `GH-1`.
fn could_become_link(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let numbered = |mark: &str| {
        word.split(mark).skip(1).any(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    word.contains('@')
        || word.contains("://")
        || word.contains("www.")
        || numbered("#")
        || numbered("gh-")
}
