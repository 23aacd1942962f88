//! What a search rests on, so that it can be told which changes of documents could give it another result.
//!
//! This mirrors [`Knowledge::retrieve`](crate::Knowledge::retrieve): whatever that takes into account has to be here. It may
//! be wrong in one direction only, and call a result altered that is not.

use serde::{Deserialize, Serialize};
use store::Reader;
use store::changes::{What, term_hash};
use store::search::{Collection, KeywordHit, Near, Sizes};
use uuid::Uuid;

use super::{CHUNKS_BY_MEANING, Question};
use crate::Change;
use crate::index::{Quantised, quantise};

/// By how much pgvector's similarities, of half precision, may differ from ours, which are of 8 bits.
const IMPRECISION: f32 = 0.01;

/// What a search rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    /// Whose private documents were searched; nil for nobody's.
    reader: Uuid,
    /// Hashes of the words that were searched for.
    words: Vec<u32>,
    /// Hashes of the documents that either search found.
    documents: Vec<u32>,
    /// How much there was to be read that is nobody else's.
    private: Sizes,
    /// How much there was to be read in all, rounded.
    collection: Collection,
    /// The question's vector, coded; `None` when words alone had to do.
    vector: Option<Quantised>,
    /// How near a chunk has to be in order to be found by its meaning; `None` when any is near enough.
    least: Option<f32>,
    /// Whether chunks were found by their words alone, since they have no vectors yet.
    by_words_alone: bool,
}

impl Basis {
    pub(super) fn new(
        reader: Reader,
        question: &Question,
        vector: Option<&[f32]>,
        documents: &[KeywordHit],
        by_meaning: &[Near],
        by_words_alone: bool,
    ) -> Self {
        let found = documents.iter().map(|hit| hit.document_id).chain(by_meaning.iter().map(|near| near.document_id));
        let mut documents: Vec<u32> = found.map(hash).collect();
        documents.sort_unstable();
        documents.dedup();
        Self {
            reader: reader.account_id,
            words: question.stems().iter().map(|stem| term_hash(stem)).collect(),
            documents,
            private: question.readable.private,
            collection: question.collection,
            vector: vector.map(quantise),
            least: by_meaning.get(CHUNKS_BY_MEANING - 1).map(Near::meaning),
            by_words_alone,
        }
    }

    /// Whether it is worth keeping: what was found by words alone is soon found better.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.vector.is_none() || !self.by_words_alone
    }

    /// Whether the search still finds the same after a change.
    #[must_use]
    pub fn survives(&self, change: &Change) -> bool {
        // The keyword search for chunks counts all of them, whoever may read them.
        let Some(vector) = self.vector.as_ref().filter(|_| !self.by_words_alone) else { return false };
        if let Some(owner) = change.of.private_to {
            return owner != self.reader;
        }
        change.of.what != What::Everything
            && self.documents.binary_search(&hash(change.of.document_id)).is_err()
            && !self.words.iter().any(|word| change.has_word(*word))
            && change.collection(self.private) == self.collection
            && self.is_too_far(change, vector)
    }

    /// Whether no chunk of the changed document is near enough to be found by its meaning.
    fn is_too_far(&self, change: &Change, vector: &Quantised) -> bool {
        let Some(vectors) = &change.vectors else { return true };
        let Some(least) = self.least else { return false };
        vectors.nearest(vector).is_some_and(|nearest| nearest < least - IMPRECISION)
    }
}

/// Two documents that share a hash only make a change look as if it mattered.
fn hash(document_id: Uuid) -> u32 {
    // The first digits of a UUIDv7 are its time; the last ones are random.
    let [.., a, b, c, d] = document_id.into_bytes();
    u32::from_be_bytes([a, b, c, d])
}
