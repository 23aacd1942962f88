//! A table, addressed by what its rows and columns are called.

use super::Place;
use super::label::Label;
use super::number::Quantity;

/// A table.
pub(super) struct Table {
    /// The heading above it.
    pub(super) heading: String,
    /// The labels of the columns, that of the labels first.
    pub(super) headers: Vec<Label>,
    /// The rows, but for those that are about the seed.
    pub(super) rows: Vec<Row>,
}

/// A row.
pub(super) struct Row {
    /// The line of the document, from 1.
    pub(super) line: usize,
    /// What it is called.
    pub(super) label: Label,
    /// The cells, the row's label first.
    pub(super) cells: Vec<String>,
}

/// What columns of measurements are called, the most certain name first.
const MEASUREMENTS: [&str; 4] = ["value", "current", "peak", "observed"];

impl Row {
    /// A row of these cells.
    pub(super) fn new(line: usize, cells: Vec<String>) -> Self {
        Self { line, label: cells.first().cloned().unwrap_or_default().into(), cells }
    }

    /// The text of a cell.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        self.cells.get(column).map(String::as_str)
    }
}

impl Table {
    /// The column of this name, given in lower case: the measured one, if there is a choice.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        let columns = || 0..self.headers.len();
        let named = |column: &usize| self.judged_header(*column).is_some_and(|header| header.is(name));
        let measured = |column: &usize| self.headers.get(*column).is_some_and(|header| header.is_measured);
        columns().filter(named).find(measured).or_else(|| columns().find(named))
    }

    /// The column of what was measured.
    pub(super) fn measurement(&self) -> Option<usize> {
        let measured =
            |column: &usize| self.judged_header(*column).is_some_and(|header| header.bare.starts_with("measured"));
        (0..self.headers.len()).find(measured).or_else(|| MEASUREMENTS.iter().find_map(|name| self.column(name)))
    }

    /// The columns that stand for a number of users.
    pub(super) fn load_columns(&self) -> Vec<(u32, usize)> {
        let load =
            |column: usize| self.judged_header(column).and_then(|header| header.users).map(|users| (users, column));
        (0..self.headers.len()).filter_map(load).collect()
    }

    /// The row of this name, given in lower case: the measured one, if there is a choice.
    pub(super) fn row(&self, name: &str) -> Option<&Row> {
        let named = || self.rows.iter().filter(|row| row.label.is(name));
        named().find(|row| row.label.is_measured).or_else(|| named().next())
    }

    /// The figure of a cell; what has no unit takes that of the column, or else of the row.
    pub(super) fn quantity(&self, row: &Row, column: usize) -> Option<Quantity> {
        let header = self.headers.get(column)?;
        Some(Quantity::of(row.text(column)?)?.in_unit_of(&header.text).in_unit_of(&row.label.text))
    }

    /// The figure in the row and the column of these names.
    pub(super) fn figure(&self, row: &str, column: &str) -> Option<Quantity> {
        self.quantity(self.row(row)?, self.column(column)?)
    }

    /// Where a row stands.
    pub(super) fn place(&self, row: &Row) -> Place {
        Place { heading: self.heading.clone(), line: row.line, row: Some(row.label.text.clone()) }
    }

    /// Where a cell stands, in a table with several columns of figures.
    pub(super) fn place_in(&self, row: &Row, column: usize) -> Place {
        let header = self.headers.get(column).map_or("", |header| header.text.as_str());
        Place { row: Some(format!("{}, {header}", row.label.text)), ..self.place(row) }
    }

    /// The label of a column, unless it is about the seed.
    pub(super) fn judged_header(&self, column: usize) -> Option<&Label> {
        self.headers.get(column).filter(|header| !header.is_seed)
    }

    /// Rows for a number of users, as in `50 users` and `Light (50 users)`.
    pub(super) fn load_rows(&self) -> impl Iterator<Item = (u32, &Row)> {
        self.rows.iter().filter_map(|row| row.label.users.map(|users| (users, row)))
    }
}
