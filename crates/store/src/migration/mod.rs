//! The schema, one file per change.

use sea_orm_migration::prelude::*;

mod m20261123_000001_initial;
mod m20261124_000002_document_index;
mod m20261124_000003_leases;
mod m20261124_000004_access_paths;
mod m20261124_000005_postings;
mod m20261126_000006_changes;
mod m20261126_000007_term_statistics;
mod m20261126_000008_audit;
mod m20261126_000009_metric_slots;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_initial::Migration),
            Box::new(m20261124_000002_document_index::Migration),
            Box::new(m20261124_000003_leases::Migration),
            Box::new(m20261124_000004_access_paths::Migration),
            Box::new(m20261124_000005_postings::Migration),
            Box::new(m20261126_000006_changes::Migration),
            Box::new(m20261126_000007_term_statistics::Migration),
            Box::new(m20261126_000008_audit::Migration),
            Box::new(m20261126_000009_metric_slots::Migration),
        ]
    }
}
