//! The load tests of a document: for each number of users the figures of one column.

use super::document::{Document, Section};
use super::number::Quantity;
use super::table::{Row, Table};
use super::verdict::{Bound, Status};
use super::{Contradiction, Place};

/// A load test.
pub(super) struct Run<'a> {
    /// How many users there were.
    pub(super) users: u32,
    /// Where it stands.
    pub(super) section: &'a Section,
    table: &'a Table,
    column: usize,
    /// Whether the table has a column of figures for more than one run.
    is_one_of_several: bool,
}

/// The load tests, each below a heading like `50 Virtual Users`.
pub(super) fn runs(document: &Document) -> Vec<Run<'_>> {
    document.sections.iter().flat_map(of_section).collect()
}

/// What is compared for a number of users: before and after a change.
pub(super) fn compared(document: &Document) -> Vec<Run<'_>> {
    let mut found = Vec::new();
    for section in document.below("performance comparison") {
        let Some(users) = section.path.last().and_then(|heading| heading.users) else { continue };
        for table in &section.tables {
            let columns = ["before", "after"].into_iter().filter_map(|name| table.column(name));
            found.extend(columns.map(|column| Run { users, section, table, column, is_one_of_several: true }));
        }
    }
    found
}

fn of_section(section: &Section) -> Vec<Run<'_>> {
    let mut counted =
        section.path.iter().filter(|heading| heading.text.starts_with(|first: char| first.is_ascii_digit()));
    let users = counted.find_map(|heading| heading.users);
    let run = |table| {
        let (users, column) = (users?, Table::measurement(table)?);
        Some(Run { users, section, table, column, is_one_of_several: false })
    };
    section.tables.iter().filter_map(run).collect()
}

impl Run<'_> {
    /// What was measured of this, given in lower case.
    pub(super) fn measured(&self, name: &str) -> Option<Quantity> {
        self.table.quantity(self.row(name)?, self.column)
    }

    /// What it should be.
    pub(super) fn target(&self, name: &str) -> Option<Bound> {
        let row = self.row(name)?;
        Bound::of(self.table.quantity(row, self.table.column("target")?)?, &row.label.text)
    }

    /// The verdict that is printed.
    pub(super) fn status(&self, name: &str) -> Option<Status> {
        let row = self.row(name)?;
        Status::read(row.text(self.table.column("status")?)?)
    }

    /// A contradiction in the row of this name.
    pub(super) fn contradiction(&self, name: &str, title: String, detail: String) -> Option<Contradiction> {
        Some(Contradiction { place: self.place(name)?, title, detail })
    }

    /// Where the row of this name stands.
    pub(super) fn place(&self, name: &str) -> Option<Place> {
        let row = self.row(name)?;
        Some(if self.is_one_of_several { self.table.place_in(row, self.column) } else { self.table.place(row) })
    }

    /// The label of the row of this name.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.row(name).map(|row| row.label.text.as_str())
    }

    /// `P50 Response Time` may be called `P50 Response`, or `P50`.
    fn row(&self, name: &str) -> Option<&Row> {
        let shorter = [" time", " response time"].into_iter().filter_map(|end| name.strip_suffix(end));
        std::iter::once(name).chain(shorter).find_map(|name| self.table.row(name))
    }
}
