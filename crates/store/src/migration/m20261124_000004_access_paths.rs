//! Indexes for what is looked for among many rows.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Written by hand: both databases understand them, and a partial index has no other form.
const INDEXES: &[&str] = &[
    // Sessions that have expired are deleted every hour.
    "CREATE INDEX session_expires_at ON session (expires_at)",
    // How many documents there are of each status; and whether there are any, when a question finds nothing.
    "CREATE INDEX document_status ON document (status)",
    // The chunks that wait for a vector: few, most of the time.
    "CREATE INDEX chunk_not_embedded ON chunk (document_id) WHERE NOT embedded",
    // The vectors of another model, which go at the start.
    "CREATE INDEX chunk_vector_model ON chunk_vector (model)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
