//! What a run says: rows against their targets, the verdict of a gate, the benchmark document, and a page with charts.

mod changes;
mod document;
mod page;
mod rows;

pub use changes::changes;
pub use document::document;
pub use page::page;
pub use rows::{LevelRows, Row, endpoint_rows, level_rows};

use std::fmt::Write as _;

use slo::{Levels, Status};

use crate::run_file::Run;

/// What a document and a page are written from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The run.
    pub run: &'a Run,
    /// What it is held to.
    pub levels: &'a Levels,
    /// The run file, as it is linked.
    pub file: &'a str,
    /// The page with charts, as the document links it.
    pub page: &'a str,
    /// A run from before, with its file as it is linked, for the table of changes.
    pub before: Option<(&'a Run, &'a str)>,
}

/// A run in a terminal: each load's figures beside what they are held to.
#[must_use]
pub fn summary(run: &Run, levels: &Levels) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    if run.baseline.is_some() {
        text.push_str("## One person\n\n");
        text.push_str(&table(&endpoint_rows(run, levels)));
        text.push('\n');
    }
    for level in &run.levels {
        let LevelRows { title, rows } = level_rows(level, levels, run.environment.cores);
        let _ = writeln!(text, "## {title}\n\n{}", table(&rows));
        for why in &level.invalid {
            let _ = writeln!(text, "Invalid: {why}.\n");
        }
        for failure in &level.failures {
            let _ = writeln!(text, "{} of {:?}: {}", failure.count, failure.task, failure.failure);
        }
    }
    text
}

/// Rows as a table that is read as text and as Markdown.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let head = ["Metric", "Seed", "Target", "Measured", "Status"].map(str::to_owned);
    let all: Vec<[String; 5]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!(" {cell:width$} "));
        format!("|{}|\n", padded.collect::<Vec<_>>().join("|"))
    };
    let rule = widths.map(|width| "-".repeat(width + 2)).join("|");
    let mut text = all.first().map(line).unwrap_or_default();
    let _ = writeln!(text, "|{rule}|");
    all.iter().skip(1).for_each(|row| text.push_str(&line(row)));
    text
}

/// What it is, what the seed claims, what it must be, what it is, and how it stands.
fn cells(row: &Row) -> [String; 5] {
    [
        row.what.clone(),
        row.seed.map_or("-".to_owned(), |seed| format!("{seed}{}", row.unit)),
        row.target.map_or("-".to_owned(), |target| format!("{target}{}", row.unit)),
        row.measured.map_or("not measured".to_owned(), |value| format!("{}{}", number(value), row.unit)),
        row.status.map_or("-".to_owned(), |status| status.to_string()),
    ]
}

/// What a gate says of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every target that was measured is kept, and something was measured.
    Held,
    /// A target is broken.
    Broken,
    /// Nothing can be concluded.
    Invalid,
}

/// Judges a run: all of its targets, and for a load of the budget's number of people the performance budget.
#[must_use]
pub fn gate(run: &Run, levels: &Levels) -> (Verdict, Vec<(String, Row)>) {
    let mut judged: Vec<(String, Row)> = Vec::new();
    judged.extend(endpoint_rows(run, levels).into_iter().map(|row| ("one person".to_owned(), row)));
    for level in &run.levels {
        let LevelRows { title, rows } = level_rows(level, levels, run.environment.cores);
        judged.extend(rows.into_iter().map(|row| (title.clone(), row)));
        judged.extend(rows::budget_rows(level, levels).into_iter().map(|row| (format!("{title}, budget"), row)));
    }
    judged.retain(|(_, row)| row.status.is_some_and(|status| status != Status::Missing));
    let verdict = if !run.invalid().is_empty() || judged.is_empty() {
        Verdict::Invalid
    } else if judged.iter().any(|(_, row)| row.status == Some(Status::Fail)) {
        Verdict::Broken
    } else {
        Verdict::Held
    };
    (verdict, judged)
}

/// A figure with as many digits as say something.
#[must_use]
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        0.0 => 0,
        ..0.095 => 3,
        ..0.95 => 2,
        ..99.5 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    // The sum of nothing is negative zero, and so is what is rounded up to it.
    let text = if text.trim_start_matches(['-', '0', '.']).is_empty() { "0".to_owned() } else { text };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn figures_have_as_many_digits_as_say_something() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (-0.0001, "0"),
            (-12.34, "-12.3"),
            (0.0123, "0.012"),
            (0.5, "0.5"),
            (12.34, "12.3"),
            (380.4, "380"),
            (20_000.0, "20000"),
            (100.0, "100"),
            (5.0, "5"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
