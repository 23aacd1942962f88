//! Bytes that nobody wrote on purpose, or somebody did: nothing panics, and what comes out keeps the promises of a document.

use knowledge::chunk::{ChunkOptions, chunk};
use knowledge::parse::{BlockKind, Format, Limits, Parsed, detect, parse};
use knowledge::units::units;
use proptest::prelude::*;

use crate::samples::{column, docx, pdf_document, saved};

fn limits() -> Limits {
    Limits { text_bytes: 1 << 20, inflated_bytes: 8 << 20, blocks: 50_000, pages: 100 }
}

/// Blocks are in order, apart, on character boundaries, not empty; units cover them; chunks are made of units.
fn check(parsed: &Parsed) -> Result<(), TestCaseError> {
    let mut end = 0;
    for block in &parsed.blocks {
        prop_assert!(block.start >= end && block.end > block.start);
        let text = parsed.text.get(block.start..block.end);
        prop_assert!(text.is_some(), "on character boundaries");
        let text = text.unwrap_or_default();
        prop_assert!(parsed.text[end..block.start].trim().is_empty(), "all text is in blocks");
        prop_assert!(block.kind == BlockKind::Code || !text.contains('\n'), "one line");
        let covered: usize =
            units(&parsed.text, block).iter().map(|unit| visible(&parsed.text[unit.start..unit.end])).sum();
        let heading = matches!(block.kind, BlockKind::Heading(_));
        prop_assert_eq!(covered, if heading { 0 } else { visible(text) }, "units cover the block");
        end = block.end;
    }
    prop_assert_eq!(end, parsed.text.len());
    let _ = chunk(parsed, &ChunkOptions::default());
    Ok(())
}

fn visible(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// Detects and reads, and reads as every other format too: a stored format may be wrong.
fn survive(bytes: &[u8], name: &str) -> Result<(), TestCaseError> {
    let _ = detect(bytes, name);
    for format in Format::ALL {
        if let Ok(parsed) = parse(format, bytes, &limits()) {
            check(&parsed)?;
        }
    }
    Ok(())
}

fn seeds() -> Vec<Vec<u8>> {
    let mut page = vec![(72.0, 780.0, "F2", 18.0, "A title")];
    page.extend(column(700.0, &["A paragraph of text that goes", "on in the second line.", "1. One", "2. Two"]));
    page.extend([
        (72.0, 500.0, "F1", 10.0, "a"),
        (300.0, 500.0, "F1", 10.0, "b"),
        (72.0, 480.0, "F1", 10.0, "c"),
        (300.0, 480.0, "F1", 10.0, "d"),
    ]);
    vec![
        saved(pdf_document(&[page])),
        docx("<w:p><w:r><w:t>One</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"),
        b"<html><title>T</title><body><h1>A</h1><dl><dt>t<dd><p>d</dl><table><tr><th>a<th>b<tr><td>1<td>2</table><ul><li>x<li>y</ul><pre>c</pre>".to_vec(),
        b"---\ntitle: x\n---\n# A\n\n- a\n  1. b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nc\n```\n<div>h</div>\n\nt\n: d\n".to_vec(),
        b"TITLE\n=====\n\n1.1 Part\n\ntext\n- a\n- b\n\n  a   b\n  1   2\n".to_vec(),
        b"a,b,c\n1,\"2\n3\",4\n5,6\n".to_vec(),
        b"{\"a\":{\"b\":[1,{\"c\":null}]}}\n{\"a\":2}\n".to_vec(),
    ]
}

/// A change to a file: cut, overwrite, repeat.
fn mutate(mut bytes: Vec<u8>, changes: &[(u8, prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (kind, at, value, length) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        let end = (at + usize::from(*length)).min(bytes.len());
        match kind % 5 {
            0 => bytes[at] = *value,
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => bytes.insert(at, *value),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600), name in "[a-z]{0,4}\\.(md|txt|csv|html|pdf|jsonl)") {
        survive(&bytes, &name)?;
    }

    #[test]
    fn arbitrary_text(text in "[ -~\n\t|#*<>/\\-=\"'&;éß“”。\u{ad}\u{200b}\u{a0}]{0,600}", name in "[a-z]{0,4}\\.(md|txt|csv|html)") {
        survive(text.as_bytes(), &name)?;
    }

    #[test]
    fn mutated_documents(
        seed in 0..7_usize,
        changes in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..12),
    ) {
        let bytes = mutate(seeds().swap_remove(seed), &changes);
        survive(&bytes, "a.bin")?;
    }

    /// The content stream is not compressed here, so that changes reach the interpreter.
    #[test]
    fn mutated_page_content(content in "(\\(|\\)|\\[|\\]|<<|>>|/F1|BT|ET|Tf|Td|Tj|TJ|Tm|cm|q|Q|Do|ID|EI|'|\"| |-?[0-9]{1,9}|1e30|[a-z]){0,80}") {
        let mut document = pdf_document(&[column(700.0, &["x"])]);
        for object in document.objects.values_mut() {
            if let lopdf::Object::Stream(stream) = object {
                stream.set_plain_content(format!("BT /F1 10 Tf 72 700 Td (start) Tj {content} (end) Tj ET").into_bytes());
            }
        }
        survive(&saved(document), "a.pdf")?;
    }
}
