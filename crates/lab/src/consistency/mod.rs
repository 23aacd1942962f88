//! Finds where the figures of a benchmark document contradict physics, or each other. Text in, findings out.
//!
//! `markdown` reads the text into a `document` of sections with their `table`s; `label` and `number` say what a heading
//! and a cell mean; `runs` and `scaling` are what several checks need of it, `response` and `verdict` the rules behind
//! them. `checks` holds one file for each family of checks, and the list of all.
//!
//! What is not there contradicts nothing: a table that is missing and a cell without a figure (`-`, `not measured`)
//! raise no finding. A heading, a row or a column with the word "seed" is what somebody else claims, and is left out.

mod checks;
mod document;
mod label;
mod markdown;
mod number;
mod response;
mod runs;
mod scaling;
mod table;
#[cfg(test)]
mod tests;
mod verdict;

use std::fmt;

use serde::Serialize;

use checks::CHECKS;

/// How far a figure may lie from what follows from the others, as a share: printed figures are rounded.
const TOLERANCE: f64 = 0.05;

/// A contradiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the check that found it, for scripts.
    pub check: &'static str,
    /// What contradicts what, with the figures; one line.
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// What would be consistent, and why.
    pub detail: String,
}

/// Where a figure stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The heading above it.
    pub heading: String,
    /// The line of the document, from 1.
    pub line: usize,
    /// The label of the row, and of the column where it is one of several; or the line itself, outside of a table.
    pub row: Option<String>,
}

/// What a check found, without its name.
struct Contradiction {
    place: Place,
    title: String,
    detail: String,
}

/// Every contradiction that is known how to find, in order of line. Any text will do: what is no table is not looked
/// at.
#[must_use]
pub fn lint(document: &str) -> Vec<Finding> {
    let document = markdown::read(document);
    let mut findings: Vec<Finding> = CHECKS
        .iter()
        .flat_map(|check| {
            (check.run)(&document).into_iter().map(|Contradiction { place, title, detail }| Finding {
                check: check.name,
                title,
                place,
                detail,
            })
        })
        .collect();
    // Those of one line stay in the order of the checks.
    findings.sort_by_key(|finding| finding.place.line);
    findings
}

/// The names of all checks, each with what it holds a document to.
pub fn checks() -> impl Iterator<Item = (&'static str, &'static str)> {
    CHECKS.iter().map(|check| (check.name, check.holds))
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}; {}", self.place, self.check, self.title, self.detail)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, \"{}\"", self.line, self.heading)?;
        self.row.iter().try_for_each(|row| write!(f, ", {row}"))
    }
}
