//! What can be quoted.

use knowledge::parse::{Block, BlockKind};
use knowledge::units::{Unit, UnitKind, decode, encode, units};
use proptest::prelude::*;

fn split(kind: BlockKind, text: &str) -> Vec<&str> {
    let block = Block { kind, start: 0, end: text.len() };
    units(text, &block).into_iter().map(|unit| &text[unit.start..unit.end]).collect()
}

/// Cuts at each bar, and expects the splitter to do the same without them.
#[track_caller]
fn sentences(marked: &str) {
    let expected: Vec<&str> = marked.split('|').map(str::trim).collect();
    let text = marked.replace('|', "");
    assert_eq!(split(BlockKind::Paragraph, &text), expected);
}

#[test]
fn sentences_end_where_readers_expect_it() {
    sentences("It is fast. |It is small! |Is it? |Yes.");
    sentences("Use e.g. Redis, i.e. a cache, vs. a disk, etc. for speed. |Then stop.");
    sentences("Dr. Frost and Prof. Hallam met J. Smith. |They talked.");
    sentences("See Fig. 3, Sec. 4.2, No. 12 and p. 7. |No. |It is not.");
    sentences("Version 15.2 is out. |It costs 3.50 pounds. |78 people use it. |£45 is the fee.");
    sentences("Edit postgresql.conf or README.MD on www.Example.com first. |Then restart.");
    sentences("Wait ... then go. |Write ALTER DATABASE ... SET x and so on.");
    sentences("He said (as he does. Always.) that it works. |“Stop. Now.” was the answer. |(A whole one.) |Next.");
    sentences("It is used by psql. |pg_dump writes files. |--data-only limits it.");
    sentences("1. Open the valve. |Close it again.");
    sentences("これは文です。|次の文です。");
    sentences("A sentence without a stop");
}

#[test]
fn short_items_and_rows_are_whole_and_long_ones_are_split() {
    assert_eq!(split(BlockKind::ListItem, "One. Two. Three."), ["One. Two. Three."]);
    let long = format!("{} end. Second sentence.", "word ".repeat(45));
    assert_eq!(split(BlockKind::ListItem, &long).len(), 2);
    assert_eq!(split(BlockKind::TableRow, "Users: 100; Note: A. B. C."), ["Users: 100; Note: A. B. C."]);
    assert!(split(BlockKind::Heading(2), "A heading").is_empty());
}

#[test]
fn a_long_sentence_is_one_unit_and_a_monstrous_string_is_cut() {
    let long = format!("{}end.", "word ".repeat(120));
    assert_eq!(split(BlockKind::Paragraph, &long).len(), 1);
    let monstrous = "é".repeat(10_000);
    let parts = split(BlockKind::Paragraph, &monstrous);
    assert!(parts.len() > 1);
    assert_eq!(parts.concat(), monstrous);
}

#[test]
fn long_code_is_split_at_blank_lines() {
    let stanza = (0..15).map(|n| format!("line {n}")).collect::<Vec<String>>().join("\n");
    assert_eq!(split(BlockKind::Code, &stanza), [stanza.as_str()]);
    let code = [stanza.as_str(); 3].join("\n\n");
    assert_eq!(split(BlockKind::Code, &code), [stanza.as_str(); 3]);
    let unbroken = (0..60).map(|n| format!("line {n}")).collect::<Vec<String>>().join("\n");
    assert_eq!(split(BlockKind::Code, &unbroken).len(), 3);
}

#[test]
fn broken_bytes_are_no_units() {
    assert_eq!(decode(&[], 7), Some(vec![]));
    assert_eq!(decode(&[0x80], 0), None);
    assert_eq!(decode(&[0, 0], 0), None, "a unit is not empty");
    assert_eq!(decode(&[0xFF; 11], 0), None);
    assert_eq!(decode(&[4, 1], usize::MAX), None);
}

fn kind() -> impl Strategy<Value = UnitKind> {
    prop_oneof![Just(UnitKind::Sentence), Just(UnitKind::ListItem), Just(UnitKind::TableRow), Just(UnitKind::Code)]
}

fn block_kind() -> impl Strategy<Value = BlockKind> {
    prop_oneof![Just(BlockKind::Paragraph), Just(BlockKind::ListItem), Just(BlockKind::TableRow), Just(BlockKind::Code)]
}

proptest! {
    #[test]
    fn encoding_round_trips(base in 0..1_000_000_usize, parts in prop::collection::vec((kind(), 0..5_000_usize, 1..100_000_usize), 0..50)) {
        let mut at = base;
        let units: Vec<Unit> = parts
            .into_iter()
            .map(|(kind, gap, length)| {
                let start = at + gap;
                at = start + length;
                Unit { kind, start, end: at }
            })
            .collect();
        prop_assert_eq!(decode(&encode(&units, base), base), Some(units));
    }

    #[test]
    fn decoding_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64), base in any::<usize>()) {
        let _ = decode(&bytes, base);
    }

    #[test]
    fn units_cover_every_block(kind in block_kind(), text in "([a-zA-Z0-9.!?()\"“” \n,;:é。_-]|[a-z]{1,9}\\. ){0,400}") {
        let block = Block { kind, start: 0, end: text.len() };
        let mut at = 0;
        for unit in units(&text, &block) {
            prop_assert!(unit.start >= at && unit.end > unit.start);
            prop_assert!(text[at..unit.start].trim().is_empty(), "only white space between units");
            let quote = &text[unit.start..unit.end];
            prop_assert_eq!(quote, quote.trim());
            at = unit.end;
        }
        prop_assert!(text[at..].trim().is_empty());
    }
}
