//! What can be cached.

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// A value that can be cached, and that can tell whether it still holds.
pub trait Value: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Something that happened to what values are made from.
    type Change: Send + Sync + 'static;

    /// Why a fresh computation might give another value after this change, as a name to count; `None` when it would give the
    /// same. It is asked on the asynchronous runtime, perhaps for many changes in a row: microseconds, not milliseconds.
    fn altered_by(&self, change: &Self::Change) -> Option<&'static str>;

    /// Ids of everything that it shows or rests on by name; forgetting one of them removes the value.
    fn sources(&self) -> &[Uuid];

    /// Whether it says "there is nothing", which is kept for a shorter time.
    fn is_negative(&self) -> bool;

    /// How much memory a change takes, in bytes: the journal is bounded by it.
    #[must_use]
    fn change_bytes(_change: &Self::Change) -> usize {
        size_of::<Self::Change>()
    }
}
