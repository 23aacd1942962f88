//! A document and how far its ingestion has come.

use sea_orm::entity::prelude::*;

use crate::values::DocumentStatus;

/// A document and how far its ingestion has come.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "document")]
pub struct Model {
    /// The document's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who uploaded it.
    pub owner_id: Uuid,
    /// `shared`, or the owner's id for a private document.
    pub scope: String,
    /// SHA-256 of the original bytes; unique within a scope.
    pub sha256: Vec<u8>,
    /// The title given at upload, or else the document's own.
    pub title: String,
    /// Whether the title was given at upload, so that parsing leaves it alone.
    pub title_given: bool,
    /// The name of the uploaded file.
    pub file_name: String,
    /// The detected format's name.
    pub format: String,
    /// Size of the original in bytes.
    pub size_bytes: i64,
    /// How far its ingestion has come.
    pub status: DocumentStatus,
    /// Why ingestion failed.
    pub error: Option<String>,
    /// How many chunks it has.
    pub chunks: i32,
    /// How many of them have a vector.
    pub embedded_chunks: i32,
    /// When it was uploaded.
    pub created_at: DateTimeUtc,
    /// When its status changed last.
    pub updated_at: DateTimeUtc,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
