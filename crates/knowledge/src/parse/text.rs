//! Plain text. Its structure is in its layout: blank lines, underlines, numbers, bullets and indentation.

pub(super) mod lines;

use super::writer::{Writer, squeeze};
use super::{BlockKind, Limits, ParseError, Parsed, decode, table};
use lines::{bullet, indent, is_capitals, numbered_heading, underline};

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    let source = decode::decode(bytes, None)?;
    let source = source.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace(['\r', '\x0c'], "\n");
    let groups = groups(&source);
    let mut reader = Reader {
        out: Writer::new(limits),
        width: usual_width(&source),
        margin: groups.iter().filter_map(|group| group.first()).map(|line| indent(line)).min().unwrap_or(0),
    };
    let title = title(&groups);
    for (index, group) in groups.iter().enumerate() {
        let next = groups.get(index + 1).map(Vec::as_slice);
        let previous = index.checked_sub(1).and_then(|before| groups.get(before)).map(Vec::as_slice);
        if index == 0 && title.is_some() && group.len() == 1 {
            reader.out.block(BlockKind::Heading(1), group[0])?;
        } else {
            reader.group(group, previous, next)?;
        }
    }
    reader.out.finish(title.as_deref(), "it consists of marks without words")
}

/// Lines between blank lines.
fn groups(source: &str) -> Vec<Vec<&str>> {
    let mut groups = Vec::new();
    let mut group: Vec<&str> = Vec::new();
    for line in source.lines() {
        if line.trim().is_empty() {
            if !group.is_empty() {
                groups.push(std::mem::take(&mut group));
            }
        } else {
            group.push(line);
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

/// The length at which most full lines end; a line that stays far below it was ended on purpose.
fn usual_width(source: &str) -> usize {
    let mut lengths: Vec<usize> =
        source.lines().take(5_000).map(|line| line.chars().count()).filter(|n| *n > 0).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() * 9 / 10).copied().unwrap_or(80).min(120)
}

/// A short first line that stands alone, or is underlined, is the title.
fn title(groups: &[Vec<&str>]) -> Option<String> {
    let first = groups.first()?;
    let line = first[0].trim();
    let underlined = first.len() == 2 && underline(first[1]).is_some();
    let alone = first.len() == 1 && groups.len() > 1;
    let short = line.chars().count() <= 100 && line.split_whitespace().count() <= 14;
    let plain = !line.ends_with(['.', ',', ';', ':', '?', '!'])
        && line.chars().any(char::is_alphabetic)
        && bullet(line).is_none();
    (underlined || (alone && short && plain)).then(|| squeeze(line))
}

struct Reader<'l> {
    out: Writer<'l>,
    width: usize,
    margin: usize,
}

impl Reader<'_> {
    fn group(&mut self, group: &[&str], previous: Option<&[&str]>, next: Option<&[&str]>) -> Result<(), ParseError> {
        let mut lines = group;
        if let Some((title, level, rest)) = self.heading(lines, previous, next) {
            self.out.block(BlockKind::Heading(level), title)?;
            lines = rest;
        }
        if lines.is_empty() {
            return Ok(());
        }
        if self.is_preformatted(lines) {
            if let Some(mut rows) = lines::table(lines) {
                let header = if table::first_row_is_surely_header(&rows) { rows.remove(0) } else { Vec::new() };
                return table::write(&mut self.out, &header, &rows);
            }
            return self.out.block(BlockKind::Code, &lines.join("\n"));
        }
        self.flow(lines)
    }

    /// A heading at the start of a group: underlined, numbered or in capitals. Returns the lines after it.
    fn heading<'a, 'b>(
        &self,
        lines: &'b [&'a str],
        previous: Option<&[&str]>,
        next: Option<&[&str]>,
    ) -> Option<(&'a str, u8, &'b [&'a str])> {
        let first = lines[0].trim();
        if lines.len() >= 2
            && let Some(level) = underline(lines[1])
            && first.chars().count() <= 120
            && first.chars().any(char::is_alphanumeric)
        {
            return Some((first, level, &lines[2..]));
        }
        if indent(lines[0]) > self.margin + 3 {
            return None;
        }
        let alone = lines.len() == 1;
        if alone && let Some(level) = numbered_heading(first) {
            let same = |group: Option<&[&str]>| {
                group.is_some_and(|group| group.len() == 1 && numbered_heading(group[0].trim()) == Some(level))
            };
            // Numbers one after the other, with nothing between, are a list.
            let list = level == 1 && (same(next) || same(previous));
            return (!list && next.is_some()).then_some((first, level, &lines[1..]));
        }
        let introduces = alone && next.is_some() || lines.len() > 1 && lines[1].chars().any(char::is_lowercase);
        (is_capitals(first) && introduces).then_some((first, 2, &lines[1..]))
    }

    /// Drawings, listings and tables made of spaces lose their meaning when they are joined.
    fn is_preformatted(&self, lines: &[&str]) -> bool {
        let columns = lines.iter().filter(|line| lines::has_columns(line)).count();
        if lines.len() >= 2 && columns * 2 > lines.len() {
            return true;
        }
        let indented = lines.iter().all(|line| indent(line) >= self.margin + 4);
        let prose =
            lines.len() > 1 && lines[..lines.len() - 1].iter().all(|line| line.chars().count() * 10 > self.width * 7);
        indented && bullet(lines[0]).is_none() && !prose
    }

    /// Paragraphs and list items of a group.
    fn flow(&mut self, lines: &[&str]) -> Result<(), ParseError> {
        let mut item_indent: Option<usize> = None;
        for (index, line) in lines.iter().enumerate() {
            let text = line.trim();
            if let Some((marker, rest)) = bullet(text) {
                self.out.end_lead()?;
                self.out.lead(BlockKind::ListItem, marker.to_owned(), String::new())?;
                self.out.inline(rest);
                item_indent = Some(indent(line));
                continue;
            }
            if let Some(depth) = item_indent {
                // Text back at the margin of the bullets, after a finished sentence, is no continuation.
                let back = indent(line) <= depth && self.out.run().trim_end().ends_with('.') && starts_new(text);
                if back {
                    self.out.end_lead()?;
                    item_indent = None;
                }
            } else if index > 0 && self.ended_on_purpose(lines[index - 1], text) {
                self.out.flush()?;
            }
            self.join(text);
        }
        self.out.end_lead()
    }

    /// Continues the run on a new line; a hyphen at the end of a line joins.
    fn join(&mut self, text: &str) {
        let run = self.out.run();
        let hyphen = run.ends_with('-') && run.chars().rev().nth(1).is_some_and(char::is_alphabetic);
        let joined = run.is_empty() || (hyphen && text.starts_with(char::is_lowercase));
        if !joined {
            self.out.inline(" ");
        }
        self.out.inline(text);
    }

    /// Whether a line was ended before the margin made it: the next word would have fitted, and a new thing begins.
    fn ended_on_purpose(&self, line: &str, next: &str) -> bool {
        let length = line.chars().count();
        let word = next.split_whitespace().next().map_or(0, |word| word.chars().count());
        // Files with a line a paragraph have no margin at all.
        let unwrapped = length > 120;
        let room = (length + 1 + word) * 10 <= self.width * 8;
        unwrapped || (room && starts_new(next))
    }
}

fn starts_new(text: &str) -> bool {
    text.starts_with(|c: char| c.is_uppercase() || c.is_numeric() || !c.is_alphanumeric())
}
