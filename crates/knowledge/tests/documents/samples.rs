//! Documents made in code, and short ways to look at what was read.

use std::io::{Cursor, Write};

use knowledge::parse::{self, BlockKind, Format, Limits, ParseError, Parsed};
use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, Stream, dictionary};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Detects, then reads.
pub(crate) fn read(bytes: &[u8], name: &str) -> Parsed {
    let format = parse::detect(bytes, name).expect("a known format");
    parse::parse(format, bytes, &Limits::default()).expect("a sound document")
}

/// Reads with small limits, so that tests need no large files.
pub(crate) fn read_small(format: Format, bytes: &[u8]) -> Result<Parsed, ParseError> {
    let limits = Limits { text_bytes: 1 << 20, inflated_bytes: 4 << 20, ..Limits::default() };
    parse::parse(format, bytes, &limits)
}

/// Each block with a letter for its kind: `H2`, `P`, `L`, `T`, `C`.
pub(crate) fn blocks(parsed: &Parsed) -> Vec<String> {
    let block = |block: &parse::Block| {
        let kind = match block.kind {
            BlockKind::Heading(level) => format!("H{level}"),
            BlockKind::Paragraph => "P".to_owned(),
            BlockKind::ListItem => "L".to_owned(),
            BlockKind::TableRow => "T".to_owned(),
            BlockKind::Code => "C".to_owned(),
        };
        format!("{kind} {}", &parsed.text[block.start..block.end])
    };
    parsed.blocks.iter().map(block).collect()
}

/// A ZIP archive of parts.
pub(crate) fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a part");
        writer.write_all(content).expect("in memory");
    }
    writer.finish().expect("an archive").into_inner()
}

/// A Word document with this body.
pub(crate) fn docx(body: &str) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    let styles = r#"<w:styles xmlns:w="w"><w:style w:styleId="Titel"><w:name w:val="Title"/></w:style>
        <w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
        <w:style w:styleId="Eigene"><w:name w:val="House heading"/><w:basedOn w:val="berschrift1"/></w:style>
        <w:style w:styleId="Verzeichnis1"><w:name w:val="toc 1"/></w:style></w:styles>"#;
    let core =
        r#"<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>Holidays &amp; Leave</dc:title></cp:coreProperties>"#;
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", document.as_bytes()),
        ("word/styles.xml", styles.as_bytes()),
        ("docProps/core.xml", core.as_bytes()),
    ])
}

/// A line of a page: left edge, baseline, font (`F1` regular, `F2` bold, `F3` typewriter), size, text.
pub(crate) type Placed<'t> = (f32, f32, &'t str, f32, &'t str);

/// A PDF with these pages.
pub(crate) fn pdf_document(pages: &[Vec<Placed<'_>>]) -> Document {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let mut font = |name: &str| {
        document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => name, "Encoding" => "WinAnsiEncoding",
        })
    };
    let (regular, bold, fixed) = (font("Helvetica"), font("Helvetica-Bold"), font("Courier"));
    let resources = document.add_object(dictionary! {
        "Font" => dictionary! { "F1" => regular, "F2" => bold, "F3" => fixed },
    });
    let mut kids: Vec<Object> = Vec::new();
    for page in pages {
        let mut operations = Vec::new();
        for (x, y, font, size, text) in page {
            operations.push(Operation::new("BT", vec![]));
            operations.push(Operation::new("Tf", vec![(*font).into(), (*size).into()]));
            operations.push(Operation::new("Td", vec![(*x).into(), (*y).into()]));
            operations.push(Operation::new("Tj", vec![Object::string_literal(*text)]));
            operations.push(Operation::new("ET", vec![]));
        }
        let content = Content { operations }.encode().expect("a content stream");
        let content = document.add_object(Stream::new(dictionary! {}, content));
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        });
        kids.push(page.into());
    }
    let count = i64::try_from(kids.len()).expect("few pages");
    document.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    document
}

/// The bytes of a PDF.
pub(crate) fn saved(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.compress();
    document.save_to(&mut bytes).expect("in memory");
    bytes
}

/// Lines one below the other from the top of a page, in the regular font.
pub(crate) fn column<'t>(top: f32, lines: &[&'t str]) -> Vec<Placed<'t>> {
    let mut y = top;
    let mut placed = Vec::new();
    for line in lines {
        placed.push((72.0, y, "F1", 10.0, *line));
        y -= 12.0;
    }
    placed
}
