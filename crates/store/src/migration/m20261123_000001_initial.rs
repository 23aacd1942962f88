//! The tables of the first version.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, binary, boolean, float, integer, json_null, pk_auto, string, string_null, string_uniq, text,
    text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_uniq,
};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        accounts(manager).await?;
        documents(manager).await?;
        conversations(manager).await?;
        crate::search::create_indexes(manager).await
    }
}

async fn accounts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let account = Table::create()
        .table("account")
        .col(uuid("id").primary_key())
        .col(string_uniq("email"))
        .col(string("name"))
        .col(string("role"))
        .col(string("password_hash"))
        .col(timestamp_with_time_zone_null("disabled_at"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned();
    manager.create_table(account).await?;
    let session = Table::create()
        .table("session")
        .col(uuid("id").primary_key())
        .col(uuid("account_id"))
        .col(string("kind"))
        .col(binary("secret_hash"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .foreign_key(&mut owned_by("session", "account_id", "account", "id"))
        .to_owned();
    manager.create_table(session).await?;
    index(manager, "session", &["account_id"]).await?;
    let setting = Table::create().table("setting").col(string("name").primary_key()).col(binary("value")).to_owned();
    manager.create_table(setting).await
}

async fn documents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let document = Table::create()
        .table("document")
        .col(uuid("id").primary_key())
        .col(uuid("owner_id"))
        .col(string("scope"))
        .col(binary("sha256"))
        .col(string("title"))
        .col(boolean("title_given"))
        .col(string("file_name"))
        .col(string("format"))
        .col(big_integer("size_bytes"))
        .col(string("status"))
        .col(text_null("error"))
        .col(integer("chunks"))
        .col(integer("embedded_chunks"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .foreign_key(&mut owned_by("document", "owner_id", "account", "id"))
        .to_owned();
    manager.create_table(document).await?;
    let same_bytes =
        Index::create().name("document_scope_sha256").table("document").col("scope").col("sha256").unique().to_owned();
    manager.create_index(same_bytes).await?;
    index(manager, "document", &["scope", "id"]).await?;
    index(manager, "document", &["owner_id"]).await?;
    let file = Table::create()
        .table("document_file")
        .col(uuid("document_id").primary_key())
        .col(binary("bytes"))
        .foreign_key(&mut owned_by("document_file", "document_id", "document", "id"))
        .to_owned();
    manager.create_table(file).await?;
    let extracted = Table::create()
        .table("document_text")
        .col(uuid("document_id").primary_key())
        .col(text("text"))
        .foreign_key(&mut owned_by("document_text", "document_id", "document", "id"))
        .to_owned();
    manager.create_table(extracted).await?;
    let chunk = Table::create()
        .table("chunk")
        .col(pk_auto("number").big_integer())
        .col(uuid("id"))
        .col(uuid("document_id"))
        .col(integer("ordinal"))
        .col(text("heading_path"))
        .col(integer("start"))
        .col(integer("end"))
        .col(text("text"))
        .col(binary("units"))
        .col(boolean("embedded"))
        .foreign_key(&mut owned_by("chunk", "document_id", "document", "id"))
        .to_owned();
    manager.create_table(chunk).await?;
    index(manager, "chunk", &["document_id", "ordinal"]).await?;
    let vector = Table::create()
        .table("chunk_vector")
        .col(big_integer("chunk_number").primary_key())
        .col(string("model"))
        .col(float("scale"))
        .col(binary("codes"))
        .col(binary("units"))
        .foreign_key(&mut owned_by("chunk_vector", "chunk_number", "chunk", "number"))
        .to_owned();
    manager.create_table(vector).await?;
    let job = Table::create()
        .table("job")
        .col(uuid("id").primary_key())
        .col(string("kind"))
        .col(uuid("document_id"))
        .col(string("state"))
        .col(integer("attempts"))
        .col(integer("crashes"))
        .col(timestamp_with_time_zone("run_at"))
        .col(text_null("error"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(&mut owned_by("job", "document_id", "document", "id"))
        .to_owned();
    manager.create_table(job).await?;
    index(manager, "job", &["state", "kind", "run_at"]).await?;
    index(manager, "job", &["document_id"]).await
}

async fn conversations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let conversation = Table::create()
        .table("conversation")
        .col(uuid("id").primary_key())
        .col(uuid("account_id"))
        .col(string("title"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("updated_at"))
        .foreign_key(&mut owned_by("conversation", "account_id", "account", "id"))
        .to_owned();
    manager.create_table(conversation).await?;
    index(manager, "conversation", &["account_id", "id"]).await?;
    let message = Table::create()
        .table("message")
        .col(pk_auto("number").big_integer())
        .col(uuid_uniq("id"))
        .col(uuid("conversation_id"))
        .col(string("author"))
        .col(text("text"))
        .col(json_null("detail"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(&mut owned_by("message", "conversation_id", "conversation", "id"))
        .to_owned();
    manager.create_table(message).await?;
    index(manager, "message", &["conversation_id", "number"]).await?;
    let feedback = Table::create()
        .table("feedback")
        .col(uuid("message_id").primary_key())
        .col(uuid("account_id"))
        .col(integer("rating"))
        .col(string_null("comment"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(&mut owned_by("feedback", "message_id", "message", "id"))
        .to_owned();
    manager.create_table(feedback).await
}

/// A foreign key whose rows go when the row that they belong to goes.
fn owned_by(
    table: &'static str,
    column: &'static str,
    owner: &'static str,
    key: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_{column}"))
        .from(table, column)
        .to(owner, key)
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

async fn index(manager: &SchemaManager<'_>, table: &'static str, columns: &[&'static str]) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(format!("{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}
