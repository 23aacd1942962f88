//! What was searched for lately: a repeated question finds its vector, and its passages as long as no change could have
//! altered them.

use std::sync::Arc;

use store::Reader;
use uuid::Uuid;

use super::{Found, SearchHit};
use crate::Knowledge;
use crate::generations::Generations;

/// Vectors take about two kilobytes each.
const VECTOR_BYTES: usize = 16 * 1024 * 1024;
/// What a search finds takes about fifty.
const FOUND_BYTES: usize = 32 * 1024 * 1024;

/// Vectors and passages of questions.
#[derive(Debug)]
pub(crate) struct Remembered {
    vectors: Generations<String, Arc<[f32]>>,
    found: Generations<Search, (u64, Arc<Found>)>,
}

/// Whose search for what.
type Search = (Uuid, String);

impl Default for Remembered {
    fn default() -> Self {
        Self { vectors: Generations::new(VECTOR_BYTES), found: Generations::new(FOUND_BYTES) }
    }
}

impl Remembered {
    pub(super) fn vector(&self, text: &str) -> Option<Arc<[f32]>> {
        self.vectors.get(text)
    }

    pub(super) fn keep_vector(&self, text: &str, vector: &Arc<[f32]>) {
        self.vectors.put(text.to_owned(), Arc::clone(vector), text.len() + size_of_val(&**vector));
    }

    /// What a search found, if it would find the same now. The timings are those of a search that had nothing to do.
    pub(super) fn found(&self, knowledge: &Knowledge, reader: Reader, text: &str) -> Option<Arc<Found>> {
        let search = (reader.account_id, text.to_owned());
        let (as_of, found) = self.found.get(&search)?;
        let present = knowledge.present();
        let changes = knowledge.changes_since(as_of);
        if changes.is_some_and(|changes| changes.iter().all(|change| found.basis.altered_by(change).is_none())) {
            if present > as_of {
                self.found.put(search, (present, Arc::clone(&found)), bytes(&found));
            }
            return Some(found);
        }
        self.found.remove(&search);
        None
    }

    /// Keeps what was found by somebody who has seen the changes up to `reader.seen`.
    pub(super) fn keep(&self, reader: Reader, text: &str, found: &Arc<Found>) {
        let search = (reader.account_id, text.to_owned());
        self.found.put(search, (reader.seen, Arc::clone(found)), bytes(found));
    }
}

fn bytes(found: &Found) -> usize {
    let hit = |hit: &SearchHit| {
        let passage = &hit.passage;
        let texts = passage.text.len() + passage.title.len() + passage.heading_path.len();
        texts
            + passage.units.len()
            + passage.unit_vectors.len()
            + size_of_val(hit.units.as_slice())
            + size_of::<SearchHit>()
    };
    size_of::<Found>() + found.hits.iter().map(hit).sum::<usize>()
}
