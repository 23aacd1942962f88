//! Pieces of text on a page become lines.

use super::content::Run;

/// A gap that is a space, in parts of the font size. Kerning stays below it.
const SPACE: f32 = 0.17;
/// A gap that separates columns or cells.
const CELL: f32 = 1.5;

/// A line of text.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) end: f32,
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) fixed: bool,
    /// The text, cut where wide gaps are. Not empty; no cell is blank.
    pub(super) cells: Vec<String>,
    /// Where each cell begins and ends.
    pub(super) spans: Vec<(f32, f32)>,
}

impl Line {
    /// The whole line.
    pub(super) fn text(&self) -> String {
        self.cells.join(" ")
    }

    pub(super) fn characters(&self) -> usize {
        self.cells.iter().map(|cell| cell.chars().count()).sum()
    }
}

/// A line that is being put together.
struct Open {
    line: Line,
    bold_characters: usize,
    fixed_characters: usize,
    /// The text of the last piece, to notice text that is painted twice to look bold.
    last: (f32, String),
}

/// The lines of a page in reading order.
pub(super) fn lines(runs: Vec<Run>) -> Vec<Line> {
    let turn = main_turn(&runs);
    let runs: Vec<Run> = runs.into_iter().filter(|run| run.turn == turn).collect();
    let found = assemble(runs.iter());
    // Programs paint in reading order, column by column; where the lines jump up and down, the page's order is better.
    let jumps = found.windows(2).filter(|pair| pair[1].y > pair[0].y + pair[0].size).count();
    if jumps * 10 <= found.len() * 3 || found.len() < 4 {
        return found;
    }
    let mut sorted: Vec<&Run> = runs.iter().collect();
    sorted.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
    // Baselines of one line differ by a little; order within a line is from left to right.
    let mut start = 0;
    for index in 1..=sorted.len() {
        let ends = index == sorted.len() || sorted[start].y - sorted[index].y > sorted[start].size * 0.3;
        if ends {
            sorted[start..index].sort_by(|a, b| a.x.total_cmp(&b.x));
            start = index;
        }
    }
    assemble(sorted.into_iter())
}

/// Landscape pages are written turned; on other pages turned text is decoration.
fn main_turn(runs: &[Run]) -> u8 {
    let mut characters = [0_usize; 4];
    for run in runs {
        characters[usize::from(run.turn & 3)] += run.text.len();
    }
    (0..4_u8).max_by_key(|turn| (characters[usize::from(*turn)], 4 - turn)).unwrap_or(0)
}

fn assemble<'r>(runs: impl Iterator<Item = &'r Run>) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let mut open: Option<Open> = None;
    for run in runs {
        match &mut open {
            Some(current) if current.continues(run) => current.add(run),
            _ => {
                found.extend(open.take().and_then(Open::close));
                open = Some(Open::new(run));
            }
        }
    }
    found.extend(open.and_then(Open::close));
    found
}

impl Open {
    fn new(run: &Run) -> Self {
        Self {
            line: Line {
                x: run.x,
                y: run.y,
                end: run.end,
                size: run.size,
                bold: false,
                fixed: false,
                cells: vec![run.text.clone()],
                spans: vec![(run.x, run.end)],
            },
            bold_characters: if run.bold { run.text.chars().count() } else { 0 },
            fixed_characters: if run.fixed { run.text.chars().count() } else { 0 },
            last: (run.x, run.text.clone()),
        }
    }

    fn continues(&self, run: &Run) -> bool {
        let size = self.line.size.max(run.size);
        let smaller = self.line.size.min(run.size);
        // Raised and lowered characters are smaller than their line.
        let tolerance = if smaller < size * 0.85 { 0.5 } else { 0.25 };
        (run.y - self.line.y).abs() <= size * tolerance && run.x >= self.line.end - size * 0.7 || self.repeats(run)
    }

    fn repeats(&self, run: &Run) -> bool {
        run.text == self.last.1
            && (run.x - self.last.0).abs() < run.size * 0.1
            && (run.y - self.line.y).abs() < run.size * 0.1
    }

    fn add(&mut self, run: &Run) {
        if self.repeats(run) && !run.text.trim().is_empty() {
            return;
        }
        let size = self.line.size.max(run.size);
        let gap = run.x - self.line.end;
        let spaced = run.text.starts_with(char::is_whitespace);
        match self.line.cells.last_mut() {
            Some(cell) if gap <= size * CELL => {
                if gap > size * SPACE && !spaced && !cell.ends_with(char::is_whitespace) {
                    cell.push(' ');
                }
                cell.push_str(&run.text);
                if let Some((_, end)) = self.line.spans.last_mut() {
                    *end = end.max(run.end);
                }
            }
            _ => {
                self.line.cells.push(run.text.clone());
                self.line.spans.push((run.x, run.end));
            }
        }
        if run.size > self.line.size {
            (self.line.size, self.line.y) = (run.size, run.y);
        }
        self.line.end = self.line.end.max(run.end);
        self.bold_characters += if run.bold { run.text.chars().count() } else { 0 };
        self.fixed_characters += if run.fixed { run.text.chars().count() } else { 0 };
        self.last = (run.x, run.text.clone());
    }

    fn close(mut self) -> Option<Line> {
        self.line.bold = self.bold_characters * 10 > self.line.characters() * 8;
        self.line.fixed = self.fixed_characters * 10 > self.line.characters() * 9;
        let cells = self.line.cells.iter().map(|cell| crate::parse::writer::squeeze(&ligatures(cell)));
        (self.line.cells, self.line.spans) =
            cells.zip(self.line.spans.iter().copied()).filter(|(cell, _)| !cell.is_empty()).unzip();
        (!self.line.cells.is_empty()).then_some(self.line)
    }
}

/// Ligatures are a matter of type, not of text: nobody searches for them.
fn ligatures(text: &str) -> String {
    if !text.contains(|c| ('\u{fb00}'..='\u{fb06}').contains(&c)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}' => out.push_str("ff"),
            '\u{fb01}' => out.push_str("fi"),
            '\u{fb02}' => out.push_str("fl"),
            '\u{fb03}' => out.push_str("ffi"),
            '\u{fb04}' => out.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => out.push_str("st"),
            other => out.push(other),
        }
    }
    out
}
