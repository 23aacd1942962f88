//! Passages.

use knowledge::chunk::{Chunk, ChunkOptions, chunk};
use knowledge::parse::{BlockKind, Format, Limits, Parsed, parse};
use knowledge::units::units;
use proptest::prelude::*;

use crate::samples::read;

fn words(count: usize) -> String {
    (0..count).map(|n| format!("word{n}")).collect::<Vec<String>>().join(" ")
}

fn texts<'p>(parsed: &'p Parsed, chunks: &[Chunk]) -> Vec<&'p str> {
    chunks.iter().map(|chunk| &parsed.text[chunk.start..chunk.end]).collect()
}

fn markdown(text: &str) -> (Parsed, Vec<Chunk>) {
    let parsed = read(text.as_bytes(), "a.md");
    let chunks = chunk(&parsed, &ChunkOptions::default());
    (parsed, chunks)
}

/// What must hold for any document.
fn check(parsed: &Parsed, chunks: &[Chunk]) -> Result<(), TestCaseError> {
    let expected: Vec<_> = parsed.blocks.iter().flat_map(|block| units(&parsed.text, block)).collect();
    let found: Vec<_> = chunks.iter().flat_map(|chunk| chunk.units.clone()).collect();
    prop_assert_eq!(found, expected, "every unit is in exactly one chunk, in order");
    let mut end = 0;
    for (index, chunk) in chunks.iter().enumerate() {
        prop_assert_eq!(usize::try_from(chunk.ordinal).expect("small"), index);
        prop_assert!(chunk.start >= end && chunk.end > chunk.start);
        prop_assert!(parsed.text.get(chunk.start..chunk.end).is_some());
        prop_assert_eq!(chunk.units.first().map(|unit| unit.start), Some(chunk.start));
        prop_assert_eq!(chunk.units.last().map(|unit| unit.end), Some(chunk.end));
        end = chunk.end;
    }
    Ok(())
}

#[test]
fn sections_are_not_mixed_and_paths_leave_out_the_title() {
    let text =
        format!("# Guide\n\n{}\n\n## Pay\n\n### Payday\n\n{}\n\n## Leave\n\n{}\n", words(60), words(60), words(60));
    let (_, chunks) = markdown(&text);
    let paths: Vec<Vec<String>> = chunks.into_iter().map(|chunk| chunk.heading_path).collect();
    assert_eq!(paths, [vec![], vec!["Pay".to_owned(), "Payday".to_owned()], vec!["Leave".to_owned()]]);
}

#[test]
fn tiny_siblings_share_a_passage_under_the_first_heading() {
    let text =
        "# Guide\n\n## Sites\n\n### Leeds\n\nOne office.\n\n### York\n\nTwo offices.\n\n## Teams\n\nThree teams.\n";
    let (parsed, chunks) = markdown(text);
    assert_eq!(texts(&parsed, &chunks), ["One office.\n\nYork\n\nTwo offices.", "Three teams."]);
    assert_eq!(chunks[0].heading_path, ["Sites", "Leeds"]);
    assert_eq!(chunks[0].units.len(), 2, "a heading is not quoted");
}

#[test]
fn blocks_are_packed_up_to_the_target() {
    let text = format!("{}.\n\n{}.\n\n{}.\n\n{}.\n", words(70), words(70), words(70), words(70));
    let (parsed, chunks) = markdown(&text);
    let sizes: Vec<usize> = texts(&parsed, &chunks).iter().map(|text| text.split_whitespace().count()).collect();
    assert_eq!(sizes, [140, 140]);
}

#[test]
fn long_blocks_are_cut_between_units() {
    let paragraph = (0..40).map(|n| format!("Sentence {n} has {}.", words(9))).collect::<Vec<String>>().join(" ");
    let (parsed, chunks) = markdown(&paragraph);
    assert!(chunks.len() >= 3);
    for text in texts(&parsed, &chunks) {
        assert!(text.split_whitespace().count() <= 200);
        assert!(text.starts_with("Sentence") && text.ends_with('.'));
    }
    let rows = (0..100).map(|n| format!("| {n} | {} |", words(8))).collect::<Vec<String>>().join("\n");
    let (parsed, chunks) = markdown(&format!("| Number | Text |\n|---|---|\n{rows}"));
    assert!(texts(&parsed, &chunks).iter().all(|text| text.starts_with("Number: ")));
}

#[test]
fn an_introduction_stays_with_what_it_introduces() {
    let text = format!("{}.\n\nThe options are:\n\n- {}\n- {}\n", words(118), words(30), words(30));
    let (parsed, chunks) = markdown(&text);
    assert_eq!(chunks.len(), 2);
    assert!(texts(&parsed, &chunks)[1].starts_with("The options are:"));
}

#[test]
fn a_few_last_words_join_the_passage_before() {
    let text = format!("{}.\n\n{}.\n", words(150), words(10));
    assert_eq!(markdown(&text).1.len(), 1);
}

#[test]
fn a_string_without_spaces_is_cut_between_characters() {
    let parsed = parse(Format::Text, "ü".repeat(20_000).as_bytes(), &Limits::default()).expect("text");
    let chunks = chunk(&parsed, &ChunkOptions::default());
    assert!(chunks.len() > 5);
    assert_eq!(texts(&parsed, &chunks).concat(), parsed.text);
}

fn block() -> impl Strategy<Value = String> {
    prop_oneof![
        "#{1,4} [A-Z][a-z]{2,8}( [a-z]{1,8}){0,3}",
        "([A-Z][a-z]{1,9}( [a-z]{1,9}){1,30}[.:?] ){1,12}",
        "- [a-z]{1,9}( [a-z.]{1,9}){1,60}",
        "(\\| [a-z]{1,5} \\| [a-z]{1,5} \\|\n){1,9}",
        "```\n([a-z =(]{0,30}\n){1,60}```",
        "[a-zé]{1,6000}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_document_is_cut_into_all_its_units(
        blocks in prop::collection::vec(block(), 1..30),
        target_words in 1..150_usize,
        more in 0..150_usize,
    ) {
        let source = blocks.join("\n\n");
        if let Ok(parsed) = parse(Format::Markdown, source.as_bytes(), &Limits::default()) {
            let options = ChunkOptions { target_words, max_words: target_words + more };
            let chunks = chunk(&parsed, &options);
            check(&parsed, &chunks)?;
            for chunk in chunks.iter().filter(|chunk| chunk.units.len() > 1) {
                let count: usize = chunk
                    .units
                    .iter()
                    .map(|unit| parsed.text[unit.start..unit.end].split_whitespace().count())
                    .sum();
                prop_assert!(count <= options.max_words, "{count} words in {} units", chunk.units.len());
            }
            let headings_only = parsed.blocks.iter().all(|block| matches!(block.kind, BlockKind::Heading(_)));
            prop_assert_eq!(chunks.is_empty(), headings_only);
        }
    }
}
