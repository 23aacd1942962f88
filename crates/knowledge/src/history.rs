//! Keeping up with what happens to documents: whatever process changed them, this one's index and whoever keeps answers learn
//! of it here, in order.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use store::changes::{Reworded, What};
use store::search::{Collection, Readable, Sizes};
use uuid::Uuid;

use crate::index::DocumentVectors;
use crate::{Knowledge, Result};

/// Changes that are remembered.
const REMEMBERED: usize = 5_000;
/// Vectors that are remembered with them, in bytes.
const REMEMBERED_BYTES: usize = 64 * 1024 * 1024;
/// Changes that are read at once.
const BATCH: u64 = 200;
/// Changes that a process that starts wants to know of: what was cached before them is given up.
const BEFORE_THE_START: u64 = 300;

/// Something that happened to a document.
#[derive(Debug)]
pub struct Change {
    pub(crate) of: store::changes::Change,
    /// The vectors that the document has now, if it has all of them.
    pub(crate) vectors: Option<DocumentVectors>,
    /// How much everybody may read after it, rounded.
    shared: Collection,
}

impl Change {
    /// To which document; nil when to all of them.
    #[must_use]
    pub fn document_id(&self) -> Uuid {
        self.of.document_id
    }

    fn new(of: store::changes::Change, vectors: Option<DocumentVectors>) -> Self {
        let shared = Readable { shared: of.shared, private: Sizes::default() }.collection();
        Self { of, vectors, shared }
    }

    /// How much somebody may read after it who has so much alone, rounded.
    pub(crate) fn collection(&self, private: Sizes) -> Collection {
        // Nearly everybody, and this is asked for every answer.
        if private == Sizes::default() {
            return self.shared;
        }
        Readable { shared: self.of.shared, private }.collection()
    }

    /// What words the document has now, if it may have others than before.
    pub(crate) fn reworded(&self) -> Option<&Reworded> {
        match &self.of.what {
            What::Words(words) => Some(words),
            What::Vectors | What::Everything => None,
        }
    }

    /// What it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.reworded().map_or(0, Reworded::bytes) + self.vectors.as_ref().map_or(0, DocumentVectors::bytes)
    }
}

/// What happened of late.
#[derive(Debug, Default)]
pub(crate) struct History {
    recent: RwLock<Recent>,
    /// Held by the one who reads on.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Recent {
    /// The number of the last change.
    present: u64,
    changes: VecDeque<Arc<Change>>,
    bytes: usize,
}

impl History {
    /// The number of the last change that this process knows of.
    pub(crate) fn present(&self) -> u64 {
        self.recent.read().unwrap_or_else(PoisonError::into_inner).present
    }

    /// Forgets everything, and goes on from this number.
    fn begin_at(&self, present: u64) {
        *self.recent.write().unwrap_or_else(PoisonError::into_inner) = Recent { present, ..Recent::default() };
    }

    fn add(&self, change: Change) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.present = change.of.number;
        recent.bytes += change.bytes();
        recent.changes.push_back(Arc::new(change));
        while recent.changes.len() > REMEMBERED || recent.bytes > REMEMBERED_BYTES {
            let Some(oldest) = recent.changes.pop_front() else { break };
            recent.bytes -= oldest.bytes();
        }
    }

    fn known_since(&self) -> u64 {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        recent.present - recent.changes.len() as u64
    }

    fn since(&self, number: u64) -> Option<Vec<Arc<Change>>> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let missing = usize::try_from(recent.present.saturating_sub(number)).ok()?;
        let first = recent.changes.len().checked_sub(missing)?;
        Some(recent.changes.range(first..).cloned().collect())
    }
}

impl Knowledge {
    /// Sees that this process knows of every change up to this number, which its reader has seen.
    pub async fn catch_up(&self, present: u64) -> Result<()> {
        if self.history.present() >= present {
            return Ok(());
        }
        let _turn = self.history.turn.lock().await;
        while self.history.present() < present {
            let known = self.history.present();
            let changes = self.store.changes_after(known, BATCH).await?;
            if changes.first().is_none_or(|first| first.number != known + 1) {
                // This process slept for longer than changes are kept.
                self.begin_anew().await?;
            }
            for change in changes {
                self.apply(change).await?;
            }
        }
        Ok(())
    }

    /// The same for every change that there is.
    pub async fn catch_up_with_everything(&self) -> Result<()> {
        self.catch_up(self.store.present_change().await?).await
    }

    /// The number of the last change that this process knows of.
    #[must_use]
    pub fn present(&self) -> u64 {
        self.history.present()
    }

    /// What has happened since a change, in order; `None` when that is no longer known.
    #[must_use]
    pub fn changes_since(&self, number: u64) -> Option<Vec<Arc<Change>>> {
        self.history.since(number)
    }

    /// The number of the last change that is no longer known.
    #[must_use]
    pub fn known_since(&self) -> u64 {
        self.history.known_since()
    }

    /// Reads the present state, and some of what led to it.
    pub(crate) async fn begin_anew(&self) -> Result<()> {
        // In this order: what happens meanwhile is applied again.
        let present = self.store.present_change().await?;
        self.load_index().await?;
        let before = self.store.changes_after(present.saturating_sub(BEFORE_THE_START), BEFORE_THE_START).await?;
        self.history.begin_at(before.first().map_or(present, |first| first.number - 1));
        // What is later than that was perhaps not in the index when it was read: it is applied in its turn.
        for of in before.into_iter().take_while(|of| of.number <= present) {
            let vectors = self.vectors_of(of.document_id).await?.map(|(_, vectors)| vectors);
            self.history.add(Change::new(of, vectors));
        }
        Ok(())
    }

    async fn apply(&self, of: store::changes::Change) -> Result<()> {
        if of.number <= self.history.present() {
            return Ok(());
        }
        let vectors = if of.document_id.is_nil() {
            self.load_index().await?;
            None
        } else {
            let vectors = self.vectors_of(of.document_id).await?;
            if !self.store.searches_vectors() {
                self.index.replace(of.document_id, vectors.clone());
            }
            vectors.map(|(_, vectors)| vectors)
        };
        self.history.add(Change::new(of, vectors));
        Ok(())
    }

    /// The vectors that a document has now, with who alone may find them.
    async fn vectors_of(&self, document_id: Uuid) -> Result<Option<(Option<Uuid>, DocumentVectors)>> {
        let Some(model) = self.model_name() else { return Ok(None) };
        Ok(DocumentVectors::of(document_id, &self.store.vectors_of(model, document_id).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: u64) -> Change {
        let of = store::changes::Change {
            number,
            document_id: Uuid::from_u128(number.into()),
            private_to: None,
            what: What::Words(Reworded::default()),
            shared: Sizes::default(),
        };
        Change::new(of, None)
    }

    #[test]
    fn remembers_what_happened_of_late_and_says_when_it_does_not_know() {
        let history = History::default();
        history.begin_at(7);
        assert_eq!(history.since(7).map(|changes| changes.len()), Some(0));
        assert!(history.since(6).is_none());
        // A reader who has seen more than this process: nothing that it knows of has happened since.
        assert_eq!(history.since(9).map(|changes| changes.len()), Some(0));
        let last = 8 + REMEMBERED as u64;
        (8..=last).for_each(|number| history.add(change(number)));
        let numbers = |since| history.since(since).map(|all| all.iter().map(|c| c.of.number).collect::<Vec<_>>());
        assert_eq!(numbers(last - 2), Some(vec![last - 1, last]));
        assert_eq!(numbers(8).map(|all| all.len()), Some(REMEMBERED));
        assert!(numbers(7).is_none());
    }
}
