//! A question or an answer.

use sea_orm::entity::prelude::*;

use crate::values::Author;

/// A question or an answer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    /// The key that the full-text index uses.
    #[sea_orm(primary_key)]
    pub number: i64,
    /// The message's id.
    #[sea_orm(unique)]
    pub id: Uuid,
    /// The conversation that it belongs to.
    pub conversation_id: Uuid,
    /// Who wrote it.
    pub author: Author,
    /// The question or the answer.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Of an answer: everything else that was returned with it.
    pub detail: Option<Json>,
    /// When it was written.
    pub created_at: DateTimeUtc,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
