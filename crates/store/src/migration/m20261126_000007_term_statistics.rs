//! Figures of words are kept instead of being counted for each question, and a change says what it did to them.

use sea_orm_migration::prelude::*;

use crate::search;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

const STATEMENTS: &[&str] = &[
    "ALTER TABLE change_counter ADD COLUMN documents bigint NOT NULL DEFAULT 0",
    "ALTER TABLE change_counter ADD COLUMN document_terms bigint NOT NULL DEFAULT 0",
    "ALTER TABLE change_counter ADD COLUMN chunks bigint NOT NULL DEFAULT 0",
    "DROP TABLE IF EXISTS keyword_statistics",
    // Changes are written in another form. Whoever misses them begins anew.
    "DELETE FROM change",
    "ALTER TABLE change ADD COLUMN length integer NOT NULL DEFAULT 0",
    "UPDATE change_counter SET number = number + 1 WHERE number > 0",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        search::create_statistics(connection).await?;
        for statement in STATEMENTS {
            connection.execute_unprepared(statement).await?;
        }
        search::count_all(connection).await
    }
}
