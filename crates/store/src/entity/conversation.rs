//! A conversation: questions and answers of one person.

use sea_orm::entity::prelude::*;

/// A conversation: questions and answers of one person.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    /// The conversation's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose conversation it is.
    pub account_id: Uuid,
    /// Its first question, shortened.
    pub title: String,
    /// When it began.
    pub created_at: DateTimeUtc,
    /// When the last message came.
    pub updated_at: DateTimeUtc,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
