//! What a question is about: its words without its grammar, and how rare each is.

use store::Store;
use store::search::{is_stopword, stem, words};

/// A question, analysed.
#[derive(Clone, Debug)]
pub struct Question {
    /// As it was asked.
    pub text: String,
    /// Its content words, each once, in order.
    pub terms: Vec<Term>,
}

/// A content word of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The word as the question has it, in lower case.
    pub word: String,
    /// Its stem, as both indexes have it.
    pub stem: String,
    /// In how many chunks it occurs.
    pub frequency: u64,
    /// How much its occurrence says: `ln(1 + (N - n + 0.5) / (n + 0.5))` for `n` of `N` chunks (Robertson and
    /// Spärck Jones).
    pub weight: f32,
}

impl Question {
    pub(super) async fn analyse(store: &Store, text: &str) -> store::Result<Self> {
        let mut spoken: Vec<String> = words(text).collect();
        // A question of grammar alone ("what is it?") is searched as it stands.
        if spoken.iter().any(|word| !is_stopword(word)) {
            spoken.retain(|word| !is_stopword(word));
        }
        let mut terms: Vec<Term> = Vec::new();
        for word in spoken {
            let stem = stem(&word);
            if !terms.iter().any(|term| term.stem == stem) {
                terms.push(Term { word, stem, frequency: 0, weight: 0.0 });
            }
        }
        let stems: Vec<String> = terms.iter().map(|term| term.stem.clone()).collect();
        let frequencies = store.term_frequencies(&stems).await?;
        let chunks = store.count_chunks().await?.max(1) as f32;
        for (term, frequency) in terms.iter_mut().zip(frequencies) {
            term.frequency = frequency;
            let n = (frequency as f32).min(chunks);
            term.weight = (1.0 + (chunks - n + 0.5) / (n + 0.5)).ln();
        }
        Ok(Self { text: text.to_owned(), terms })
    }

    /// The terms to search for: those that occur at all.
    pub(super) fn search_terms(&self) -> Vec<String> {
        self.terms.iter().filter(|term| term.frequency > 0).map(|term| term.stem.clone()).collect()
    }

    /// The stems of all terms.
    #[must_use]
    pub fn stems(&self) -> Vec<String> {
        self.terms.iter().map(|term| term.stem.clone()).collect()
    }

    /// Which share of the question, by weight, the terms are that `has` marks; 0 to 1. Words that no document has
    /// count: what nobody wrote about is not covered.
    #[must_use]
    pub fn coverage(&self, has: &[bool]) -> f32 {
        let whole: f32 = self.terms.iter().map(|term| term.weight).sum();
        let covered = self.terms.iter().zip(has).filter(|(_, has)| **has).map(|(term, _)| term.weight).sum::<f32>();
        covered / whole.max(f32::MIN_POSITIVE)
    }
}
