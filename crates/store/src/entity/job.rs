//! A piece of background work, enqueued in the transaction that needs it.

use sea_orm::entity::prelude::*;

use crate::values::{JobKind, JobState};

/// A piece of background work, enqueued in the transaction that needs it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// The job's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What is to be done.
    pub kind: JobKind,
    /// To which document.
    pub document_id: Uuid,
    /// Whose document it is.
    pub owner_id: Option<Uuid>,
    /// Where it stands.
    pub state: JobState,
    /// Its place in the queue among those of all people; smaller is sooner.
    pub turn: i64,
    /// How often it failed with an error.
    pub attempts: i32,
    /// How often its process died with the job in hand, since it last got any further.
    pub crashes: i32,
    /// Not to be started before.
    pub run_at: DateTimeUtc,
    /// The last error.
    pub error: Option<String>,
    /// The process that has it in hand.
    pub lease_holder: Option<Uuid>,
    /// When that process counts as dead unless it says that it lives.
    pub lease_until: Option<DateTimeUtc>,
    /// When it was enqueued.
    pub created_at: DateTimeUtc,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
