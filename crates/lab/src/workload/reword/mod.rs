//! How people say the same in other words: a small grammar of English rewordings, written from how people ask and not from what
//! any program takes for the same.
//!
//! | kind | example |
//! |---|---|
//! | polite | "Can you tell me how to reset it?", "Hi, how do I reset it?" |
//! | contraction | "What is" and "What's", "do not" and "don't" |
//! | opening | "How do I" and "How can I", "When should I" and "In which cases should I" |
//! | order | "How do I sort rows in a view?" and "In a view, how do I sort rows?" |
//! | synonym | "find" and "look up", "delete" and "remove" |
//! | plural | "an example" and "examples" |
//! | typing | no capitals, no question mark, two of them |
//!
//! One of the kinds that fit is chosen by lot, all alike; a quarter of the rewordings are typed carelessly on top of it.

mod indirect;
mod words;

use serde::Serialize;

use super::Lot;

/// A kind of rewording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rewording {
    /// A polite form around the question.
    Polite,
    /// A contraction written out, or the other way round.
    Contraction,
    /// Another opening of the same question.
    Opening,
    /// Another order of its words.
    Order,
    /// A word that means the same.
    Synonym,
    /// Many instead of any one.
    Plural,
    /// Typed without care.
    Typing,
}

impl Rewording {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Polite, Self::Contraction, Self::Opening, Self::Order, Self::Synonym, Self::Plural, Self::Typing];

    fn apply(self, question: &str, lot: &mut Lot) -> Option<String> {
        match self {
            Self::Polite => indirect::polite(question, lot),
            Self::Contraction => words::contraction(question),
            Self::Opening => words::opening(question),
            Self::Order => words::order(question),
            Self::Synonym => words::synonym(question, lot),
            Self::Plural => words::plural(question),
            Self::Typing => Some(words::typing(question, lot)),
        }
    }
}

/// How many rewordings are typed without care as well.
const CARELESS: f64 = 0.25;

/// The question in other words, and how it was reworded.
pub fn reword(question: &str, lot: &mut Lot) -> (Rewording, String) {
    let mut kinds = Rewording::ALL;
    lot.shuffle(&mut kinds);
    for kind in kinds {
        let Some(reworded) = kind.apply(question, lot).filter(|reworded| reworded != question) else { continue };
        if kind != Rewording::Typing && lot.chance(CARELESS) {
            return (kind, words::typing(&reworded, lot));
        }
        return (kind, reworded);
    }
    (Rewording::Typing, words::typing(question, lot))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_kind_changes_a_question_that_it_fits() {
        let question = "How do I find an example of a sorted index in a view?";
        let mut lot = Lot::new(1, 0);
        for kind in Rewording::ALL {
            let fitting = if kind == Rewording::Contraction { "What is the limit?" } else { question };
            let reworded = kind.apply(fitting, &mut lot);
            assert!(reworded.as_deref().is_some_and(|reworded| reworded != fitting), "{kind:?}");
        }
    }

    #[test]
    fn kinds_come_alike_where_all_fit() {
        let (mut lot, mut counts) = (Lot::new(2, 0), BTreeMap::<Rewording, usize>::new());
        for _ in 0..12_000 {
            let (kind, reworded) = reword("How do I find an example of a sorted index in a view?", &mut lot);
            assert!(!reworded.is_empty());
            *counts.entry(kind).or_default() += 1;
        }
        // Contractions do not fit this one; five standard deviations of 2,000 are 204.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| count.abs_diff(2_000) < 204), "{counts:?}");
    }

    #[test]
    fn the_same_lots_reword_alike() {
        let reworded = |seed| reword("What is a tablespace?", &mut Lot::new(seed, 0));
        assert_eq!(reworded(4), reworded(4));
    }
}
