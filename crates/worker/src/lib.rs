//! Background jobs, one file per job under `jobs`; and the deletion of expired sessions, which is not about a document
//! and needs no row.
//!
//! A job is a row of the database. A lane claims rows of one kind and works them off one batch after the other;
//! what a job achieves and the end of its row are one transaction, so that a killed process repeats a job or has
//! finished it, and never loses or doubles it.

mod bell;
mod figures;
mod jobs;
mod lane;
mod leases;
mod sessions;

use std::sync::Arc;

pub use figures::Figures;
use knowledge::Knowledge;
use store::jobs::Orphans;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Puts back what dead processes had in hand, sees that every chunk has or awaits a vector of the present model,
/// and then works until `shutdown`; expired sessions are deleted at the beginning and now and then. On PostgreSQL any
/// number of processes may do this; on a data directory only one: hold [`store::Store::lock_for_serving`].
pub async fn run(knowledge: Knowledge, figures: Arc<Figures>, shutdown: CancellationToken) -> knowledge::Result<()> {
    let one_process = knowledge.store().is_served_by_one_process();
    let orphans = if one_process { Orphans::AllOthers } else { Orphans::Expired };
    let recovered = knowledge.store().recover_jobs(orphans).await?;
    if recovered > 0 {
        tracing::info!(jobs = recovered, "put back the jobs that an earlier process had in hand");
    }
    if let Some(model) = knowledge.model_name() {
        let waiting = knowledge.store().require_vectors_of(model).await?;
        if waiting > 0 {
            tracing::info!(documents = waiting, model, "documents wait for vectors of the present model");
        }
    }
    let lanes = TaskTracker::new();
    lanes.spawn(leases::run(knowledge.store().clone(), leases::every(), shutdown.clone()));
    lanes.spawn(bell::run(knowledge.clone(), shutdown.clone()));
    lanes.spawn(sessions::run(knowledge.store().clone(), sessions::EVERY, shutdown.clone()));
    let ingest = jobs::ingest::Ingest(knowledge.clone());
    lanes.spawn(lane::run(ingest, knowledge.clone(), Arc::clone(&figures), shutdown.clone()));
    lanes.spawn(lane::run(jobs::embed::Embed(knowledge.clone()), knowledge, figures, shutdown));
    lanes.close();
    lanes.wait().await;
    Ok(())
}
