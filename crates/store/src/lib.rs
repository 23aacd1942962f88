//! Everything that VoiceAssist keeps: entities, migrations, transactions, and the two search backends' SQL.
//!
//! One file per aggregate ([`accounts`], [`documents`], [`chunks`], [`jobs`], [`conversations`]); each holds the
//! operations that the rest of the program may perform, and each operation is one transaction.

pub mod accounts;
pub mod audit;
mod batches;
mod bell;
pub mod census;
pub mod changes;
pub mod chunks;
mod clock;
pub mod conversations;
mod database;
pub mod documents;
pub mod editing;
mod entity;
mod error;
pub mod jobs;
mod keys;
pub mod measure;
mod migration;
pub mod page;
pub mod passages;
mod recording;
mod scope;
pub mod search;
pub mod sessions;
pub mod slots;
pub mod transfer;
pub mod values;
mod vectors;

pub use bell::JobBell;
pub use clock::Clock;
pub use database::{
    Connections, DatabaseUrl, Marks, MarksUnavailable, QueryStatistics, ReplicaState, Settings, SlowQuery, Store,
};
pub use error::{Error, Result};
pub use scope::{Reader, Visibility};
