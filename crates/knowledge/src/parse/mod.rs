//! Turns the bytes of an uploaded file into plain text and its blocks.
//!
//! The text is what people read and what citations point into, so every format obeys the same conventions:
//! - blocks are separated by a blank line, consecutive list items and table rows by a line end;
//! - a paragraph, a heading, a list item and a table row is one line with single spaces; code keeps its lines;
//! - a row of a table with a header explains itself (`Users: 100; P95: 520 ms`), other rows join their cells with ` | `;
//! - no markup remains.
//!
//! One file per format. [`detect`] finds the format, [`parse`] dispatches, `writer` applies the conventions.

mod csv;
mod decode;
mod detect;
mod docx;
mod html;
mod json_lines;
mod markdown;
mod pdf;
mod table;
mod text;
mod writer;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use detect::{Unsupported, detect};

/// The document formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Plain text.
    Text,
    /// `CommonMark` with tables, task lists and footnotes.
    Markdown,
    /// HTML and XHTML.
    Html,
    /// PDF with a text layer.
    Pdf,
    /// Word since 2007 (Office Open XML).
    Docx,
    /// Values separated by commas, semicolons, tabs or bars.
    Csv,
    /// One JSON record a line; also a JSON file that holds one value.
    JsonLines,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Markdown, Self::Html, Self::Pdf, Self::Docx, Self::Csv, Self::JsonLines];

    /// The stored name, the same as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Csv => "csv",
            Self::JsonLines => "json_lines",
        }
    }

    /// The media type for a `Content-Type` header, without a charset.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Csv => "text/csv",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A stored name that is no [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a document format")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// A document as plain text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// What the document calls itself, where it says so.
    pub title: Option<String>,
    /// The text that people read and that citations point into.
    pub text: String,
    /// The blocks of `text`, in order and without overlap.
    pub blocks: Vec<Block>,
}

/// A piece of the document's structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// What the block is.
    pub kind: BlockKind,
    /// First byte in [`Parsed::text`], on a character boundary.
    pub start: usize,
    /// Byte after the last one, on a character boundary and above `start`.
    pub end: usize,
}

/// What a [`Block`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading of level 1 to 6.
    Heading(u8),
    /// Running text.
    Paragraph,
    /// One point of a list, or a term with the first paragraph of its definition.
    ListItem,
    /// One row of a table, or one record.
    TableRow,
    /// Preformatted lines.
    Code,
}

/// What one document may cost. They protect the server from decompression bombs and from files that only look small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of extracted text.
    pub text_bytes: usize,
    /// Bytes that all compressed parts of a file may inflate to together.
    pub inflated_bytes: u64,
    /// Blocks of extracted text.
    pub blocks: usize,
    /// Pages of a PDF.
    pub pages: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text_bytes: 32 << 20, inflated_bytes: 256 << 20, blocks: 1_000_000, pages: 20_000 }
    }
}

/// Why a file could not be read. The message is meant for the person who uploaded it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A password is needed.
    #[error("the file is protected with a password: remove the protection and upload it again")]
    Encrypted,
    /// The bytes do not make a file of this format; often an upload or a download that was cut off.
    #[error("the file is damaged: {what}. Save or export it again and upload the new copy")]
    Damaged {
        /// What is wrong, and where.
        what: String,
    },
    /// A limit of [`Limits`] is exceeded.
    #[error("the file is too large: {what}. Split it into smaller documents")]
    TooLarge {
        /// Which limit, with its figure.
        what: String,
    },
    /// The file is sound, but holds no text.
    #[error("the file holds no text: {why}")]
    NoText {
        /// The likely reason, and what to do.
        why: String,
    },
}

impl ParseError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    pub(crate) fn too_large(what: impl Into<String>) -> Self {
        Self::TooLarge { what: what.into() }
    }
}

/// Extracts the text of `bytes`, which [`detect`] found to be of `format`.
///
/// Takes time in proportion to the file (a few milliseconds a megabyte, PDF more): call it off the async threads.
pub fn parse(format: Format, bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    match format {
        Format::Text => text::parse(bytes, limits),
        Format::Markdown => markdown::parse(bytes, limits),
        Format::Html => html::parse(bytes, limits),
        Format::Pdf => pdf::parse(bytes, limits),
        Format::Docx => docx::parse(bytes, limits),
        Format::Csv => csv::parse(bytes, limits),
        Format::JsonLines => json_lines::parse(bytes, limits),
    }
}
