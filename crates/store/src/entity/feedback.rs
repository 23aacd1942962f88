//! What a person thought of an answer.

use sea_orm::entity::prelude::*;

/// What a person thought of an answer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feedback")]
pub struct Model {
    /// The answer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Uuid,
    /// Who judged.
    pub account_id: Uuid,
    /// 1 for good, -1 for bad.
    pub rating: i32,
    /// In the person's words.
    pub comment: Option<String>,
    /// When.
    pub created_at: DateTimeUtc,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
