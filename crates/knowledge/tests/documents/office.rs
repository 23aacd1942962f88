//! Word documents.

use knowledge::parse::{Format, Limits, ParseError, parse};

use crate::samples::{blocks, docx, read, read_small, zip};

fn paragraph(properties: &str, text: &str) -> String {
    format!(r#"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>"#)
}

#[test]
fn styles_lists_links_and_tables_are_understood() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph("", text));
    let row = |cells: &[&str]| format!("<w:tr>{}</w:tr>", cells.iter().map(|text| cell(text)).collect::<String>());
    let body = [
        paragraph(r#"<w:pStyle w:val="Titel"/>"#, "Holidays"),
        paragraph(r#"<w:pStyle w:val="Verzeichnis1"/>"#, "Days ..... 2"),
        paragraph(r#"<w:pStyle w:val="Eigene"/>"#, "Days"),
        "<w:p><w:r><w:t>Ask </w:t></w:r><w:hyperlink><w:r><w:t>your </w:t></w:r></w:hyperlink><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>manager &amp; team&#33;</w:t></w:r></w:ins></w:p>".to_owned(),
        paragraph(r#"<w:numPr><w:numId w:val="1"/></w:numPr>"#, "early"),
        paragraph(r#"<w:numPr><w:numId w:val="1"/></w:numPr>"#, "in writing"),
        format!("<w:tbl>{}{}{}</w:tbl>", row(&["Service", "Days", "Remark"]), row(&["1 year", "27", ""]), row(&["8 years", "32", "most"])),
        "<w:p><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>".to_owned(),
    ]
    .concat();
    let parsed = read(&docx(&body), "holidays.docx");
    assert_eq!(parsed.title.as_deref(), Some("Holidays"));
    assert_eq!(
        blocks(&parsed),
        [
            "H1 Holidays",
            "H1 Days",
            "P Ask your manager & team!",
            "L early",
            "L in writing",
            "T Service: 1 year; Days: 27",
            "T Service: 8 years; Days: 32; Remark: most",
        ]
    );
    let untitled = read(&docx(&paragraph("", "Text.")), "a.docx");
    assert_eq!(untitled.title.as_deref(), Some("Holidays & Leave"));
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let bomb = docx(&paragraph("", &"a".repeat(16 << 20)));
    assert!(bomb.len() < 100_000, "it is small on disk");
    assert!(matches!(read_small(Format::Docx, &bomb), Err(ParseError::TooLarge { .. })));
}

#[test]
fn entities_are_not_expanded() {
    let lol = r#"<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><w:document xmlns:w="w"><w:body><w:p><w:r><w:t>x&b;y</w:t></w:r></w:p></w:body></w:document>"#;
    let file = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", lol.as_bytes())]);
    assert_eq!(read(&file, "a.docx").text, "xy");
}

#[test]
fn damage_is_said() {
    let whole = docx(&paragraph("", "Text."));
    let cut = &whole[..whole.len() / 2];
    assert_eq!(knowledge::parse::detect(cut, "a.docx"), Ok(Format::Docx));
    let error = parse(Format::Docx, cut, &Limits::default()).expect_err("cut off");
    assert!(matches!(&error, ParseError::Damaged { what } if what.contains("directory")), "{error}");
    let empty = parse(Format::Docx, &docx("<w:p/>"), &Limits::default()).expect_err("no text");
    assert!(matches!(empty, ParseError::NoText { .. }), "{empty}");
    let broken = zip(&[("word/document.xml", b"<w:document><w:p></w:q>")]);
    assert!(matches!(parse(Format::Docx, &broken, &Limits::default()), Err(ParseError::Damaged { .. })));
}
