//! Words that deny.

use crate::kind::is_auxiliary;
use crate::lexicon::lexicon;
use crate::words::Word;

/// What a fronted negation negates: "Why doesn't my badge work?" leaves it open.
pub(crate) const ANY: &str = "*";

/// Whether "not" stands before the subject of the sentence.
pub(crate) fn fronted(words: &[Word], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| words.get(at));
    let Some(verb) = before(1).filter(|verb| is_auxiliary(&verb.text)) else { return false };
    let asked = before(2).is_none_or(|word| matches!(word.text.as_str(), "why" | "how" | "when" | "where" | "what"));
    words.get(at).is_some_and(|not| not.text == "not") && (verb.first || asked)
}

/// What a negating word negates: nothing of itself ("not"), or its own rest ("unpaid").
pub(crate) fn negation(word: &str) -> Option<&str> {
    const ALONE: [&str; 11] =
        ["not", "no", "never", "without", "except", "nor", "neither", "unless", "non", "excluding", "lack"];
    const UN: [&str; 14] = [
        "under", "until", "unto", "unit", "unio", "uniq", "univ", "unif", "unan", "uncle", "undo", "unle", "unve",
        "unic",
    ];
    const PREFIXED: [&str; 40] = [
        "incorrect",
        "invalid",
        "inactive",
        "incomplete",
        "ineligible",
        "inefficient",
        "indirect",
        "informal",
        "insufficient",
        "inaccurate",
        "irregular",
        "irrelevant",
        "impossible",
        "improper",
        "disagree",
        "disapprove",
        "dissatisfied",
        "disallow",
        "discontinue",
        "disqualify",
        "dishonest",
        "disobey",
        "disrespect",
        "nonsmoking",
        "nonrefundable",
        "nontaxable",
        "nonessential",
        "nonresident",
        "nonexempt",
        "inaccessible",
        "incapable",
        "inconsistent",
        "independent",
        "indefinite",
        "inedible",
        "insoluble",
        "intolerant",
        "involuntary",
        "imperfect",
        "immature",
    ];
    if ALONE.contains(&word) {
        return Some("");
    }
    if !word.starts_with("un") && !PREFIXED.contains(&word) || !lexicon().places(word).is_empty() {
        return None;
    }
    if PREFIXED.contains(&word) {
        let prefix = if word.starts_with("dis") || word.starts_with("non") { 3 } else { 2 };
        return word.get(prefix..);
    }
    word.strip_prefix("un").filter(|rest| rest.len() > 3 && !UN.iter().any(|start| word.starts_with(start)))
}
