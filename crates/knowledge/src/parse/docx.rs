//! Word documents: the parts of the ZIP archive that hold text, read as a stream of XML events.
//!
//! Entities of a document type are never expanded, so that nested ones cannot blow up: only the five of XML and numeric
//! references mean something.

mod body;
mod styles;

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;
use zip::result::ZipError;

use super::writer::Writer;
use super::{Limits, ParseError, Parsed, decode};

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| ParseError::damaged("the directory of the Word document is missing, as after a broken upload"))?;
    let mut package = Package { archive: &mut archive, left: limits.inflated_bytes, limit: limits.inflated_bytes };
    let Some(document) = package.part("word/document.xml")? else {
        return Err(ParseError::damaged("the Word document has no main part"));
    };
    let styles = match package.part("word/styles.xml")? {
        Some(source) => styles::read(&source)?,
        None => styles::Styles::default(),
    };
    let title = match package.part("docProps/core.xml")? {
        Some(source) => core_title(&source)?,
        None => None,
    };
    let mut writer = Writer::new(limits);
    let styled_title = body::read(&document, &styles, &mut writer)?;
    drop(document);
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(source) = package.part(notes)? {
            body::read(&source, &styles, &mut writer)?;
        }
    }
    let title = styled_title.or(title);
    writer.finish(title.as_deref(), "its pages may be pictures; run text recognition (OCR) on it first")
}

/// The archive with what may still be inflated.
struct Package<'a, 'b> {
    archive: &'a mut ZipArchive<Cursor<&'b [u8]>>,
    left: u64,
    limit: u64,
}

impl Package<'_, '_> {
    /// The text of a part, or `None` where the document has none of that name.
    fn part(&mut self, name: &str) -> Result<Option<String>, ParseError> {
        let file = match self.archive.by_name(name) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => return Err(ParseError::Encrypted),
            Err(error) => return Err(ParseError::damaged(format!("{name} cannot be read ({error})"))),
        };
        let mut content = Vec::new();
        // The size that the archive declares may be a lie; only what comes out counts.
        file.take(self.left.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| ParseError::damaged(format!("{name} cannot be unpacked ({error})")))?;
        let size = content.len() as u64;
        if size > self.left {
            let mib = self.limit >> 20;
            return Err(ParseError::too_large(format!("it unpacks to more than {mib} MiB")));
        }
        self.left -= size;
        decode::decode(&content, None).map(|text| Some(text.into_owned()))
    }
}

/// The title of the document's properties.
fn core_title(source: &str) -> Result<Option<String>, ParseError> {
    let mut reader = Reader::from_str(source);
    let mut title: Option<String> = None;
    loop {
        match next(&mut reader, "docProps/core.xml")? {
            Event::Start(tag) if tag.local_name().as_ref() == "title" => title = Some(String::new()),
            Event::Text(text) => {
                if let Some(title) = &mut title {
                    title.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) => {
                if let (Some(title), Some(c)) = (&mut title, character(&reference)) {
                    title.push(c);
                }
            }
            Event::End(tag) if tag.local_name().as_ref() == "title" => break,
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(title.filter(|title| !title.trim().is_empty()))
}

/// The next event of a part.
fn next<'s>(reader: &mut Reader<&'s [u8]>, part: &str) -> Result<Event<'s>, ParseError> {
    let position = reader.buffer_position();
    reader
        .read_event()
        .map_err(|error| ParseError::damaged(format!("{part} is not valid XML at byte {position} ({error})")))
}

/// The character that a reference names; entities of a document type name none.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    match reference.xml10_content().as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

/// An attribute by its name without prefix, as written: the values read here hold no references.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    tag.attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)
        .map(|attribute| attribute.value.into_owned())
}

/// Whether a property that is on by its presence is on.
fn is_on(tag: &BytesStart<'_>) -> bool {
    !matches!(attribute(tag, "val").as_deref(), Some("0" | "false" | "off" | "none"))
}
