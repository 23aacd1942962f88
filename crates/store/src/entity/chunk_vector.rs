//! The vector of a chunk.

use sea_orm::entity::prelude::*;

/// The vector of a chunk.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "chunk_vector")]
#[expect(clippy::struct_field_names, reason = "`model` is the embedding model, not this type")]
pub struct Model {
    /// The chunk.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chunk_number: i64,
    /// Name and version of the model that made it.
    pub model: String,
    /// What one step of the codes is worth.
    pub scale: f32,
    /// The components as signed 8-bit codes.
    pub codes: Vec<u8>,
    /// The vectors of its units, encoded by `knowledge::unit_vectors`.
    pub units: Vec<u8>,
}

/// Rows are joined by hand where they are read; see the aggregates.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
