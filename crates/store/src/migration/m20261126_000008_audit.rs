//! Who did what, for good.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{string, string_null, text_null, timestamp_with_time_zone, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Entries are added, and never changed or removed, whoever tries.
const APPEND_ONLY_SQLITE: &[&str] = &[
    "CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry \
     BEGIN SELECT RAISE(ABORT, 'entries of the audit log cannot be changed'); END",
    "CREATE TRIGGER audit_entry_remains BEFORE DELETE ON audit_entry \
     BEGIN SELECT RAISE(ABORT, 'entries of the audit log cannot be removed'); END",
];
const APPEND_ONLY_POSTGRES: &[&str] = &[
    "CREATE FUNCTION audit_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN RAISE EXCEPTION 'entries of the audit log cannot be changed or removed'; END $$",
    "CREATE TRIGGER audit_entry_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry \
     FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_kept()",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Not bound to accounts: what somebody did stays known when the account is gone.
        let entry = Table::create()
            .table("audit_entry")
            .col(uuid("id").primary_key())
            .col(timestamp_with_time_zone("at"))
            .col(string("action"))
            .col(string("outcome"))
            .col(uuid_null("actor_id"))
            .col(string("actor"))
            .col(string_null("subject"))
            .col(text_null("detail"))
            .col(string_null("client"))
            .to_owned();
        manager.create_table(entry).await?;
        let connection = manager.get_connection();
        let sqlite = connection.get_database_backend() == DbBackend::Sqlite;
        for statement in if sqlite { APPEND_ONLY_SQLITE } else { APPEND_ONLY_POSTGRES } {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
