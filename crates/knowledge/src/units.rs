//! The things that can be quoted: sentences, list items, table rows, pieces of code.
//!
//! A citation names a range of bytes of the document's text. Units are the ranges that are worth naming: they can be read
//! alone. Sentence boundaries are those of Unicode (UAX #29), repaired where they are known to fail (`units/sentences.rs`).

mod sentences;

use crate::parse::{Block, BlockKind};
use sentences::sentences;

/// A list item of more words is quoted by the sentence.
const LONG_ITEM_WORDS: usize = 40;
/// A row or record of more words is quoted by the sentence.
const LONG_ROW_WORDS: usize = 120;
/// Code of more lines is quoted by the stanza.
const LONG_CODE_LINES: usize = 25;
/// Nothing that people write as one sentence is longer; the rest is cut.
const MAX_BYTES: usize = 4_000;

/// A quotable range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// What the unit is.
    pub kind: UnitKind,
    /// First byte in [`Parsed::text`](crate::parse::Parsed::text).
    pub start: usize,
    /// Byte after the last one. The range is not empty and has no white space at its ends.
    pub end: usize,
}

/// What a [`Unit`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// A sentence of a paragraph or of a long list item.
    Sentence,
    /// A whole list item.
    ListItem,
    /// A row of a table, or a part of a very long one.
    TableRow,
    /// Lines of code.
    Code,
}

/// The units of a block, in order; together they cover all of it but white space. A heading has none.
///
/// `parsed_text` is the text that the block's range points into; a block that does not fit it has no units.
#[must_use]
pub fn units(parsed_text: &str, block: &Block) -> Vec<Unit> {
    let Some(text) = parsed_text.get(block.start..block.end) else {
        return Vec::new();
    };
    let words = || text.split_whitespace().count();
    let (kind, ranges) = match block.kind {
        BlockKind::Heading(_) => return Vec::new(),
        BlockKind::Paragraph => (UnitKind::Sentence, sentences(text)),
        BlockKind::ListItem if words() > LONG_ITEM_WORDS => (UnitKind::Sentence, sentences(text)),
        BlockKind::ListItem => (UnitKind::ListItem, vec![(0, text.len())]),
        BlockKind::TableRow if words() > LONG_ROW_WORDS => (UnitKind::TableRow, sentences(text)),
        BlockKind::TableRow => (UnitKind::TableRow, vec![(0, text.len())]),
        BlockKind::Code => (UnitKind::Code, stanzas(text)),
    };
    let mut found = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        cut(text, start, end, &mut |start, end| {
            found.push(Unit { kind, start: block.start + start, end: block.start + end });
        });
    }
    found
}

/// Trims a range and cuts one that is too long: at a line end, else at a space, else between characters.
fn cut(text: &str, mut start: usize, end: usize, push: &mut impl FnMut(usize, usize)) {
    while start < end {
        let rest = &text[start..end];
        let mut length = rest.len();
        if length > MAX_BYTES {
            let head = &rest[..rest.floor_char_boundary(MAX_BYTES)];
            length = head
                .rfind('\n')
                .filter(|at| *at > 0)
                .or_else(|| head.rfind(char::is_whitespace).filter(|at| *at > MAX_BYTES / 2))
                .unwrap_or(head.len());
        }
        let piece = &rest[..length];
        let trimmed = piece.trim();
        if !trimmed.is_empty() {
            let from = start + (piece.len() - piece.trim_start().len());
            push(from, from + trimmed.len());
        }
        start += length;
    }
}

/// Long code by stanzas between blank lines, as many together as stay below the limit; a long stanza by its lines.
fn stanzas(text: &str) -> Vec<(usize, usize)> {
    if text.lines().count() <= LONG_CODE_LINES {
        return vec![(0, text.len())];
    }
    let mut found = Vec::new();
    let (mut start, mut lines) = (0, 0);
    // The end of the last stanza that fits, with the lines up to there.
    let mut fitting: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() && lines > 0 {
            fitting = Some((at, lines));
        }
        at += line.len();
        lines += 1;
        if lines > LONG_CODE_LINES {
            let (end, taken) = fitting.take().unwrap_or((at - line.len(), lines - 1));
            found.push((start, end));
            start = end;
            lines -= taken;
        }
    }
    found.push((start, text.len()));
    found
}

/// Units as bytes: for each two varints, the gap to the unit before with the kind in its lowest two bits, and the length.
///
/// `base` is the start of the chunk that holds the units, so that the numbers stay small. The units must be in order.
#[must_use]
pub fn encode(units: &[Unit], base: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len() * 3);
    let mut previous = base;
    for unit in units {
        let kind = match unit.kind {
            UnitKind::Sentence => 0_u64,
            UnitKind::ListItem => 1,
            UnitKind::TableRow => 2,
            UnitKind::Code => 3,
        };
        let gap = unit.start.saturating_sub(previous) as u64;
        push_varint(&mut bytes, (gap << 2) | kind);
        push_varint(&mut bytes, unit.end.saturating_sub(unit.start) as u64);
        previous = unit.end;
    }
    bytes
}

/// The units that [`encode`] wrote with the same `base`; `None` when the bytes are no such list.
#[must_use]
pub fn decode(bytes: &[u8], base: usize) -> Option<Vec<Unit>> {
    let mut units = Vec::new();
    let mut rest = bytes;
    let mut previous = base;
    while !rest.is_empty() {
        let head = take_varint(&mut rest)?;
        let length = usize::try_from(take_varint(&mut rest)?).ok().filter(|length| *length > 0)?;
        let kind = match head & 3 {
            0 => UnitKind::Sentence,
            1 => UnitKind::ListItem,
            2 => UnitKind::TableRow,
            _ => UnitKind::Code,
        };
        let start = previous.checked_add(usize::try_from(head >> 2).ok()?)?;
        let end = start.checked_add(length)?;
        units.push(Unit { kind, start, end });
        previous = end;
    }
    Some(units)
}

/// LEB128: seven bits a byte, the lowest first.
fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7F) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7F);
        // The tenth byte has room for one bit.
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
