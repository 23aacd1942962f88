//! What somebody did.

use sea_orm::entity::prelude::*;

use crate::values::{AuditAction, AuditOutcome};

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// The entry's id; later entries have greater ones.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// What.
    pub action: AuditAction,
    /// Whether it came about.
    pub outcome: AuditOutcome,
    /// Whose account; `None` where nobody was recognised, and for the command line.
    pub actor_id: Option<Uuid>,
    /// The address of that account at the time, the one that was typed, or the command line.
    pub actor: String,
    /// What it was done to: an id or an address.
    pub subject: Option<String>,
    /// More about it, in words.
    pub detail: Option<String>,
    /// The address that the request came from.
    pub client: Option<String>,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
