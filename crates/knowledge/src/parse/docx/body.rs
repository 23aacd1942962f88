//! The paragraphs and tables of a part of a Word document.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::styles::{Role, Styles};
use super::{attribute, character, is_on, next};
use crate::parse::writer::{Writer, squeeze};
use crate::parse::{BlockKind, ParseError, table};

/// Elements whose content is not part of the current text: deleted and moved text, field codes, earlier formatting, and the
/// second version of something that is there in a newer form.
const SKIPPED: &[&str] = &[
    "del",
    "moveFrom",
    "delText",
    "instrText",
    "pPrChange",
    "rPrChange",
    "tblPrChange",
    "trPrChange",
    "tcPrChange",
    "sectPrChange",
    "Fallback",
];
/// Tables within tables within cells; beyond it only the text is kept.
const MAX_TABLES: usize = 32;

#[derive(Debug)]
struct Paragraph {
    text: String,
    role: Role,
    list: bool,
    outline: Option<u8>,
}

#[derive(Debug, Default)]
struct Table {
    rows: Vec<Vec<String>>,
    /// Columns that the current cell takes, and whether it continues the cell above.
    span: usize,
    merged: bool,
    header: bool,
    first_row_bold: bool,
    cell: String,
}

struct Body<'a, 'l> {
    styles: &'a Styles,
    out: &'a mut Writer<'l>,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    title: Option<String>,
    in_text: bool,
    in_run: bool,
    bold: bool,
}

/// Writes the blocks of a part and returns the paragraph in the style `Title`, if there is one.
pub(super) fn read(source: &str, styles: &Styles, out: &mut Writer<'_>) -> Result<Option<String>, ParseError> {
    let mut reader = Reader::from_str(source);
    let mut body = Body {
        styles,
        out,
        paragraphs: Vec::new(),
        tables: Vec::new(),
        title: None,
        in_text: false,
        in_run: false,
        bold: false,
    };
    let (mut open, mut skipped) = (0_usize, 0_usize);
    loop {
        let event = next(&mut reader, "word/document.xml")?;
        match &event {
            Event::Start(tag) => {
                open += 1;
                if skipped > 0 || SKIPPED.contains(&tag.local_name().as_ref()) {
                    skipped += 1;
                } else {
                    body.start(tag);
                }
            }
            Event::End(tag) => {
                open = open.saturating_sub(1);
                if skipped > 0 {
                    skipped -= 1;
                } else {
                    body.end(tag.local_name().as_ref())?;
                }
            }
            Event::Empty(tag) if skipped == 0 && !SKIPPED.contains(&tag.local_name().as_ref()) => {
                body.start(tag);
                body.end(tag.local_name().as_ref())?;
            }
            Event::Text(text) if skipped == 0 => body.text(&text.xml10_content()),
            Event::CData(text) if skipped == 0 => body.text(&text.xml10_content()),
            Event::GeneralRef(reference) if skipped == 0 => {
                if let Some(c) = character(reference) {
                    body.text(c.encode_utf8(&mut [0; 4]));
                }
            }
            Event::Eof if open > 0 => return Err(ParseError::damaged("the text of the Word document is cut off")),
            Event::Eof => return Ok(body.title),
            _ => {}
        }
    }
}

impl Body<'_, '_> {
    fn start(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "p" => {
                self.paragraphs.push(Paragraph { text: String::new(), role: Role::Body, list: false, outline: None });
            }
            "pStyle" => {
                let role = attribute(tag, "val").map_or(Role::Body, |id| self.styles.role(&id));
                self.in_paragraph(|paragraph| paragraph.role = role);
            }
            "outlineLvl" => {
                let level = attribute(tag, "val").and_then(|level| level.parse::<u8>().ok()).filter(|level| *level < 9);
                self.in_paragraph(|paragraph| paragraph.outline = level);
            }
            // Number 0 takes a paragraph out of the list of its style.
            "numId" => {
                let list = attribute(tag, "val").as_deref() != Some("0");
                self.in_paragraph(|paragraph| paragraph.list = list);
            }
            "r" => (self.in_run, self.bold) = (true, false),
            "b" if self.in_run => self.bold = is_on(tag),
            "t" => self.in_text = true,
            "tab" if self.in_run => self.push(" "),
            "br" | "cr" => self.push(" "),
            "noBreakHyphen" => self.push("-"),
            "tbl" if self.tables.len() < MAX_TABLES => {
                self.tables.push(Table { first_row_bold: true, ..Table::default() });
            }
            "tr" => self.in_table(|table| table.rows.push(Vec::new())),
            "tc" => self.in_table(|table| (table.span, table.merged) = (1, false)),
            "tblHeader" if is_on(tag) => self.in_table(|table| table.header |= table.rows.len() == 1),
            "gridSpan" => {
                let span = attribute(tag, "val").and_then(|span| span.parse().ok()).unwrap_or(1_usize).clamp(1, 200);
                self.in_table(|table| table.span = span);
            }
            "vMerge" => {
                let merged = attribute(tag, "val").as_deref() != Some("restart");
                self.in_table(|table| table.merged = merged);
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) -> Result<(), ParseError> {
        match name {
            "p" => self.end_paragraph()?,
            "r" => self.in_run = false,
            "t" => self.in_text = false,
            "tc" => self.in_table(end_cell),
            "tbl" => self.end_table()?,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.in_text {
            let bold = self.bold;
            if !bold && !text.trim().is_empty() {
                self.in_table(|table| table.first_row_bold &= table.rows.len() > 1);
            }
            self.push(text);
        }
    }

    fn push(&mut self, text: &str) {
        self.in_paragraph(|paragraph| paragraph.text.push_str(text));
    }

    fn in_paragraph(&mut self, change: impl FnOnce(&mut Paragraph)) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            change(paragraph);
        }
    }

    fn in_table(&mut self, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.last_mut() {
            change(table);
        }
    }

    fn end_paragraph(&mut self) -> Result<(), ParseError> {
        let Some(paragraph) = self.paragraphs.pop() else {
            return Ok(());
        };
        if let Some(table) = self.tables.last_mut() {
            append(&mut table.cell, &squeeze(&paragraph.text));
            return Ok(());
        }
        let outline = paragraph.outline.map(|level| Role::Heading((level + 1).min(6)));
        match outline.unwrap_or(paragraph.role) {
            Role::Contents => Ok(()),
            Role::Title => {
                let text = squeeze(&paragraph.text);
                self.out.block(BlockKind::Heading(1), &text)?;
                self.title = self.title.take().or(Some(text).filter(|text| !text.is_empty()));
                Ok(())
            }
            Role::Heading(level) => self.out.block(BlockKind::Heading(level), &paragraph.text),
            Role::List => self.out.block(BlockKind::ListItem, &paragraph.text),
            Role::Body if paragraph.list => self.out.block(BlockKind::ListItem, &paragraph.text),
            Role::Body => self.out.block(BlockKind::Paragraph, &paragraph.text),
        }
    }

    fn end_table(&mut self) -> Result<(), ParseError> {
        let Some(mut done) = self.tables.pop() else {
            return Ok(());
        };
        done.rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        if let Some(outer) = self.tables.last_mut() {
            for row in &done.rows {
                append(&mut outer.cell, &table::line::<&str, _>(&[], row));
            }
            return Ok(());
        }
        let named = done.header
            || (done.first_row_bold && table::first_row_is_header(&done.rows))
            || table::first_row_is_surely_header(&done.rows);
        let header = if named && done.rows.len() > 1 { done.rows.remove(0) } else { Vec::new() };
        table::write(self.out, &header, &done.rows)
    }
}

/// Puts a cell into its columns; one that continues the cell above repeats its text, so that each row explains itself.
fn end_cell(table: &mut Table) {
    let mut text = std::mem::take(&mut table.cell);
    let Some((row, above)) = table.rows.split_last_mut() else {
        return;
    };
    if table.merged
        && let Some(cell) = above.last().and_then(|above| above.get(row.len()))
    {
        text.clone_from(cell);
    }
    row.push(text);
    row.extend(std::iter::repeat_n(String::new(), table.span.saturating_sub(1)));
}

/// Adds a paragraph of a cell to what stands in it.
fn append(cell: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if !cell.is_empty() {
        cell.push_str(if cell.ends_with(['.', ':', ';', ',', '!', '?']) { " " } else { "; " });
    }
    cell.push_str(text);
}
