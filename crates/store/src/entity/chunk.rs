//! A passage of a document: the unit of search.

use sea_orm::entity::prelude::*;

/// A passage of a document: the unit of search.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chunk")]
pub struct Model {
    /// The key that both indexes use.
    #[sea_orm(primary_key)]
    pub number: i64,
    /// The id that citations name.
    pub id: Uuid,
    /// The document that it is a part of.
    pub document_id: Uuid,
    /// Its place in the document, from 0.
    pub ordinal: i32,
    /// The headings above it, joined with ` > `.
    #[sea_orm(column_type = "Text")]
    pub heading_path: String,
    /// Byte offset of its start in the extracted text.
    pub start: i32,
    /// Byte offset of its end in the extracted text.
    pub end: i32,
    /// Its text, the same bytes as in the extracted text.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Its sentences, list items, table rows and code blocks, encoded by `knowledge::units`.
    pub units: Vec<u8>,
    /// Whether it has a vector.
    pub embedded: bool,
}

/// What a passage is read together with.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The document that it is a part of.
    #[sea_orm(belongs_to = "super::document::Entity", from = "Column::DocumentId", to = "super::document::Column::Id")]
    Document,
    /// Its vector.
    #[sea_orm(
        belongs_to = "super::chunk_vector::Entity",
        from = "Column::Number",
        to = "super::chunk_vector::Column::ChunkNumber"
    )]
    Vector,
}

impl ActiveModelBehavior for ActiveModel {}
