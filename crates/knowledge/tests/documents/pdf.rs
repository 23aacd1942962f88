//! PDF files.

use knowledge::parse::{Format, ParseError};
use lopdf::{EncryptionState, EncryptionVersion, Object, Permissions, Stream, dictionary};

use crate::samples::{Placed, blocks, column, pdf_document, read, read_small, saved};

#[test]
fn pages_become_headings_paragraphs_lists_and_code() {
    let mut page: Vec<Placed<'_>> =
        vec![(72.0, 780.0, "F1", 20.0, "Data Policy"), (72.0, 750.0, "F2", 14.0, "1. Scope")];
    page.extend(column(
        730.0,
        &[
            "This policy says how we look after the personal data that our",
            "customers have entrusted to us. It is in force, and the docu-",
            "ments that came before it are not.",
        ],
    ));
    page.push((72.0, 670.0, "F1", 10.0, "Report at once:"));
    page.push((80.0, 658.0, "F1", 10.0, "\u{95} a lost device"));
    page.push((80.0, 646.0, "F1", 10.0, "\u{95} a stolen one"));
    page.push((72.0, 620.0, "F3", 10.0, "make check"));
    page.push((84.0, 608.0, "F3", 10.0, "make test"));
    // A bullet is byte 0x95 of the encoding that the samples use.
    let mut document = pdf_document(&[page]);
    for object in document.objects.values_mut() {
        if let Object::Stream(stream) = object {
            let content = String::from_utf8_lossy(&stream.content).replace('\u{95}', "\\225");
            stream.set_plain_content(content.into_bytes());
        }
    }
    let parsed = read(&saved(document), "policy.pdf");
    assert_eq!(parsed.title.as_deref(), Some("Data Policy"));
    assert_eq!(
        blocks(&parsed),
        [
            "H1 Data Policy",
            "H2 1. Scope",
            "P This policy says how we look after the personal data that our customers have entrusted to us. It is in force, and the documents that came before it are not.",
            "P Report at once:",
            "L a lost device",
            "L a stolen one",
            "C make check\n  make test",
        ]
    );
}

#[test]
fn headers_footers_and_page_numbers_are_dropped_and_paragraphs_cross_pages() {
    let pages: Vec<Vec<Placed<'_>>> =
        ["and so it begins on page one and", "goes on over the second page and", "ends on the third page."]
            .iter()
            .zip(["Page 1 of 3", "Page 2 of 3", "Page 3 of 3"])
            .map(|(text, number)| {
                vec![
                    (72.0, 800.0, "F1", 10.0, "Brackenrow Handbook 2026"),
                    (72.0, 700.0, "F1", 10.0, *text),
                    (280.0, 30.0, "F1", 10.0, number),
                ]
            })
            .collect();
    assert_eq!(
        blocks(&read(&saved(pdf_document(&pages)), "a.pdf")),
        ["P and so it begins on page one and goes on over the second page and ends on the third page."]
    );
}

#[test]
fn tables_are_found_by_their_columns() {
    let mut page = Vec::new();
    let rows = [
        ["Vehicle", "Rate", "Remark"],
        ["Car", "45p", "fuel included"],
        ["Motorcycle", "24p", ""],
        ["Bicycle", "20p", "electric too"],
    ];
    let mut y = 700.0;
    for row in rows {
        for (x, cell) in [72.0, 220.0, 320.0].into_iter().zip(row) {
            if !cell.is_empty() {
                page.push((x, y, "F1", 10.0, cell));
            }
        }
        y -= 20.0;
    }
    assert_eq!(
        blocks(&read(&saved(pdf_document(&[page])), "a.pdf")),
        [
            "T Vehicle: Car; Rate: 45p; Remark: fuel included",
            "T Vehicle: Motorcycle; Rate: 24p",
            "T Vehicle: Bicycle; Rate: 20p; Remark: electric too",
        ]
    );
}

#[test]
fn a_password_is_asked_for() {
    let mut document = pdf_document(&[vec![(72.0, 700.0, "F1", 10.0, "Secret")]]);
    document.trailer.set(
        "ID",
        Object::Array(vec![Object::string_literal("0123456789abcdef"), Object::string_literal("0123456789abcdef")]),
    );
    let state = EncryptionState::try_from(EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "user",
        key_length: 128,
        permissions: Permissions::all(),
    })
    .expect("a state");
    document.encrypt(&state).expect("encrypted");
    assert_eq!(read_small(Format::Pdf, &saved(document)), Err(ParseError::Encrypted));
}

#[test]
fn a_scan_is_called_a_scan() {
    let mut document = pdf_document(&[vec![], vec![]]);
    let picture = dictionary! { "Type" => "XObject", "Subtype" => "Image", "Width" => 1, "Height" => 1 };
    let picture = document.add_object(Stream::new(picture, vec![0; 3]));
    for object in document.objects.values_mut() {
        match object {
            Object::Dictionary(resources) if resources.has(b"Font") => {
                resources.set("XObject", dictionary! { "Im1" => picture });
            }
            Object::Stream(stream) if !stream.dict.has(b"Subtype") => {
                stream.set_plain_content(b"q 595 0 0 842 0 0 cm /Im1 Do Q".to_vec());
            }
            _ => {}
        }
    }
    let error = read_small(Format::Pdf, &saved(document)).expect_err("no text");
    assert!(matches!(&error, ParseError::NoText { why } if why.contains("probably a scan")), "{error}");
    let empty = read_small(Format::Pdf, &saved(pdf_document(&[vec![]]))).expect_err("no text");
    assert!(matches!(&empty, ParseError::NoText { why } if why.contains("empty")), "{empty}");
}

#[test]
fn contents_that_cannot_be_unpacked_are_no_scan() {
    let mut document = pdf_document(&[vec![(72.0, 700.0, "F1", 10.0, "Text")]]);
    for object in document.objects.values_mut() {
        if let Object::Stream(stream) = object {
            stream.set_content(vec![0xA5; 200]);
            stream.dict.set("Filter", "FlateDecode");
            stream.allows_compression = false;
        }
    }
    let error = read_small(Format::Pdf, &saved(document)).expect_err("broken");
    assert!(matches!(error, ParseError::Damaged { .. }), "{error}");
}

#[test]
fn a_cut_file_is_read_or_called_damaged() {
    let whole = saved(pdf_document(&[vec![(72.0, 700.0, "F1", 10.0, "Readable text")]]));
    // Without its index at the end the objects are still there.
    let cut = &whole[..whole.len() - 60];
    match read_small(Format::Pdf, cut) {
        Ok(parsed) => assert_eq!(parsed.text, "Readable text"),
        Err(error) => assert!(matches!(error, ParseError::Damaged { .. }), "{error}"),
    }
    let error = read_small(Format::Pdf, &whole[..whole.len() / 4]).expect_err("most is missing");
    assert!(matches!(error, ParseError::Damaged { .. }), "{error}");
    assert!(matches!(read_small(Format::Pdf, b"%PDF-1.7\n"), Err(ParseError::Damaged { .. })));
}

#[test]
fn bombs_are_stopped_at_the_limit() {
    // A content stream of 16 MiB in a few kilobytes.
    let mut document = pdf_document(&[vec![(72.0, 700.0, "F1", 10.0, "x")]]);
    let ids: Vec<_> =
        document.objects.iter().filter(|(_, object)| object.as_stream().is_ok()).map(|(id, _)| *id).collect();
    for id in ids {
        document.objects.insert(id, Object::Stream(Stream::new(dictionary! {}, b"q Q ".repeat(4 << 20))));
    }
    let bomb = saved(document);
    assert!(bomb.len() < 100_000, "it is small on disk");
    assert!(matches!(read_small(Format::Pdf, &bomb), Err(ParseError::TooLarge { .. })));

    // Object streams, which are unpacked while the file is loaded: each below the limit, together above it.
    let mut document = pdf_document(&[vec![(72.0, 700.0, "F1", 10.0, "x")]]);
    for _ in 0..4 {
        let mut stream = Stream::new(dictionary! { "Type" => "ObjXxx", "N" => 1, "First" => 6 }, b"900 0 ".to_vec());
        stream.content.extend(b" ".repeat(2 << 20));
        document.add_object(stream);
    }
    // The library does not save object streams, so they get their type afterwards.
    let mut bomb = saved(document);
    let places: Vec<usize> = (0..bomb.len()).filter(|at| bomb[*at..].starts_with(b"ObjXxx")).collect();
    assert_eq!(places.len(), 4);
    for at in places {
        bomb[at..at + 6].copy_from_slice(b"ObjStm");
    }
    assert!(bomb.len() < 100_000, "it is small on disk");
    assert!(matches!(read_small(Format::Pdf, &bomb), Err(ParseError::TooLarge { .. })));
}

#[test]
fn a_form_that_shows_itself_ends() {
    let mut document = pdf_document(&[vec![(72.0, 700.0, "F1", 10.0, "Once")]]);
    let form = document.new_object_id();
    let own = dictionary! { "XObject" => dictionary! { "X" => form } };
    let stream = Stream::new(dictionary! { "Subtype" => "Form", "Resources" => own }, b"/X Do /X Do /X Do".to_vec());
    document.set_object(form, stream);
    for object in document.objects.values_mut() {
        match object {
            Object::Dictionary(resources) if resources.has(b"Font") => {
                resources.set("XObject", dictionary! { "X" => form });
            }
            Object::Stream(stream) if !stream.dict.has(b"Subtype") => stream.content.extend(b"\n/X Do"),
            _ => {}
        }
    }
    assert_eq!(read(&saved(document), "a.pdf").text, "Once");
}
