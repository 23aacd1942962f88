//! Markdown: `CommonMark` with tables, task lists, footnotes and front matter.

use pulldown_cmark::{CodeBlockKind, Event, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::writer::Writer;
use super::{BlockKind, Limits, ParseError, Parsed, decode, html, table};

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    let source = decode::decode(bytes, None)?;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut reader = Reader::new(limits);
    for event in Parser::new_ext(source.trim_start_matches('\u{feff}'), options) {
        reader.event(event)?;
    }
    reader.out.finish(reader.title.as_deref(), "it consists of marks without words")
}

/// Where text goes.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// Into the run of the writer.
    Flow,
    /// Into `buffer`: a heading, a code block, a table cell, a term.
    Buffer,
    /// Into the HTML source of `buffer`.
    Html,
    /// Into the front matter of `buffer`.
    FrontMatter,
}

struct Reader<'l> {
    out: Writer<'l>,
    target: Target,
    buffer: String,
    title: Option<String>,
    /// The next number of each list that is open; `None` for bullets.
    lists: Vec<Option<u64>>,
    links: usize,
    /// Depth of images inside links: badges, whose alternative text is no content.
    badges: usize,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    terms: Vec<String>,
}

impl<'l> Reader<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            out: Writer::new(limits),
            target: Target::Flow,
            buffer: String::new(),
            title: None,
            lists: Vec::new(),
            links: 0,
            badges: 0,
            header: Vec::new(),
            rows: Vec::new(),
            terms: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), ParseError> {
        match event {
            Event::Start(tag) => self.start(tag)?,
            Event::End(tag) => self.end(tag)?,
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text);
            }
            Event::Html(source) if self.target == Target::Html => self.buffer.push_str(&source),
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.text(" "),
            Event::SoftBreak | Event::HardBreak => self.text(" "),
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }),
            Event::Rule => self.out.flush()?,
            Event::Html(_) | Event::InlineHtml(_) | Event::FootnoteReference(_) => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.badges > 0 {
            return;
        }
        if self.target == Target::Flow {
            self.out.inline(text);
        } else {
            self.buffer.push_str(text);
        }
    }

    fn collect(&mut self, target: Target) {
        self.target = target;
        self.buffer.clear();
    }

    fn collected(&mut self) -> String {
        self.target = Target::Flow;
        std::mem::take(&mut self.buffer)
    }

    fn start(&mut self, tag: Tag<'_>) -> Result<(), ParseError> {
        match tag {
            Tag::Heading { .. } | Tag::TableCell | Tag::DefinitionListTitle => self.collect(Target::Buffer),
            Tag::CodeBlock(kind) => {
                self.out.flush()?;
                self.collect(Target::Buffer);
                // Diagrams are drawn by a program; their source is still the only text there is.
                let _: CodeBlockKind<'_> = kind;
            }
            Tag::HtmlBlock => self.collect(Target::Html),
            Tag::MetadataBlock(_) => self.collect(Target::FrontMatter),
            Tag::List(first) => {
                self.out.flush()?;
                self.lists.push(first);
            }
            Tag::Item => self.item()?,
            Tag::DefinitionListDefinition => {
                let term = std::mem::take(&mut self.terms).join(", ");
                self.out.lead(BlockKind::ListItem, format!("{term}: "), term)?;
            }
            Tag::Table(_) => {
                self.out.flush()?;
                self.header.clear();
                self.rows.clear();
            }
            Tag::TableRow => self.rows.push(Vec::new()),
            Tag::Paragraph | Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) => self.out.flush()?,
            Tag::Link { .. } => self.links += 1,
            Tag::Image { .. } => self.badges += usize::from(self.links > 0 || self.badges > 0),
            _ => {}
        }
        Ok(())
    }

    fn item(&mut self) -> Result<(), ParseError> {
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => String::new(),
        };
        self.out.lead(BlockKind::ListItem, marker, String::new())
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), ParseError> {
        match tag {
            TagEnd::Heading(level) => {
                let text = self.collected();
                self.out.block(BlockKind::Heading(level as u8), &text)?;
            }
            TagEnd::CodeBlock => {
                let code = self.collected();
                self.out.block(BlockKind::Code, &code)?;
            }
            TagEnd::HtmlBlock => {
                let source = self.collected();
                html::append_fragment(&mut self.out, &source)?;
            }
            TagEnd::MetadataBlock(kind) => {
                let source = self.collected();
                self.title = front_matter_title(&source, kind);
            }
            TagEnd::DefinitionListTitle => {
                let term = self.collected();
                self.terms.push(term.trim().trim_end_matches(':').to_owned());
            }
            TagEnd::TableCell => {
                let cell = self.collected();
                match self.rows.last_mut() {
                    Some(row) => row.push(cell),
                    None => self.header.push(cell),
                }
            }
            TagEnd::Table => table::write(&mut self.out, &self.header, &self.rows)?,
            TagEnd::Item | TagEnd::DefinitionListDefinition => self.out.end_lead()?,
            TagEnd::List(_) => {
                self.out.flush()?;
                self.lists.pop();
            }
            TagEnd::Paragraph | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => self.out.flush()?,
            TagEnd::Link => self.links = self.links.saturating_sub(1),
            TagEnd::Image => self.badges = self.badges.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }
}

/// The `title` of front matter; nothing else of it is meant for readers.
fn front_matter_title(source: &str, kind: MetadataBlockKind) -> Option<String> {
    let separator = match kind {
        MetadataBlockKind::YamlStyle => ':',
        MetadataBlockKind::PlusesStyle => '=',
    };
    source.lines().find_map(|line| {
        let (key, value) = line.split_once(separator)?;
        let value = value.trim().trim_matches(['"', '\'']).trim();
        (key == "title" || key == "title ").then(|| value.to_owned()).filter(|title| !title.is_empty())
    })
}
