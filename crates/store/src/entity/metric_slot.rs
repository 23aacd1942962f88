//! What a process did in a stretch of time.

use sea_orm::entity::prelude::*;

/// What a process did in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "metric_slot")]
pub struct Model {
    /// How long the stretch is, as a number that others give.
    #[sea_orm(primary_key, auto_increment = false)]
    pub resolution: i16,
    /// When it began.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start: DateTimeUtc,
    /// Which process; one that starts again is another one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub process: Uuid,
    /// When it was written last.
    pub updated_at: DateTimeUtc,
    /// What happened, in a form that others give.
    #[sea_orm(column_type = "Text")]
    pub data: String,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
