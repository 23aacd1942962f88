//! One form for questions that differ in nothing that matters, so that they share an answer: it is what is computed with, and
//! so the answer to one is by construction the answer to the other.

use unicode_normalization::UnicodeNormalization as _;

/// A question without its accidents: one space between words, composed characters, a capital at the beginning, one question
/// mark at the end of what has none of its own.
pub(crate) fn canonical(question: &str) -> String {
    let composed: String = question.nfc().collect();
    // Lines stay apart: each may be a question of its own.
    let lines = composed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let spaced = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let bare = spaced.trim_end_matches(['?', '!', '.', ' ', '\n']);
    if bare.is_empty() {
        return spaced;
    }
    let mut letters = bare.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    // Composed once more: a capital may have another composition than its letter.
    format!("{first}{}?", letters.as_str()).nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accidents_do_not_count() {
        let questions = [
            "How long is the trial?",
            "  how long is  the\ttrial ",
            "How long is the trial ??",
            "how long is the trial.",
        ];
        for question in questions {
            assert_eq!(canonical(question), "How long is the trial?");
        }
        assert_eq!(canonical("caf\u{65}\u{301} hours"), "Caf\u{e9} hours?");
        assert_eq!(canonical("???"), "???");
    }

    #[test]
    fn what_may_matter_stays() {
        for (a, b) in [("the US", "the us"), ("a-b", "a b"), ("is it 5?", "is it 5.0?"), ("¿Qué?", "Qué?")] {
            assert_ne!(canonical(a), canonical(b));
        }
    }

    #[test]
    fn capitals_are_composed_whatever_marks_follow() {
        let letters = ('\0'..=char::MAX).filter(|letter| letter.is_lowercase());
        let marks: Vec<String> = ('\u{300}'..='\u{36f}').map(String::from).collect();
        for letter in letters {
            for mark in marks.iter().map(String::as_str).chain([""]) {
                let once = canonical(&format!("{letter}{mark}s"));
                assert_eq!(canonical(&once), once, "{letter:?} and {mark:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_its_own_form_and_never_empty(question in "\\PC{1,40}") {
            prop_assume!(!question.trim().is_empty());
            let once = canonical(&question);
            prop_assert_eq!(canonical(&once), once.clone());
            prop_assert!(!once.is_empty());
        }
    }
}
