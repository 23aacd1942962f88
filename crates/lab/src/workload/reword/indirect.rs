//! Polite forms, and the indirect questions that stand in them.

use super::super::Lot;

const ASKING: &[&str] = &["Can you tell me", "Could you please tell me", "Do you know", "I would like to know"];
const GREETINGS: &[&str] = &["Hi,", "Hello,", "Please:", "Quick question:"];
/// Verbs that stand before the asker in a question and after the asker in an indirect one.
const MODALS: &[&str] = &["can", "should", "would", "must", "may", "could"];
/// Words with which a question begins.
const OPENINGS: &[&str] = &[
    "what", "how", "when", "where", "which", "who", "why", "is", "are", "do", "does", "can", "should", "may", "in",
    "for",
];

/// A polite form around the question.
pub(super) fn polite(question: &str, lot: &mut Lot) -> Option<String> {
    if let Some(indirect) = indirect(question).filter(|_| lot.chance(0.5)) {
        let asking = lot.pick(ASKING)?;
        let mark = if asking.starts_with('I') { "." } else { "?" };
        return Some(format!("{asking} {indirect}{mark}"));
    }
    let greeting = lot.pick(GREETINGS)?;
    Some(format!("{greeting} {}", without_capital(question)))
}

/// "How do I reset it?" as "how to reset it", "What is a view?" as "what a view is"; `None` where the words do not show how.
pub(super) fn indirect(question: &str) -> Option<String> {
    let bare = question.trim_end_matches(['?', '.', ' ']);
    // With several parts, only the first would be turned.
    if bare.contains(['?', ',', ';']) {
        return None;
    }
    let words: Vec<&str> = bare.split(' ').collect();
    let lower = without_capital(bare);
    match words.as_slice() {
        ["How", "do" | "can", "I", rest @ ..] => Some(format!("how to {}", rest.join(" "))),
        ["What", verb @ ("is" | "are"), rest @ ..] if rest.len() <= 6 => {
            Some(format!("what {} {verb}", rest.join(" ")))
        }
        ["How", "does", subject @ .., "work"] => Some(format!("how {} works", subject.join(" "))),
        ["Which", what, "does", subject @ .., "have"] => Some(format!("which {what} {} has", subject.join(" "))),
        [asked, "do", "I", rest @ ..] => Some(format!("{} I {}", asked.to_lowercase(), rest.join(" "))),
        [asked, modal, "I", rest @ ..] if MODALS.contains(modal) => {
            Some(format!("{} I {modal} {}", asked.to_lowercase(), rest.join(" ")))
        }
        // Who is asked for is the subject already.
        ["Who", ..] | ["What", "goes" | "happens", ..] => Some(lower),
        _ => None,
    }
}

/// The question without the capital of its opening; a name keeps its own.
pub(super) fn without_capital(question: &str) -> String {
    let (first, rest) = question.split_once(' ').unwrap_or((question, ""));
    let opening = first.to_lowercase();
    if OPENINGS.contains(&opening.as_str()) { format!("{opening} {rest}") } else { question.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_become_indirect() {
        for (direct, expected) in [
            ("How do I get started with views?", Some("how to get started with views")),
            ("What is a view?", Some("what a view is")),
            ("How does CREATE INDEX work?", Some("how CREATE INDEX works")),
            ("When should I use views?", Some("when I should use views")),
            ("What do I need to know about views?", Some("what I need to know about views")),
            ("Which options does initdb have?", Some("which options initdb has")),
            ("Who is allowed to use views?", Some("who is allowed to use views")),
            ("Does it ask me to confirm?", None),
            ("What is a view, and how do I use it?", None),
        ] {
            assert_eq!(indirect(direct).as_deref(), expected, "{direct}");
        }
    }

    #[test]
    fn names_keep_their_capitals() {
        assert_eq!(without_capital("What is GiST?"), "what is GiST?");
        assert_eq!(without_capital("VACUUM does what?"), "VACUUM does what?");
    }

    #[test]
    fn polite_forms_keep_the_question() {
        let mut lot = Lot::new(1, 0);
        for _ in 0..100 {
            let polite = polite("How do I reset it?", &mut lot).unwrap();
            assert!(
                polite.ends_with("how to reset it?")
                    || polite.ends_with("how to reset it.")
                    || polite.ends_with("how do I reset it?"),
                "{polite}"
            );
        }
    }
}
