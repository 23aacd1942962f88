//! One file per command.

mod ab;
mod ask;
mod backup;
mod baseline;
mod breakpoint;
mod cache;
mod cache_accuracy;
mod cache_load;
mod cache_speed;
mod compare;
mod database;
mod export;
mod gate;
mod gateway;
mod import;
mod lab;
mod lint;
mod load;
mod migrate;
mod playing;
mod prepare;
mod report;
mod restore;
mod saturate;
mod serve;
mod slo;
mod target;
mod transfer;
mod user;
mod worker;

use crate::output;
use crate::settings::Settings;

/// What can be done.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Serve the pages and the API, and index documents, in one process.
    Serve(serve::Serve),
    /// Serve the pages and the API; workers index the documents. For PostgreSQL.
    Gateway(gateway::Gateway),
    /// Index documents; gateways take them in. For PostgreSQL.
    Worker(worker::Worker),
    /// Import files and folders of documents.
    Import(import::Import),
    /// Ask a question, and print the answer with its sources.
    Ask(ask::Ask),
    /// Manage the people who may sign in.
    #[command(subcommand)]
    User(user::User),
    /// Write everything into one file, while the server goes on working.
    Backup(backup::Backup),
    /// Fill an empty database from a file that `backup` wrote.
    Restore(restore::Restore),
    /// Copy everything from SQLite to PostgreSQL, or back.
    Migrate(migrate::Migrate),
    /// See to the cache of answers.
    #[command(subcommand)]
    Cache(cache::Cache),
    /// Measure the product.
    #[command(subcommand)]
    Lab(Box<lab::Lab>),
    /// See to the service levels.
    #[command(subcommand)]
    Slo(slo::Slo),
    /// Write the OpenAPI description to the standard output.
    Openapi,
}

impl Command {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        match self {
            Self::Serve(serve) => serve.run(settings).await,
            Self::Gateway(gateway) => gateway.run(settings).await,
            Self::Worker(worker) => worker.run(settings).await,
            Self::Import(import) => import.run(settings).await,
            Self::Ask(ask) => ask.run(settings).await,
            Self::User(user) => user.run(settings).await,
            Self::Backup(backup) => backup.run(settings).await,
            Self::Restore(restore) => restore.run(settings).await,
            Self::Migrate(migrate) => migrate.run(settings).await,
            Self::Cache(cache) => cache.run(settings).await,
            Self::Lab(lab) => Box::pin(lab.run(settings)).await,
            Self::Slo(slo) => slo.run(settings).await,
            Self::Openapi => output::line(serde_json::to_string_pretty(&::gateway::openapi_document())?),
        }
    }
}
