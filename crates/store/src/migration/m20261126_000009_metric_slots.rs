//! What happened, in slots of time, so that charts and error budgets outlast a restart.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{small_integer, text, timestamp_with_time_zone, uuid};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let slot = Table::create()
            .table("metric_slot")
            .col(small_integer("resolution"))
            .col(timestamp_with_time_zone("start"))
            .col(uuid("process"))
            .col(timestamp_with_time_zone("updated_at"))
            .col(text("data"))
            .primary_key(Index::create().col("resolution").col("start").col("process"))
            .to_owned();
        manager.create_table(slot).await?;
        let index = Index::create().name("metric_slot_updated").table("metric_slot").col("updated_at").to_owned();
        manager.create_index(index).await
    }
}
