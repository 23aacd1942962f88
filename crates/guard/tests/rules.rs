//! What holds for every question.

use guard::{Difference, Signature, content_overlap, difference};
use proptest::prelude::*;

/// Questions that the tables have much to say about.
fn question() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "what",
        "which",
        "who",
        "how",
        "many",
        "why",
        "is",
        "does",
        "can",
        "must",
        "not",
        "don't",
        "without",
        "never",
        "the",
        "a",
        "from",
        "to",
        "by",
        "before",
        "after",
        "than",
        "of",
        "in",
        "with",
        "tenant",
        "landlord",
        "import",
        "export",
        "enable",
        "disable",
        "newest",
        "oldest",
        "more",
        "less",
        "first",
        "last",
        "5",
        "12",
        "two",
        "hundred",
        "days",
        "weeks",
        "%",
        "Monday",
        "today",
        "Canada",
        "HR",
        "all",
        "only",
        "both",
        "work_mem",
        "--force",
        "\"exit 1\"",
        "unpaid",
        "signed",
        "and",
        "or",
        "vs",
        "i",
        "get",
        "paid",
        "pay",
        "best",
        "way",
        "good",
        "convert",
        "table",
        "view",
        "improve",
        "develop",
        "better",
        "get",
        "buy",
        "find",
        "reduce",
        "anti",
        "matter",
        "antimatter",
        "movies",
        "watch",
        "over",
        "under",
        "50",
        "may",
        "March",
        ",",
        "?",
    ];
    prop::collection::vec(prop::sample::select(WORDS), 1..14).prop_map(|words| words.join(" "))
}

fn same(a: &str, b: &str) -> (Option<Difference>, f32) {
    let (a, b) = (Signature::of(a), Signature::of(b));
    (difference(&a, &b), content_overlap(&a, &b))
}

proptest! {
    #[test]
    fn every_question_is_the_same_as_itself(question in question(), any in "\\PC{0,80}") {
        prop_assert_eq!(same(&question, &question), (None, 1.0));
        prop_assert_eq!(same(&any, &any), (None, 1.0));
    }

    #[test]
    fn neither_question_comes_first(a in question(), b in question()) {
        let (one, other) = (same(&a, &b), same(&b, &a));
        prop_assert_eq!(one.0, other.0);
        prop_assert!((one.1 - other.1).abs() < 1e-6 && (0.0..=1.0).contains(&one.1));
    }

    #[test]
    fn a_signature_survives_being_stored(question in question()) {
        let signature = Signature::of(&question);
        let stored = serde_json::to_string(&signature).unwrap();
        prop_assert_eq!(serde_json::from_str::<Signature>(&stored).unwrap(), signature);
    }
}

/// The questions of the examples, which people could ask.
fn asked() -> Vec<String> {
    let files = [
        include_str!("../../../examples/questions/contradictions.tsv"),
        include_str!("../../../examples/questions/contradictions-held-out.tsv"),
    ];
    let columns = files.iter().flat_map(|file| file.lines().skip(1)).flat_map(|line| line.split('\t').skip(1));
    columns.map(str::to_owned).collect()
}

fn unchanged_by(change: impl Fn(&str) -> String) {
    for question in asked() {
        let changed = change(&question);
        assert_eq!(same(&question, &changed), (None, 1.0), "{question} / {changed}");
    }
}

#[test]
fn the_first_letter_may_be_small() {
    unchanged_by(|question| {
        let (first, rest) = question.split_at(1);
        first.to_lowercase() + rest
    });
}

#[test]
fn the_question_mark_may_be_missing_or_said_thrice() {
    unchanged_by(|question| question.trim_end_matches('?').to_owned());
    unchanged_by(|question| format!("{question}??"));
    unchanged_by(|question| question.replace('?', " ."));
}

#[test]
fn spaces_may_be_repeated() {
    unchanged_by(|question| format!("  {} \n", question.replace(' ', " \u{a0} ")));
}

#[test]
fn politeness_changes_nothing() {
    unchanged_by(|question| format!("Please tell me: {question}"));
    unchanged_by(|question| format!("Hi, can you tell me, {question} Thanks!"));
    unchanged_by(|question| format!("{} please?", question.trim_end_matches('?')));
    unchanged_by(|question| format!("I would like to know {question}"));
}
