//! The examples, without vectors: as if all questions were as near as can be.

use guard::{Policy, Signature, is_same};

fn is_hit(a: &str, b: &str) -> bool {
    is_same(1.0, &Signature::of(a), &Signature::of(b), &Policy::default()).is_ok()
}

fn hits(file: &str, columns: usize) -> (Vec<&str>, usize) {
    let lines: Vec<&str> = file.lines().skip(1).collect();
    let hit = |line: &&&str| {
        let parts: Vec<&str> = line.split('\t').skip(columns - 2).collect();
        matches!(parts[..], [a, b] if is_hit(a, b))
    };
    (lines.iter().filter(hit).copied().collect(), lines.len())
}

#[test]
fn no_contradiction_is_hit() {
    let (hit, all) = hits(include_str!("../../../examples/questions/contradictions.tsv"), 3);
    assert!(all > 240 && hit.is_empty(), "{hit:#?}");
}

#[test]
fn no_contradiction_that_was_held_out_is_hit() {
    let (hit, all) = hits(include_str!("../../../examples/questions/contradictions-held-out.tsv"), 3);
    assert!(all > 120 && hit.is_empty(), "{hit:#?}");
}

#[test]
fn no_contradiction_of_near_words_is_hit() {
    let (hit, all) = hits(include_str!("../../../examples/questions/contradictions-near.tsv"), 3);
    assert!(all > 55 && hit.is_empty(), "{hit:#?}");
}

#[test]
fn nine_of_ten_paraphrases_are_let_through() {
    for file in [
        include_str!("../../../examples/questions/paraphrases.tsv"),
        include_str!("../../../examples/questions/paraphrases-held-out.tsv"),
    ] {
        let (hit, all) = hits(file, 2);
        assert!(hit.len() * 10 >= all * 9, "{} of {all}", hit.len());
    }
}
