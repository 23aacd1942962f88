//! What the tests of this crate share.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Value;

/// A value that rests on notes of the sources; a change alters it when it is about one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) text: String,
    sources: Vec<Uuid>,
}

impl Note {
    pub(crate) fn new(text: &str, sources: &[u128]) -> Self {
        Self { text: text.to_owned(), sources: sources.iter().map(|id| Uuid::from_u128(*id)).collect() }
    }
}

impl Value for Note {
    type Change = Uuid;

    fn altered_by(&self, change: &Uuid) -> Option<&'static str> {
        self.sources.contains(change).then_some("source")
    }

    fn sources(&self) -> &[Uuid] {
        &self.sources
    }

    fn is_negative(&self) -> bool {
        self.text.is_empty()
    }
}
