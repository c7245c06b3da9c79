//! All rows of a result, for the formats whose first line depends on the last row.

use super::wrap::width;

/// A header and rows, as text. The text lies in one piece: a cell costs its bytes and three words.
pub(super) struct Grid {
    text: String,
    cells: Vec<Place>,
    columns: Vec<Column>,
}

/// A cell: where its text ends, which begins where that of the cell before ends.
struct Place {
    end: usize,
    width: usize,
    number: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    /// The columns of a terminal that its widest cell takes, its name included; at least one, so that
    /// the line below the header shows a column that holds nothing.
    pub(super) width: usize,
    /// The same without its name.
    pub(super) value_width: usize,
    /// The same for the numbers in it alone.
    pub(super) number_width: usize,
    numbers: usize,
    others: usize,
}

impl Column {
    /// Whether it holds numbers, and nothing else but NULL.
    pub(super) fn is_numeric(self) -> bool {
        self.numbers > 0 && self.others == 0
    }
}

/// What the value of a cell is, as far as the layout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Number,
    Other,
}

/// A cell, to be laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'g> {
    pub(super) text: &'g str,
    /// The columns of a terminal that it takes.
    pub(super) width: usize,
    /// Whether it belongs to the right edge of its column.
    pub(super) number: bool,
}

impl Grid {
    pub(super) fn new<N: AsRef<str>>(names: impl Iterator<Item = N>) -> Self {
        let mut grid = Self { text: String::new(), cells: Vec::new(), columns: Vec::new() };
        for name in names {
            let width = grid.place(name.as_ref(), false);
            grid.columns.push(Column { width: width.max(1), ..Column::default() });
        }
        grid
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Adds the next cell of the last row, or the first of the next.
    pub(super) fn push(&mut self, text: &str, kind: Kind) {
        let index = self.cells.len().checked_rem(self.columns.len()).unwrap_or(0);
        let width = self.place(text, kind == Kind::Number);
        let Some(column) = self.columns.get_mut(index) else { return };
        column.width = column.width.max(width);
        column.value_width = column.value_width.max(width);
        match kind {
            Kind::Null => {}
            Kind::Number => {
                column.numbers += 1;
                column.number_width = column.number_width.max(width);
            }
            Kind::Other => column.others += 1,
        }
    }

    /// The names of the columns, each placed as the values of its column.
    pub(super) fn header(&self) -> Vec<Cell<'_>> {
        let mut header = self.row(0);
        for (cell, column) in header.iter_mut().zip(&self.columns) {
            cell.number = column.is_numeric();
        }
        header
    }

    /// The rows below the header.
    pub(super) fn rows(&self) -> impl Iterator<Item = Vec<Cell<'_>>> {
        let rows = self.cells.len().checked_div(self.columns.len()).unwrap_or(0);
        (1..rows).map(|row| self.row(row))
    }

    fn row(&self, row: usize) -> Vec<Cell<'_>> {
        let first = row * self.columns.len();
        let mut start = first.checked_sub(1).map_or(0, |before| self.cells[before].end);
        let places = &self.cells[first..first + self.columns.len()];
        let cells = places.iter().map(|place| {
            let text = &self.text[start..place.end];
            start = place.end;
            Cell { text, width: place.width, number: place.number }
        });
        cells.collect()
    }

    fn place(&mut self, text: &str, number: bool) -> usize {
        let width = width(text);
        self.text.push_str(text);
        self.cells.push(Place { end: self.text.len(), width, number });
        width
    }
}
