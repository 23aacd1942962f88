//! Plain text, Markdown, CSV, JSON lines, and encodings.

use knowledge::parse::{Format, ParseError};

use crate::samples::{blocks, read, read_small};

#[test]
fn plain_text_has_headings_paragraphs_lists_and_tables() {
    let text = "Travel Guide\n\n\
        1. BEFORE YOU GO\n\nBook at least\nseven days ahead,\nand keep the long-\nterm ticket.\n\n\
        1.1 Trains\n\nYou need:\n- a ticket\n- a seat,\n  if you can\n1. first step\n2. second step\n\n\
        Rates\n-----\n\n  City      Limit\n  London    165\n  Paris     150\n\n\
        GENERAL ADVICE\n\nStay calm.\n";
    let parsed = read(text.as_bytes(), "guide.txt");
    assert_eq!(parsed.title.as_deref(), Some("Travel Guide"));
    assert_eq!(
        blocks(&parsed),
        [
            "H1 Travel Guide",
            "H1 1. BEFORE YOU GO",
            "P Book at least seven days ahead, and keep the long-term ticket.",
            "H2 1.1 Trains",
            "P You need:",
            "L a ticket",
            "L a seat, if you can",
            "L 1. first step",
            "L 2. second step",
            "H2 Rates",
            "T City: London; Limit: 165",
            "T City: Paris; Limit: 150",
            "H2 GENERAL ADVICE",
            "P Stay calm.",
        ]
    );
    assert!(parsed.text.contains("You need:\n\na ticket\na seat, if you can\n1. first step"));
}

#[test]
fn numbered_lines_without_text_between_are_a_list() {
    let parsed = read(b"Do this:\n\n1. Open the door\n\n2. Close the door\n\n3. Lock it\n\nDone.\n", "a.txt");
    assert_eq!(blocks(&parsed), ["P Do this:", "L 1. Open the door", "L 2. Close the door", "L 3. Lock it", "P Done."]);
}

#[test]
fn markdown_loses_its_marks_and_keeps_its_structure() {
    let text = "---\ntitle: \"Release guide\"\nowner: ops\n---\n\
        Overview\n========\n\nSome **bold** text with [a link](https://example.org) and `code`.\nSecond line.\n\n\
        ## Steps ##\n\n1. First\n2. Second\n   - nested\n\n   more of the second\n\n- [x] done\n- [ ] open\n\n\
        | Users | Throughput | P95 |\n|---|---|---|\n| 100 | 90 req/s | 520 ms |\n| 200 | | 610 ms |\n\n\
        ```sh\nmake check\n\nmake test\n```\n\n<details><summary>More</summary>Hidden <b>words</b></details>\n\n> Quoted.[^1]\n\n[^1]: The note.\n";
    let parsed = read(text.as_bytes(), "guide.md");
    assert_eq!(parsed.title.as_deref(), Some("Release guide"));
    assert_eq!(
        blocks(&parsed),
        [
            "H1 Overview",
            "P Some bold text with a link and code. Second line.",
            "H2 Steps",
            "L 1. First",
            "L 2. Second",
            "L nested",
            "P more of the second",
            "L ☑ done",
            "L ☐ open",
            "T Users: 100; Throughput: 90 req/s; P95: 520 ms",
            "T Users: 200; P95: 610 ms",
            "C make check\n\nmake test",
            "P More",
            "P Hidden words",
            "P Quoted.",
            "P The note.",
        ]
    );
}

#[test]
fn csv_rows_explain_themselves() {
    let comma = read(b"Name,Role,Since\n\"Frost, Hanne\",Data protection,2019\nOmar,,2021\n", "team.csv");
    assert_eq!(
        blocks(&comma),
        ["T Name: Frost, Hanne; Role: Data protection; Since: 2019", "T Name: Omar; Since: 2021"]
    );
    let semicolon = read("Stadt;Preis (€)\nKöln;12,50\nBonn;9,00\n".as_bytes(), "preise.csv");
    assert_eq!(blocks(&semicolon)[0], "T Stadt: Köln; Preis (€): 12,50");
    let tabs = read(b"1\t2\t3\n4\t5\t6\n7\t8\t9\n", "figures.csv");
    assert_eq!(blocks(&tabs)[0], "T 1 | 2 | 3");
    let excel = read(b"sep=|\nKey|Value\ncolour|red\n", "a.csv");
    assert_eq!(blocks(&excel), ["T Key: colour; Value: red"]);
}

#[test]
fn json_records_keep_the_order_of_their_keys() {
    let lines = b"{\"question\":\"Why?\",\"answer\":{\"text\":\"Because.\",\"by\":null},\"tags\":[\"a\",\"b\"]}\n\n{\"question\":\"How?\",\"rank\":2}\n";
    assert_eq!(
        blocks(&read(lines, "faq.jsonl")),
        ["T question: Why?; answer.text: Because.; tags: a, b", "T question: How?; rank: 2"]
    );
    let whole = b"[\n  {\"b\": 1, \"a\": 2},\n  {\"b\": 3}\n]\n";
    assert_eq!(blocks(&read(whole, "list.json")), ["T b: 1; a: 2", "T b: 3"]);
}

#[test]
fn a_broken_record_is_named_by_its_line() {
    let broken = read_small(Format::JsonLines, b"{\"a\":1}\n{\"a\":}\n{\"a\":3}\n").expect_err("line 2 is broken");
    assert!(broken.to_string().contains("line 2 is not valid JSON"), "{broken}");
    let cut = read_small(Format::JsonLines, b"{\"a\":1}\n{\"a\":\"tw").expect_err("line 2 is cut");
    assert!(cut.to_string().contains("line 2, is cut off"), "{cut}");
}

#[test]
fn every_encoding_becomes_the_same_text() {
    let text = "Überstunden für Zoë: 5 €\n\nGrüße aus Köln.\n";
    let utf16 = |mark: &[u8], encode: fn(u16) -> [u8; 2]| {
        let mut bytes = mark.to_vec();
        bytes.extend(text.encode_utf16().flat_map(encode));
        bytes
    };
    // The euro sign makes it Windows-1252 rather than ISO 8859-1.
    let windows: Vec<u8> =
        text.chars().map(|c| if c == '€' { 0x80 } else { u8::try_from(u32::from(c)).expect("Latin") }).collect();
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for bytes in [
        text.as_bytes().to_vec(),
        marked,
        utf16(b"\xff\xfe", u16::to_le_bytes),
        utf16(b"\xfe\xff", u16::to_be_bytes),
        utf16(b"", u16::to_le_bytes),
        windows,
    ] {
        let parsed = read(&bytes, "a.txt");
        assert_eq!(parsed.text, "Überstunden für Zoë: 5 €\n\nGrüße aus Köln.");
    }
}

#[test]
fn a_declared_encoding_is_believed_unless_the_bytes_are_utf8() {
    let latin2 =
        b"<html><head><meta charset=\"iso-8859-2\"><title>x</title></head><body><p>\xb3\xf3d\xbc</p></body></html>";
    assert_eq!(blocks(&read(latin2, "a.html")), ["P łódź"]);
    let lies = "<html><head><meta charset=\"iso-8859-1\"></head><body><p>łódź</p></body></html>";
    assert_eq!(blocks(&read(lies.as_bytes(), "a.html")), ["P łódź"]);
}

#[test]
fn too_much_text_and_no_text_are_said() {
    let long = "word ".repeat(300_000);
    let error = read_small(Format::Text, long.as_bytes()).expect_err("more than the limit");
    assert!(matches!(&error, ParseError::TooLarge { what } if what.contains("1 MiB")), "{error}");
    let error = read_small(Format::Markdown, b"---\n\n***\n").expect_err("only rules");
    assert!(matches!(error, ParseError::NoText { .. }), "{error}");
    let error = read_small(Format::Text, &[0, 1, 2, 3, 4, 5, 6, 7]).expect_err("binary");
    assert!(error.to_string().contains("binary"), "{error}");
}
