//! Separated values. The separator and the header are found by looking.

use super::writer::Writer;
use super::{BlockKind, Limits, ParseError, Parsed, decode, table};

/// What separates values, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How many rows decide.
const SAMPLE_ROWS: usize = 200;

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    let source = decode::decode(bytes, None)?;
    let (declared, body) = declared_delimiter(source.trim_start_matches('\u{feff}'));
    let delimiter = declared.or_else(|| sniff(body)).unwrap_or(b',');
    let mut records = reader(body, delimiter).into_records();
    let mut head: Vec<Vec<String>> = Vec::new();
    for record in records.by_ref().take(SAMPLE_ROWS) {
        head.push(cells(&record.map_err(|error| damaged(&error))?));
    }
    let header = if table::first_row_is_header(&head) { head.remove(0) } else { Vec::new() };
    let mut writer = Writer::new(limits);
    for row in &head {
        writer.block(BlockKind::TableRow, &table::line(&header, row))?;
    }
    for record in records {
        writer.block(BlockKind::TableRow, &table::line(&header, &cells(&record.map_err(|error| damaged(&error))?)))?;
    }
    if writer.is_empty() && !header.is_empty() {
        writer.block(BlockKind::TableRow, &table::line::<&str, _>(&[], &header))?;
    }
    writer.finish(None, "every row is empty")
}

fn reader(source: &str, delimiter: u8) -> ::csv::Reader<&[u8]> {
    ::csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(source.as_bytes())
}

fn cells(record: &::csv::StringRecord) -> Vec<String> {
    record.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn damaged(error: &::csv::Error) -> ParseError {
    ParseError::damaged(format!("the rows cannot be read ({error})"))
}

/// Excel writes `sep=;` as the first line.
fn declared_delimiter(source: &str) -> (Option<u8>, &str) {
    let Some(rest) = source.strip_prefix("sep=") else {
        return (None, source);
    };
    match rest.as_bytes() {
        [delimiter, b'\r' | b'\n', ..] => (Some(*delimiter), rest[1..].trim_start()),
        _ => (None, source),
    }
}

/// The separator that cuts the first rows into the same number of values, at least two; the one with the most wins.
pub(super) fn sniff(source: &str) -> Option<u8> {
    let end = source.floor_char_boundary(64 << 10);
    let sample = &source[..end];
    let cut = end < source.len();
    let mut best: Option<(usize, u8)> = None;
    for delimiter in DELIMITERS {
        let mut widths: Vec<usize> = reader(sample, delimiter)
            .into_records()
            .take(SAMPLE_ROWS)
            .map_while(Result::ok)
            .map(|record| record.len())
            .collect();
        if cut {
            widths.pop();
        }
        let Some(&first) = widths.first() else { continue };
        let same = widths.iter().filter(|width| **width == first).count();
        let consistent = first > 1 && same * 10 >= widths.len() * 9;
        if consistent && best.is_none_or(|(width, _)| first > width) {
            best = Some((first, delimiter));
        }
    }
    best.map(|(_, delimiter)| delimiter)
}
