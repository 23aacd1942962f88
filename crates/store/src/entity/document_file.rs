//! The original bytes of a document.

use sea_orm::entity::prelude::*;

/// The original bytes of a document.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_file")]
pub struct Model {
    /// Whose bytes they are.
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: Uuid,
    /// The file as it was uploaded.
    pub bytes: Vec<u8>,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
