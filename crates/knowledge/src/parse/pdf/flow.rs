//! Lines become headings, paragraphs, list items, tables and code.

use std::collections::{HashMap, HashSet};

use super::layout::Line;
use super::{grid, running, whole};
use crate::parse::text::lines::bullet;
use crate::parse::writer::Writer;
use crate::parse::{BlockKind, ParseError, table};

/// Writes the blocks of a document.
pub(super) fn write(mut pages: Vec<Vec<Line>>, writer: &mut Writer<'_>) -> Result<(), ParseError> {
    running::remove(&mut pages);
    for page in &mut pages {
        page.retain(|line| !is_contents_entry(line));
    }
    let style = Style::of(&pages);
    let mut flow = Flow { style, out: writer, open: None };
    for page in &pages {
        flow.page(page)?;
    }
    flow.close()
}

/// An entry of a table of contents: dots, or what a font shows as dots, that lead to a page number.
fn is_contents_entry(line: &Line) -> bool {
    let text = line.text().replace(' ', "");
    (text.contains(".....") || text.contains(":::::")) && text.ends_with(|c: char| c.is_alphanumeric())
}

/// What is usual in a document.
struct Style {
    body: f32,
    /// Distance of lines in parts of the font size.
    leading: f32,
    /// Sizes of headings in half points, the largest first.
    headings: Vec<i32>,
    /// Bold is an exception, so that a bold line says something.
    bold_counts: bool,
    /// Words that occur whole, to tell a hyphen from a hyphenation.
    words: HashSet<String>,
}

fn half_points(size: f32) -> i32 {
    whole(size * 2.0)
}

impl Style {
    fn of(pages: &[Vec<Line>]) -> Self {
        let mut sizes: HashMap<i32, usize> = HashMap::new();
        let mut leadings: HashMap<i32, usize> = HashMap::new();
        let (mut bold, mut all) = (0, 0);
        let mut words = HashSet::new();
        for line in pages.iter().flatten() {
            let characters = line.characters();
            *sizes.entry(half_points(line.size)).or_default() += characters;
            all += characters;
            bold += if line.bold { characters } else { 0 };
            for word in line.cells.iter().flat_map(|cell| cell.split_whitespace()) {
                words.insert(bare(word));
            }
        }
        for pair in pages.iter().flat_map(|page| page.windows(2)) {
            let ratio = (pair[0].y - pair[1].y) / pair[0].size.max(0.1);
            if (0.8..3.0).contains(&ratio) {
                *leadings.entry(whole(ratio * 20.0)).or_default() += 1;
            }
        }
        let body = most(&sizes).unwrap_or(20);
        let mut headings: Vec<i32> = sizes.keys().copied().filter(|size| *size * 100 >= body * 114).collect();
        headings.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            body: body as f32 / 2.0,
            leading: most(&leadings).map_or(1.2, |ratio| ratio as f32 / 20.0),
            headings,
            bold_counts: bold * 3 < all,
            words,
        }
    }

    /// The level of a line that looks like a heading.
    fn heading(&self, line: &Line) -> Option<u8> {
        let text = line.text();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if letters < 2 || text.chars().count() > 180 || line.fixed {
            return None;
        }
        let size = half_points(line.size);
        // Sizes that differ by half a point are one level.
        let mut level = 0_u8;
        let mut above = i32::MAX;
        for heading in &self.headings {
            if above - heading > 1 {
                level = level.saturating_add(1).min(5);
                above = *heading;
            }
            if *heading == size {
                return Some(level);
            }
        }
        let short = text.chars().count() <= 90 && text.split_whitespace().count() <= 12;
        let ended = text.ends_with(['.', ',', ';', ':', '?', '!']);
        let strong = self.bold_counts && line.bold && line.size >= self.body * 0.95;
        (strong && short && !ended && line.cells.len() <= 2 && bullet(&text).is_none()).then_some(level + 1)
    }
}

fn most(counts: &HashMap<i32, usize>) -> Option<i32> {
    counts.iter().max_by_key(|(key, count)| (**count, **key)).map(|(key, _)| *key)
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// A block that may go on.
struct Open {
    kind: BlockKind,
    text: String,
    first: Line,
    last: Line,
    lines: usize,
    same_page: bool,
}

struct Flow<'w, 'l> {
    style: Style,
    out: &'w mut Writer<'l>,
    open: Option<Open>,
}

impl Flow<'_, '_> {
    fn page(&mut self, lines: &[Line]) -> Result<(), ParseError> {
        if let Some(open) = &mut self.open {
            open.same_page = false;
        }
        let margins = right_margins(lines);
        let mut at = 0;
        while at < lines.len() {
            let rows = self.table_rows(&lines[at..]);
            if rows > 0 {
                self.close()?;
                self.table(&lines[at..at + rows])?;
                at += rows;
                continue;
            }
            let right = margins.get(&column(&lines[at])).copied().unwrap_or(lines[at].end);
            self.line(&lines[at], right)?;
            at += 1;
        }
        Ok(())
    }

    /// How many lines from here on are rows of a table.
    fn table_rows(&self, lines: &[Line]) -> usize {
        grid::rows(lines, |line| {
            let label = bullet(&format!("{} x", line.cells[0])).is_some() || is_number_label(&line.cells[0]);
            let listed = line.cells.len() == 2 && label && line.cells[1].chars().count() > 12;
            let heading = line.size > self.style.body * 1.1 && self.style.heading(line).is_some();
            !listed && (line.cells.len() > 2 || !heading)
        })
    }

    fn table(&mut self, lines: &[Line]) -> Result<(), ParseError> {
        let mut rows = grid::cells(lines, self.style.leading);
        let even = rows.len() > 2 && rows.iter().all(|row| row.len() == rows[0].len());
        let named = even && (table::first_row_is_surely_header(&rows) || (lines[0].bold && !lines[1].bold));
        let header = if named { rows.remove(0) } else { Vec::new() };
        table::write(self.out, &header, &rows)
    }

    fn line(&mut self, line: &Line, right: f32) -> Result<(), ParseError> {
        let text = line.text();
        if let Some(level) = self.style.heading(line) {
            return self.heading(line, level, text);
        }
        let goes_on = self.open.as_ref().is_some_and(|open| self.goes_on(open, line, &text, right));
        if line.fixed {
            return self.code(line, text, goes_on);
        }
        let fresh = self.open.as_ref().is_none_or(|open| {
            !goes_on || open.kind == BlockKind::ListItem || open.text.ends_with([':', '.', ';', '?', '!'])
        });
        let sure = text.starts_with(['•', '▪', '●', '◦', '‣', '■', '○', '\u{f0b7}']);
        if let Some((marker, rest)) = bullet(&text).filter(|_| fresh || sure) {
            self.close()?;
            self.start(BlockKind::ListItem, line, format!("{marker}{rest}"));
            return Ok(());
        }
        match &mut self.open {
            Some(open) if goes_on => {
                join(&mut open.text, &text, &self.style.words);
                open.last = line.clone();
                open.lines += 1;
                open.same_page = true;
            }
            _ => {
                self.close()?;
                self.start(BlockKind::Paragraph, line, text);
            }
        }
        Ok(())
    }

    fn start(&mut self, kind: BlockKind, line: &Line, text: String) {
        self.open = Some(Open { kind, text, first: line.clone(), last: line.clone(), lines: 1, same_page: true });
    }

    /// A heading over several lines is one.
    fn heading(&mut self, line: &Line, level: u8, text: String) -> Result<(), ParseError> {
        if let Some(open) = &mut self.open
            && open.kind == BlockKind::Heading(level)
            && open.same_page
            && (0.0..open.last.size * 1.7).contains(&(open.last.y - line.y))
            && open.lines < 4
        {
            join(&mut open.text, &text, &self.style.words);
            open.last = line.clone();
            open.lines += 1;
            return Ok(());
        }
        self.close()?;
        self.start(BlockKind::Heading(level), line, text);
        Ok(())
    }

    /// A listing keeps its lines, and their indentation as spaces.
    fn code(&mut self, line: &Line, text: String, goes_on: bool) -> Result<(), ParseError> {
        let text = if line.cells.len() > 1 { line.cells.join("    ") } else { text };
        match &mut self.open {
            Some(open) if open.kind == BlockKind::Code && (goes_on || near(open, line)) => {
                let spaces = usize::try_from(whole((line.x - open.first.x) / (line.size * 0.6))).unwrap_or(0).min(40);
                open.text.push('\n');
                open.text.extend(std::iter::repeat_n(' ', spaces));
                open.text.push_str(&text);
                open.last = line.clone();
                Ok(())
            }
            _ => {
                self.close()?;
                self.start(BlockKind::Code, line, text);
                Ok(())
            }
        }
    }

    /// Whether a line belongs to the open block.
    fn goes_on(&self, open: &Open, line: &Line, text: &str, right: f32) -> bool {
        if !matches!(open.kind, BlockKind::Paragraph | BlockKind::ListItem) || line.fixed {
            return false;
        }
        let last = &open.last;
        let alike = (line.size - last.size).abs() <= last.size * 0.12;
        let ended = open.text.ends_with(['.', '!', '?', ':', '”', ';']);
        let lower = text.starts_with(char::is_lowercase);
        let fall = last.y - line.y;
        if !open.same_page || fall < 0.0 {
            // On the next page, or at the top of the next column.
            return alike && !ended && (lower || open.text.ends_with('-'));
        }
        let near = fall <= last.size * self.style.leading * 1.3;
        if !alike || !near {
            return false;
        }
        let width = (right - open.first.x).max(line.size);
        let stops_short = right - last.end > width * 0.2;
        let indented = line.x - last.x > line.size * 0.8;
        let hanging = open.kind == BlockKind::ListItem && open.lines == 1;
        let back = last.x - line.x > line.size * 0.8;
        let new_paragraph = (ended && stops_short)
            || (indented && !hanging && (ended || stops_short))
            || (back && open.lines > 1 && ended)
            || (back && open.kind == BlockKind::ListItem && line.x < open.first.x - line.size * 0.8)
            || (open.kind == BlockKind::ListItem && ended && (line.x - open.first.x).abs() < line.size * 0.5 && !lower);
        !new_paragraph
    }

    fn close(&mut self) -> Result<(), ParseError> {
        match self.open.take() {
            Some(open) => self.out.block(open.kind, &open.text),
            None => Ok(()),
        }
    }
}

/// Whether a line stands right below the open block; a blank line between is one of a listing.
fn near(open: &Open, line: &Line) -> bool {
    open.same_page && (0.0..line.size * 2.6).contains(&(open.last.y - line.y))
}

/// `1.2`, `(3)`, `A.` before the text of a heading or an item.
fn is_number_label(cell: &str) -> bool {
    cell.len() <= 8
        && cell.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '(' | ')'))
        && cell.contains(['.', ')'])
}

fn column(line: &Line) -> i32 {
    whole((line.x / 40.0).floor())
}

/// Where the lines of each column end at most.
fn right_margins(lines: &[Line]) -> HashMap<i32, f32> {
    let mut margins: HashMap<i32, f32> = HashMap::new();
    for line in lines {
        // A line that begins deeper in the column ends at the same margin.
        for key in [column(line), column(line) - 1, column(line) + 1] {
            let end = margins.entry(key).or_insert(line.end);
            *end = end.max(line.end);
        }
    }
    margins
}

/// Adds a line to a paragraph. A word that was cut by a hyphen is put together, a word that has one keeps it.
fn join(text: &mut String, line: &str, words: &HashSet<String>) {
    let cut = text.ends_with('-') && text.chars().rev().nth(1).is_some_and(char::is_alphabetic);
    if cut && line.starts_with(char::is_lowercase) {
        let first = text.rsplit(char::is_whitespace).next().unwrap_or_default().trim_end_matches('-');
        let second = line.split_whitespace().next().unwrap_or_default();
        let whole = bare(&format!("{first}{second}"));
        let hyphenated = bare(&format!("{first}-{second}"));
        let keeps = !words.contains(&whole) && words.contains(&hyphenated);
        if !keeps {
            text.pop();
        }
    } else if !cut {
        text.push(' ');
    }
    text.push_str(line);
}
