//! The extracted text of a document, into which citations point.

use sea_orm::entity::prelude::*;

/// The extracted text of a document, into which citations point.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document_text")]
pub struct Model {
    /// Whose text it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: Uuid,
    /// UTF-8 text; citations are byte ranges of it.
    #[sea_orm(column_type = "Text")]
    pub text: String,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
