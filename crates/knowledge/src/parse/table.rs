//! Rows of a table as lines that can be read, found and quoted without the table around them.

use super::writer::{Writer, squeeze};
use super::{BlockKind, ParseError};

/// Writes the rows of a table. `header` names the columns and may be empty.
pub(super) fn write(writer: &mut Writer<'_>, header: &[String], rows: &[Vec<String>]) -> Result<(), ParseError> {
    writer.end_lead()?;
    writer.gap();
    for row in rows {
        writer.block(BlockKind::TableRow, &line(header, row))?;
    }
    writer.gap();
    Ok(())
}

/// One row: `Users: 100; P95: 520 ms` with a header, `100 | 520 ms` without. Empty cells are left out.
pub(super) fn line<H: AsRef<str>, C: AsRef<str>>(header: &[H], row: &[C]) -> String {
    let named = header.iter().filter(|name| !name.as_ref().trim().is_empty()).count() > 1
        || (header.len() > 1 && row.len() > 1 && header.iter().any(|name| !name.as_ref().trim().is_empty()));
    // A row with nothing but its first cell is a heading of the rows below.
    let named = named && row.iter().skip(1).any(|cell| !cell.as_ref().trim().is_empty());
    let mut out = String::new();
    for (column, cell) in row.iter().enumerate() {
        let cell = squeeze(cell.as_ref());
        if cell.is_empty() {
            continue;
        }
        if !out.is_empty() {
            if named {
                end_cell(&mut out);
            } else {
                out.push_str(" | ");
            }
        }
        if named && let Some(name) = header.get(column) {
            let name = squeeze(name.as_ref());
            let name = name.trim_end_matches(':');
            if !name.is_empty() {
                out.push_str(name);
                out.push_str(": ");
            }
        }
        out.push_str(&cell);
    }
    out
}

/// A full stop or a semicolon before the separator would be read twice.
fn end_cell(out: &mut String) {
    while out.ends_with(';') || (out.ends_with('.') && !out.ends_with("..")) {
        out.pop();
    }
    out.push_str("; ");
}

/// Whether the first row names the columns and figures below it prove that: for tables that exist only as layout.
pub(super) fn first_row_is_surely_header(rows: &[Vec<String>]) -> bool {
    let digits = |cell: &String| cell.contains(|c: char| c.is_ascii_digit());
    first_row_is_header(rows)
        && (0..rows[0].len()).any(|column| {
            let cells: Vec<&String> =
                rows[1..].iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).collect();
            !digits(&rows[0][column]) && cells.iter().filter(|cell| digits(cell)).count() * 2 > cells.len()
        })
}

/// Whether the first row may name the columns: short, distinct, not empty, no figures, and the rows below look different.
pub(super) fn first_row_is_header(rows: &[Vec<String>]) -> bool {
    let Some((first, body)) = rows.split_first() else {
        return false;
    };
    if first.len() < 2 || body.is_empty() {
        return false;
    }
    let mut seen = std::collections::HashSet::new();
    let plausible = first.iter().all(|name| {
        let name = name.trim();
        !name.is_empty()
            && name.chars().count() <= 60
            && !is_value(name)
            && !name.ends_with(['.', '?', '!'])
            && seen.insert(name.to_lowercase())
    });
    // A value that stands in the first row and again below it in the same column is no name.
    plausible
        && !first
            .iter()
            .enumerate()
            .any(|(column, name)| body.iter().take(200).any(|row| row.get(column) == Some(name)))
}

/// A figure, a date or the like: mostly digits.
pub(super) fn is_value(cell: &str) -> bool {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    (digits > 0 && letters <= digits) || cell.contains('@') || cell.contains("://")
}
