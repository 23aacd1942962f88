//! A benchmark document: its sections, each with tables and lines of text.

use super::Place;
use super::label::Label;
use super::number::Quantity;
use super::table::Table;

/// A document.
#[derive(Default)]
pub(super) struct Document {
    /// In order, but for those about the seed; what stands before the first heading has a section without one.
    pub(super) sections: Vec<Section>,
}

/// What stands below a heading, up to the next.
#[derive(Default)]
pub(super) struct Section {
    /// The headings above it, and its own last.
    pub(super) path: Vec<Label>,
    /// Its tables.
    pub(super) tables: Vec<Table>,
    /// Its other lines.
    pub(super) lines: Vec<Line>,
}

/// A line outside of tables, without its markup.
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// The line above it that ends with a colon and introduces it.
    pub(super) group: String,
    /// The whole text.
    pub(super) text: String,
}

/// A figure for a number of users.
pub(super) struct Loaded {
    /// How many.
    pub(super) users: u32,
    /// The figure.
    pub(super) quantity: Quantity,
    /// Where it stands.
    pub(super) place: Place,
}

impl Document {
    /// Sections below a heading of this name, given in lower case.
    pub(super) fn below<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Section> {
        self.sections.iter().filter(move |section| section.is_below(name))
    }

    /// Tables below a heading of this name.
    pub(super) fn tables<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Table> {
        self.below(name).flat_map(|section| &section.tables)
    }

    /// Lines below a heading of this name.
    pub(super) fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.below(name).flat_map(|section| &section.lines)
    }

    /// Figures of a row in tables that have a column for each number of users.
    pub(super) fn by_column(&self, heading: &str, row: &str) -> Vec<Loaded> {
        let of_table = |table: &Table| -> Vec<Loaded> {
            let Some(row) = table.row(row) else { return Vec::new() };
            let figure = |(users, column)| {
                let quantity = table.quantity(row, column)?;
                Some(Loaded { users, quantity, place: table.place_in(row, column) })
            };
            table.load_columns().into_iter().filter_map(figure).collect()
        };
        self.tables(heading).flat_map(of_table).collect()
    }

    /// Figures of a column in tables that have a row for each number of users.
    pub(super) fn by_row(&self, heading: &str, column: &str) -> Vec<Loaded> {
        let of_table = |table: &Table| -> Vec<Loaded> {
            let column = if column == "measured" { table.measurement() } else { table.column(column) };
            let Some(column) = column else { return Vec::new() };
            let figure = |(users, row)| {
                let quantity = table.quantity(row, column)?;
                Some(Loaded { users, quantity, place: table.place(row) })
            };
            table.load_rows().filter_map(figure).collect()
        };
        self.tables(heading).flat_map(of_table).collect()
    }
}

impl Section {
    /// Whether it or a section around it has this name, given in lower case.
    pub(super) fn is_below(&self, name: &str) -> bool {
        self.path.iter().any(|heading| heading.is(name))
    }

    /// Its heading's text.
    pub(super) fn heading(&self) -> &str {
        self.path.last().map_or("", |heading| heading.text.as_str())
    }

    /// Where a line stands.
    pub(super) fn place(&self, line: &Line) -> Place {
        Place { heading: self.heading().to_owned(), line: line.number, row: Some(line.text.clone()) }
    }
}

impl Line {
    /// What stands before the first colon, and behind it.
    fn split(&self) -> Option<(&str, &str)> {
        self.text.split_once(':').map(|(key, value)| (key.trim(), value.trim()))
    }

    /// What it says about this, given in lower case.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.split().filter(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value)
    }

    /// What it is about.
    pub(super) fn key(&self) -> Option<&str> {
        self.split().map(|(key, _)| key)
    }
}
