//! Collects the text and the blocks of a document and applies the conventions that `parse` promises.

use super::{Block, BlockKind, Limits, ParseError, Parsed};

/// What a coming run of text begins with: a list item's number, a definition's term, a note's label.
#[derive(Debug)]
struct Lead {
    kind: BlockKind,
    /// Stands before the text.
    text: String,
    /// Stands alone when something else than text follows, such as code. May be empty.
    alone: String,
}

/// The text so far.
#[derive(Debug)]
pub(super) struct Writer<'l> {
    limits: &'l Limits,
    text: String,
    blocks: Vec<Block>,
    run: String,
    lead: Option<Lead>,
    gap: bool,
}

impl<'l> Writer<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { limits, text: String::new(), blocks: Vec::new(), run: String::new(), lead: None, gap: false }
    }

    pub(super) fn limits(&self) -> &'l Limits {
        self.limits
    }

    /// Adds to the run of text that the next [`Writer::flush`] makes a paragraph or a list item.
    pub(super) fn inline(&mut self, text: &str) {
        self.run.push_str(text);
    }

    /// The run collected so far.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// Ends the run of text.
    pub(super) fn flush(&mut self) -> Result<(), ParseError> {
        let run = std::mem::take(&mut self.run);
        if run.chars().all(char::is_whitespace) {
            return Ok(());
        }
        match self.lead.take() {
            Some(lead) => self.put(lead.kind, &squeeze(&(lead.text + &run))),
            None => self.put(BlockKind::Paragraph, &squeeze(&run)),
        }
    }

    /// The next run is a block of `kind` that begins with `text`; if something else comes first, `alone` stands alone.
    pub(super) fn lead(&mut self, kind: BlockKind, text: String, alone: String) -> Result<(), ParseError> {
        self.end_lead()?;
        self.lead = Some(Lead { kind, text, alone });
        Ok(())
    }

    /// Ends the run and whatever waited for one.
    pub(super) fn end_lead(&mut self) -> Result<(), ParseError> {
        self.flush()?;
        match self.lead.take() {
            Some(lead) => self.put(lead.kind, &squeeze(&lead.alone)),
            None => Ok(()),
        }
    }

    /// Adds a whole block; white space is collapsed except in code. An empty one is left out.
    pub(super) fn block(&mut self, kind: BlockKind, text: &str) -> Result<(), ParseError> {
        self.end_lead()?;
        if kind == BlockKind::Code { self.put(kind, &tidy_code(text)) } else { self.put(kind, &squeeze(text)) }
    }

    /// Keeps the next list item or table row apart from those before it.
    pub(super) fn gap(&mut self) {
        self.gap = true;
    }

    fn put(&mut self, kind: BlockKind, text: &str) -> Result<(), ParseError> {
        if text.is_empty() {
            return Ok(());
        }
        let separator = match self.blocks.last() {
            None => "",
            Some(last)
                if last.kind == kind && !self.gap && matches!(kind, BlockKind::ListItem | BlockKind::TableRow) =>
            {
                "\n"
            }
            Some(_) => "\n\n",
        };
        self.gap = false;
        if self.text.len() + separator.len() + text.len() > self.limits.text_bytes {
            let mib = self.limits.text_bytes >> 20;
            return Err(ParseError::too_large(format!("it has more than {mib} MiB of text")));
        }
        if self.blocks.len() >= self.limits.blocks {
            let blocks = self.limits.blocks;
            return Err(ParseError::too_large(format!("it has more than {blocks} paragraphs or rows")));
        }
        self.text.push_str(separator);
        let start = self.text.len();
        self.text.push_str(text);
        self.blocks.push(Block { kind, start, end: self.text.len() });
        Ok(())
    }

    /// Whether no block has been written.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The text of the first top heading.
    fn first_heading(&self) -> Option<String> {
        let block = self.blocks.iter().find(|block| block.kind == BlockKind::Heading(1))?;
        Some(self.text[block.start..block.end].to_owned())
    }

    /// The document; its title is `title`, else the first heading of level 1.
    pub(super) fn finish(mut self, title: Option<&str>, why_empty: &str) -> Result<Parsed, ParseError> {
        self.end_lead()?;
        if self.blocks.is_empty() {
            return Err(ParseError::NoText { why: why_empty.to_owned() });
        }
        let title = title.map(squeeze).filter(|title| !title.is_empty()).or_else(|| self.first_heading());
        Ok(Parsed { title, text: self.text, blocks: self.blocks })
    }
}

/// One line with single spaces, without the characters that only steer line breaking.
pub(super) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            space = true;
        } else if !is_invisible(c) {
            if space && !out.is_empty() {
                out.push(' ');
            }
            space = false;
            out.push(c);
        }
    }
    out
}

/// Soft hyphens, zero-width spaces, byte order marks and control characters.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Code without blank lines at its ends, without spaces at the ends of its lines and without the indentation of all of it.
fn tidy_code(text: &str) -> String {
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let indent = text.lines().filter(|line| !line.trim().is_empty()).map(spaces).min().unwrap_or(0);
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines() {
        let line: String = line
            .get(indent..)
            .unwrap_or_default()
            .chars()
            .filter(|c| *c == '\t' || !is_invisible(*c))
            .map(|c| if c == '\u{a0}' { ' ' } else { c })
            .collect();
        let line = line.trim_end();
        if line.is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.extend(std::iter::repeat_n('\n', blank + 1));
        }
        blank = 0;
        out.push_str(line);
    }
    out
}
