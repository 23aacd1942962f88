//! Jobs that several processes work off, fairly between the people whose they are.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, timestamp_with_time_zone_null, uuid_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            uuid_null("owner_id"),
            big_integer("turn").default(0).take(),
            uuid_null("lease_holder"),
            timestamp_with_time_zone_null("lease_until"),
        ];
        for column in columns {
            // SQLite adds one column at a time.
            manager.alter_table(Table::alter().table("job").add_column(column).to_owned()).await?;
        }
        let owners = "UPDATE job SET owner_id = (SELECT owner_id FROM document WHERE document.id = job.document_id)";
        manager.get_connection().execute_unprepared(owners).await?;
        manager.drop_index(Index::drop().name("job_state_kind_run_at").table("job").to_owned()).await?;
        let claims = Index::create()
            .name("job_claims")
            .table("job")
            .col("kind")
            .col("state")
            .col("crashes")
            .col("turn")
            .col("id")
            .to_owned();
        manager.create_index(claims).await?;
        let turns = Index::create().name("job_turns").table("job").col("kind").col("owner_id").col("turn").to_owned();
        manager.create_index(turns).await?;
        let leases = Index::create().name("job_leases").table("job").col("state").col("lease_until").to_owned();
        manager.create_index(leases).await
    }
}
