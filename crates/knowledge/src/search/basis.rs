//! What a search rests on, so that it can be told which changes of documents could give it another result.
//!
//! This mirrors [`Knowledge::retrieve`](crate::Knowledge::retrieve): whatever that takes into account has to be here. It may
//! be wrong in one direction only, and call a result altered that is not.

use serde::{Deserialize, Serialize};
use store::Reader;
use store::changes::{Reworded, What, term_hash};
use store::search::{Collection, KeywordHit, Near, Sizes, document_score};
use uuid::Uuid;

use super::{CHUNKS_BY_MEANING, DOCUMENTS, DOCUMENTS_BY_KEYWORDS, Question, Term};
use crate::Change;
use crate::index::{Quantised, quantise};

/// By how much pgvector's similarities, of half precision, may differ from ours, which are of 8 bits.
const IMPRECISION: f32 = 0.01;

/// By how much of itself a score of the database may differ from ours: both have seven digits.
const IMPRECISION_OF_SCORES: f64 = 1e-5;

/// What a search rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// Whose private documents were searched; nil for nobody's.
    reader: Uuid,
    /// The words that were searched for.
    words: Vec<Word>,
    /// Hashes of the documents that either search found.
    documents: Vec<u32>,
    /// How much there was to be read that is nobody else's.
    private: Sizes,
    /// How much there was to be read in all, rounded.
    collection: Collection,
    /// The question's vector, coded; `None` when words alone had to do.
    vector: Option<Quantised>,
    /// How well a document has to match in order to be found by its words; `None` when any that has one is found.
    least_score: Option<f32>,
    /// How near a chunk has to be in order to be found by its meaning; `None` when any is near enough.
    least: Option<f32>,
}

/// Why a search might find something else after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// It went by words alone, which are counted over all chunks.
    WordsAlone,
    /// It was made by the one whose private document it is.
    Private,
    /// Nothing that was made before may be used.
    Everything,
    /// It had found the document.
    Found,
    /// There are so many more documents, or so many fewer, that every word counts as rarer or as more common.
    Collection,
    /// A word that was searched for does.
    Rarity,
    /// The document would be found by its words now.
    Words,
    /// A chunk of it would be found by its meaning now.
    Meaning,
}

/// A word that was searched for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Word {
    /// Its hash.
    hash: u32,
    /// How rare it was.
    rarity: f32,
    /// Whether documents have it that only the reader may read.
    is_private: bool,
}

impl Word {
    #[expect(clippy::cast_possible_truncation, reason = "a score needs no more than seven digits")]
    fn of(term: &Term, collection: Collection) -> Self {
        let rarity = collection.rarity(term.frequency) as f32;
        Self { hash: term_hash(&term.stem), rarity, is_private: term.statistics.private.documents > 0 }
    }
}

impl Basis {
    pub(super) fn new(
        reader: Reader,
        question: &Question,
        vector: Option<&[f32]>,
        keyworded: &[KeywordHit],
        by_meaning: &[Near],
    ) -> Self {
        let found = keyworded.iter().map(|hit| hit.document_id).chain(by_meaning.iter().map(|near| near.document_id));
        let mut documents: Vec<u32> = found.map(hash).collect();
        documents.sort_unstable();
        documents.dedup();
        Self {
            reader: reader.account_id,
            words: question.terms.iter().map(|term| Word::of(term, question.collection)).collect(),
            least_score: keyworded.get(DOCUMENTS_BY_KEYWORDS - 1).map(|hit| hit.score),
            documents,
            private: question.readable.private,
            collection: question.collection,
            vector: vector.map(quantise),
            least: by_meaning.get(CHUNKS_BY_MEANING - 1).map(Near::meaning),
        }
    }

    /// Why the search might find something else after a change; `None` when it finds the same.
    #[must_use]
    pub fn altered_by(&self, change: &Change) -> Option<Alteration> {
        // The keyword search for chunks counts all of them, whoever may read them.
        let Some(vector) = &self.vector else { return Some(Alteration::WordsAlone) };
        if let Some(owner) = change.of.private_to {
            return (owner == self.reader).then_some(Alteration::Private);
        }
        if change.of.what == What::Everything {
            return Some(Alteration::Everything);
        }
        if self.documents.binary_search(&hash(change.of.document_id)).is_ok() {
            return Some(Alteration::Found);
        }
        if change.collection(self.private) != self.collection {
            return Some(Alteration::Collection);
        }
        if let Some(reworded) = change.reworded() {
            if self.is_other_rarity(reworded) {
                return Some(Alteration::Rarity);
            }
            if self.would_find_by_words(reworded) {
                return Some(Alteration::Words);
            }
        }
        self.would_find_by_meaning(change, vector).then_some(Alteration::Meaning)
    }

    /// Whether a word that was searched for counts as rarer or as more common now.
    fn is_other_rarity(&self, reworded: &Reworded) -> bool {
        // The step of a sum with what only the reader finds is not that of what everybody does.
        let is_other = |word: &Word| reworded.word(word.hash).is_some_and(|of| of.is_other || word.is_private);
        self.words.iter().any(is_other)
    }

    /// Whether the changed document matches well enough to be found by its words.
    fn would_find_by_words(&self, reworded: &Reworded) -> bool {
        let occurring = self.words.iter().filter_map(|word| {
            let of = reworded.word(word.hash)?;
            Some((f64::from(word.rarity), of.title.into(), of.body.into()))
        });
        let score = document_score(occurring, reworded.length, self.collection, DOCUMENTS);
        let least = self.least_score.map_or(0.0, |least| f64::from(least) * (1.0 - IMPRECISION_OF_SCORES));
        score > 0.0 && score >= least
    }

    /// Whether a chunk of the changed document is near enough to be found by its meaning.
    fn would_find_by_meaning(&self, change: &Change, vector: &Quantised) -> bool {
        let Some(vectors) = &change.vectors else { return false };
        let near_enough = |nearest: f32| self.least.is_none_or(|least| nearest >= least - IMPRECISION);
        vectors.nearest(vector).is_none_or(near_enough)
    }
}

impl Alteration {
    /// As it is counted.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WordsAlone => "words_alone",
            Self::Private => "private",
            Self::Everything => "everything",
            Self::Found => "found",
            Self::Collection => "collection",
            Self::Rarity => "rarity",
            Self::Words => "words",
            Self::Meaning => "meaning",
        }
    }
}

/// Two documents that share a hash only make a change look as if it mattered.
fn hash(document_id: Uuid) -> u32 {
    // The first digits of a UUIDv7 are its time; the last ones are random.
    let [.., a, b, c, d] = document_id.into_bytes();
    u32::from_be_bytes([a, b, c, d])
}
