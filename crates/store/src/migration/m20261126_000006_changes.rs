//! The log of what happened to documents, by which caches and in-process indexes know whether they are up to date.

use sea_orm::{DbBackend, Statement};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Written by hand: both databases understand them, and a partial index has no other form.
const STATEMENTS: &[&str] = &[
    // One row. Its lock makes the order of the numbers the order of the commits.
    "CREATE TABLE change_counter (id integer PRIMARY KEY, number bigint NOT NULL, library uuid NOT NULL)",
    "CREATE TABLE change (number bigint PRIMARY KEY, document_id uuid NOT NULL, private_to uuid, kind integer NOT NULL,
        terms TERMS NOT NULL, documents bigint NOT NULL, document_terms bigint NOT NULL, chunks bigint NOT NULL)",
    // Whether a person has private documents, which every request asks.
    "CREATE INDEX document_private ON document (owner_id) WHERE scope <> 'shared'",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let postgres = connection.get_database_backend() == DbBackend::Postgres;
        for statement in STATEMENTS {
            connection.execute_unprepared(&statement.replace("TERMS", if postgres { "bytea" } else { "blob" })).await?;
        }
        // A name of its own, so that nothing that was cached of another database is ever taken for this one's.
        let library = uuid::Uuid::now_v7();
        let insert = "INSERT INTO change_counter (id, number, library) VALUES (1, 0, $1)";
        let insert = Statement::from_sql_and_values(connection.get_database_backend(), insert, [library.into()]);
        connection.execute_raw(insert).await.map(|_| ())
    }
}
