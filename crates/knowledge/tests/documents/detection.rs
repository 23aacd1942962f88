//! What a file is.

use knowledge::parse::{Format, Unsupported, detect};

use crate::samples::{docx, pdf_document, saved, zip};

fn what(bytes: &[u8], name: &str) -> String {
    match detect(bytes, name) {
        Err(error) => error.to_string(),
        Ok(format) => panic!("taken for {format}"),
    }
}

#[test]
fn content_decides_not_the_name() {
    let pdf = saved(pdf_document(&[vec![(72.0, 700.0, "F1", 10.0, "Text")]]));
    let page = b"<!DOCTYPE html><html><body><p>Hello</p></body></html>";
    assert_eq!(detect(&pdf, "notes.txt"), Ok(Format::Pdf));
    assert_eq!(detect(page, "report.pdf"), Ok(Format::Html));
    assert_eq!(detect(&docx("<w:p/>"), "report.pdf"), Ok(Format::Docx));
    assert_eq!(detect(b"{\"a\": 1}\n{\"a\": 2}\n", "data.txt"), Ok(Format::JsonLines));
    assert_eq!(detect(b"Just a plain sentence.", "photo.jpg"), Ok(Format::Text));
    assert_eq!(detect(b"name,age,city\nAda,36,London\nAlan,41,Wilmslow\n", "people.txt"), Ok(Format::Csv));
    assert_eq!(detect(b"# Title\n\nSee [this](https://example.org).\n", "readme"), Ok(Format::Markdown));
}

#[test]
fn the_name_decides_between_texts_that_look_alike() {
    let text = b"First line\nSecond line\n";
    assert_eq!(detect(text, "a.txt"), Ok(Format::Text));
    assert_eq!(detect(text, "a.MD"), Ok(Format::Markdown));
    assert_eq!(detect(b"name;age\nAda;36\n", "a.csv"), Ok(Format::Csv));
    assert_eq!(detect(b"<p align=\"center\">Logo</p>\n\n# Title\n", "README.md"), Ok(Format::Markdown));
    // A comment of a configuration file is no heading.
    assert_eq!(detect(b"# port to listen on\nport = 80\n", "a.txt"), Ok(Format::Text));
}

#[test]
fn prose_with_commas_is_no_table_and_text_about_pdf_no_pdf() {
    let prose = b"Yes, no, maybe.\nRed, green, blue.\nOne, two, three.\n";
    assert_eq!(detect(prose, "a.txt"), Ok(Format::Text));
    assert_eq!(detect(b"A file begins with %PDF- and a version.\n", "a.txt"), Ok(Format::Text));
}

#[test]
fn empty_files_are_named_so() {
    for bytes in [&b""[..], b" \n\t\r\n", b"\xef\xbb\xbf \n"] {
        assert_eq!(detect(bytes, "a.txt"), Err(Unsupported::Empty));
    }
}

#[test]
fn what_cannot_be_read_is_called_by_its_name() {
    let old_word = |stream: &str| {
        let mut bytes = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
        bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    assert!(what(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.txt").contains("a PNG image"));
    assert!(what(b"\xff\xd8\xff\xe0\0\x10JFIF", "a.pdf").contains("a JPEG image"));
    assert!(what(b"{\\rtf1 Hello}", "a.rtf").contains("rich text"));
    assert!(what(&zip(&[("a.txt", b"x")]), "a.docx").contains("a ZIP archive that is not a Word document"));
    assert!(what(&zip(&[("xl/workbook.xml", b"x")]), "a.xlsx").contains("an Excel workbook"));
    assert!(what(&old_word("WordDocument"), "a.doc").contains("an old .doc Word file"));
    assert!(what(&old_word("EncryptedPackage"), "a.docx").contains("password"));
    assert!(what(b"<svg xmlns=\"http://www.w3.org/2000/svg\"><text>Hi</text></svg>", "a.svg").contains("an SVG image"));
    assert!(what(b"text\0\x01\x02\x03\x04more\0\0\0", "a.txt").contains("a binary file"));
    let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert!(what(&noise, "a.txt").contains("a binary file"));
}

#[test]
fn stored_names_round_trip() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
        assert!(format.media_type().contains('/'));
    }
    assert!("xlsx".parse::<Format>().is_err());
}
