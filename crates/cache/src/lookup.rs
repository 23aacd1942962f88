//! How the cache is asked, and what it says.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Key;

/// A question by which an entry is looked up.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// Names everything that the answer depends on.
    pub key: Key,
    /// Whose it is; nil when it is everybody's. An entry of another scope is never given, whatever its key.
    pub scope: Uuid,
    /// The question in words.
    pub question: &'a str,
    /// The number of the last change that the asker must see. The journal has to reach it.
    pub present: u64,
}

/// What was found.
#[derive(Debug)]
pub struct Hit<V> {
    /// The value.
    pub value: Arc<V>,
    /// The tier that had it.
    pub tier: Tier,
    /// How long ago it was computed.
    pub age: Duration,
    /// Cosine similarity of the stored question, for a hit by meaning.
    pub similarity: Option<f32>,
    /// The stored question, for a hit by meaning.
    pub question: Option<String>,
    /// The key under which the value was computed.
    pub key: Key,
}

/// A tier, from the nearest to the farthest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// In this process, by the exact key.
    L1,
    /// On disk or in Redis, by the exact key.
    L2,
    /// In this process, by meaning; its values are those of the other two.
    Rag,
}

impl Tier {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::L1, Self::L2, Self::Rag];

    /// The name, as labels have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::Rag => "rag",
        }
    }
}

/// Why a tier gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Miss {
    /// It has nothing under the key, or no question of the scope and context.
    Absent,
    /// What it had was too old by the clock.
    Expired,
    /// What it had belongs to another scope.
    Scope,
    /// What it had was altered by a change.
    Invalidated,
    /// The journal does not tell all changes since what it had was computed.
    TooOld,
    /// The questions that are near enough are not the same question.
    Guard,
    /// No question is near enough.
    BelowThreshold,
    /// The tier did not answer.
    Failed,
}

impl Miss {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Absent,
        Self::Expired,
        Self::Scope,
        Self::Invalidated,
        Self::TooOld,
        Self::Guard,
        Self::BelowThreshold,
        Self::Failed,
    ];

    /// The name, as labels have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Expired => "expired",
            Self::Scope => "scope",
            Self::Invalidated => "invalidated",
            Self::TooOld => "too_old",
            Self::Guard => "guard",
            Self::BelowThreshold => "below_threshold",
            Self::Failed => "failed",
        }
    }
}

/// An entry as an administrator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Described {
    /// The tier that has it.
    pub tier: Tier,
    /// The key under which the value was computed; another than the one that was asked for when the tier learned it from a hit
    /// by meaning.
    pub key: Key,
    /// The question that it answers.
    pub question: String,
    /// Whose it is; nil when it is everybody's.
    pub scope: Uuid,
    /// What only matches the same, such as mode and model.
    pub context: String,
    /// How long ago it was computed, in milliseconds.
    pub age_ms: u64,
    /// How much longer the tier keeps it, in milliseconds.
    pub ttl_left_ms: u64,
    /// The number of the last change that it is known to have survived.
    pub as_of: u64,
    /// What it counts for in the tier's limit, in bytes.
    pub bytes: u64,
    /// How often this process found it in this tier; `None` where nobody counts.
    pub hits: Option<u64>,
    /// What it shows or rests on.
    pub sources: Vec<Uuid>,
}

/// How many entries were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cleared {
    /// From this process.
    pub l1: u64,
    /// From the disk or Redis.
    pub l2: u64,
    /// Questions from the index of this process.
    pub rag: u64,
    /// False when the disk or Redis did not answer: what it has then goes with its time.
    pub complete: bool,
}

/// A question worth computing again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Popular {
    /// The key of its answer.
    pub key: Key,
    /// The question in words.
    pub question: String,
    /// Whose it is; nil when it is everybody's.
    pub scope: Uuid,
    /// What only matches the same, such as mode and model.
    pub context: String,
    /// How often it was found or computed, lately.
    pub hits: u64,
}
