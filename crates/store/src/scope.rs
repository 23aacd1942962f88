//! Who may read a document.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whether a document is everybody's or its owner's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Only the owner reads it: no listing, search, answer or citation shows it to anybody else, administrators included.
    Private,
    /// Everybody with an account reads it.
    Shared,
}

/// The stored scope of shared documents. A private document's scope is its owner's id, so that one indexed
/// column answers "may this person read it" and "has this scope these bytes already".
pub(crate) const SHARED: &str = "shared";

pub(crate) fn scope_of(visibility: Visibility, owner: Uuid) -> String {
    match visibility {
        Visibility::Shared => SHARED.to_owned(),
        Visibility::Private => owner.to_string(),
    }
}

/// The person on whose behalf documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    /// The account that reads.
    pub account_id: Uuid,
    /// The number of the change of documents that the person must not miss; 0 for none in particular.
    pub seen: u64,
}

impl Reader {
    /// The reader for an account.
    #[must_use]
    pub const fn new(account_id: Uuid) -> Self {
        Self { account_id, seen: 0 }
    }

    /// Who reads only what everybody may.
    #[must_use]
    pub const fn everybody() -> Self {
        Self::new(Uuid::nil())
    }

    /// The same reader, who must not miss this change, or one before it.
    #[must_use]
    pub const fn at(self, change: u64) -> Self {
        Self { seen: change, ..self }
    }

    pub(crate) fn scopes(self) -> [String; 2] {
        [SHARED.to_owned(), self.account_id.to_string()]
    }

    pub(crate) fn may_read(self, scope: &str) -> bool {
        scope == SHARED || scope == self.account_id.to_string()
    }
}
