//! What a question is about: its words without its grammar, and how rare each is.

use store::search::{Collection, Frequency, Readable, TermStatistics, is_stopword, stem, words};
use store::{Reader, Store};

/// A question is searched for by this many terms at least, however common they are.
const FEWEST_TERMS: usize = 2;

/// A question, analysed.
#[derive(Clone, Debug)]
pub struct Question {
    /// As it was asked.
    pub text: String,
    /// Its content words, each once, in order.
    pub terms: Vec<Term>,
    /// How much the reader may read, and how much of it nobody else.
    pub(super) readable: Readable,
    /// The same, rounded.
    pub(super) collection: Collection,
}

/// A content word of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// The word as the question has it, in lower case.
    pub word: String,
    /// Its stem, as both indexes have it.
    pub stem: String,
    /// Where it occurs in what the reader may read.
    pub statistics: TermStatistics,
    /// The same, rounded, of all together.
    pub frequency: Frequency,
    /// How much its occurrence in a passage says: `ln(1 + (N - n + 0.5) / (n + 0.5))` for `n` of `N` chunks (Robertson and
    /// Spärck Jones).
    pub weight: f32,
}

impl Question {
    pub(super) async fn analyse(store: &Store, reader: Reader, text: &str) -> store::Result<Self> {
        let mut spoken = without_measures(words(text));
        // A question of grammar alone ("what is it?") is searched as it stands.
        if spoken.iter().any(|word| !is_stopword(word)) {
            spoken.retain(|word| !is_stopword(word));
        }
        let mut terms: Vec<Term> = Vec::new();
        for word in spoken {
            let stem = stem(&word);
            if !terms.iter().any(|term| term.stem == stem) {
                terms.push(Term {
                    word,
                    stem,
                    statistics: TermStatistics::default(),
                    frequency: Frequency::default(),
                    weight: 0.0,
                });
            }
        }
        let stems: Vec<String> = terms.iter().map(|term| term.stem.clone()).collect();
        let (readable, of_terms) = store.term_statistics(reader, &stems).await?;
        let collection = readable.collection();
        let all = collection.chunks.max(1) as f32;
        for (term, statistics) in terms.iter_mut().zip(of_terms) {
            term.statistics = statistics;
            term.frequency = statistics.frequency();
            let n = (term.frequency.chunks as f32).min(all);
            term.weight = (1.0 + (all - n + 0.5) / (n + 0.5)).ln();
        }
        Ok(Self { text: text.to_owned(), terms, readable, collection })
    }

    /// The terms with where they occur.
    pub(super) fn counted_terms(&self) -> Vec<(String, Frequency)> {
        self.terms.iter().map(|term| (term.stem.clone(), term.frequency)).collect()
    }

    /// The terms that tell chunks apart. One that a fifth of all chunks has takes most of a search's time and finds
    /// nothing that the rarer ones do not; it still counts when what was found is ranked.
    pub(super) fn telling_terms(&self) -> Vec<&Term> {
        let mut terms: Vec<&Term> = self.terms.iter().filter(|term| term.frequency.documents > 0).collect();
        terms.sort_by_key(|term| term.frequency.chunks);
        let common = self.collection.chunks / 5;
        let telling = terms.iter().take_while(|term| term.frequency.chunks <= common).count().max(FEWEST_TERMS);
        terms.truncate(telling);
        terms
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

/// Words that after "how" ask for a measure, and do not say what it is a measure of.
const MEASURES: &[&str] =
    &["big", "deep", "far", "fast", "high", "large", "long", "often", "old", "quickly", "soon", "wide"];

fn without_measures(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for word in words {
        let asks = kept.last().is_some_and(|before| before == "how");
        if !(asks && MEASURES.contains(&word.as_str())) {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling(frequencies: &[(&str, u64)]) -> Vec<String> {
        let term = |(stem, frequency): &(&str, u64)| Term {
            word: (*stem).to_owned(),
            stem: (*stem).to_owned(),
            statistics: TermStatistics::default(),
            frequency: Frequency { documents: *frequency, chunks: *frequency },
            weight: 0.0,
        };
        let collection = Collection { chunks: 1_000, ..Collection::default() };
        let terms = frequencies.iter().map(term).collect();
        let question = Question { text: String::new(), terms, readable: Readable::default(), collection };
        question.telling_terms().into_iter().map(|term| term.stem.clone()).collect()
    }

    #[test]
    fn how_long_is_grammar_and_a_long_password_is_not() {
        let kept = |text: &str| without_measures(words(text)).join(" ");
        assert_eq!(kept("How long must a long password be?"), "how must a long password be");
    }

    #[test]
    fn common_terms_are_left_out_while_rarer_ones_remain() {
        assert_eq!(telling(&[("table", 400), ("vacuum", 30), ("freez", 200), ("nowher", 0)]), ["vacuum", "freez"]);
        assert_eq!(telling(&[("table", 900), ("databas", 700), ("server", 800)]), ["databas", "server"]);
        assert_eq!(telling(&[("table", 900)]), ["table"]);
    }
}
