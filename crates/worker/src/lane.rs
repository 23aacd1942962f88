//! A lane: claims jobs of one kind and works them off until shutdown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use knowledge::{Error, Knowledge};
use store::jobs::Job;
use store::values::JobKind;
use telemetry::{Waited, is_to_be_traced, traced_span};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::figures::{Figures, Outcome};

/// What a lane does with the jobs that it claims.
pub(crate) trait Work {
    /// The kind that it claims.
    const KIND: JobKind;
    /// How many it claims at once.
    const BATCH: u64;

    /// Does the jobs. Each job's row is gone when its effect is committed; rows that are left were not finished.
    fn work(&self, jobs: &[Job]) -> impl Future<Output = knowledge::Result<()>> + Send;
}

/// How long a lane sleeps when nobody in this process brings work; another process may (`voiceassist import`).
const POLL: Duration = Duration::from_millis(500);
/// Failures that may pass, such as a full disk, are tried this often.
const MAX_ATTEMPTS: i32 = 4;

pub(crate) async fn run<W: Work>(work: W, knowledge: Knowledge, figures: Arc<Figures>, shutdown: CancellationToken) {
    // Claimed, but what became of them could not be recorded, for instance because the disk was full.
    let mut unsettled = Vec::new();
    while !shutdown.is_cancelled() {
        // Listen before looking, so that work that arrives in between is not slept over.
        let arrived = knowledge.work_arrived().notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        match claim_and_work(&work, &knowledge, &figures, &mut unsettled).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(kind = ?W::KIND, error = %error, "cannot take jobs; trying again"),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = arrived => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Works off one batch and returns its size; jobs of an earlier one that are `unsettled` are put back first.
async fn claim_and_work<W: Work>(
    work: &W,
    knowledge: &Knowledge,
    figures: &Figures,
    unsettled: &mut Vec<Uuid>,
) -> store::Result<usize> {
    let store = knowledge.store();
    store.release_jobs(unsettled).await?;
    unsettled.clear();
    let jobs = store.claim_jobs(W::KIND, W::BATCH).await?;
    if jobs.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = jobs.iter().map(|job| job.id).collect();
    unsettled.clone_from(&ids);
    let began = Instant::now();
    let trace = Waited::on_work(is_to_be_traced(None));
    let worked = trace
        .during(async {
            let span = traced_span!("jobs", kind = ?W::KIND, jobs = jobs.len());
            work.work(&jobs).instrument(span).await
        })
        .await;
    figures.worked(W::KIND, began.elapsed());
    match (worked, jobs.as_slice()) {
        // Rows that are still there have more to do, when it is their turn again.
        (Ok(()), _) => {
            store.release_jobs(&ids).await?;
            figures.ended(W::KIND, Outcome::Worked, jobs.len());
        }
        (Err(error), [job]) => record_failure(knowledge, figures, job, &error).await?,
        // One document must not take the others of its batch down with it.
        (Err(error), _) => {
            tracing::warn!(error = %error, "a batch of jobs failed; doing its jobs one by one");
            for job in &jobs {
                match work.work(std::slice::from_ref(job)).await {
                    Ok(()) => {
                        store.release_jobs(&[job.id]).await?;
                        figures.ended(W::KIND, Outcome::Worked, 1);
                    }
                    Err(error) => record_failure(knowledge, figures, job, &error).await?,
                }
            }
        }
    }
    unsettled.clear();
    Ok(jobs.len())
}

/// A document that cannot be parsed is given up at once; anything else may pass and is tried again, later each
/// time.
async fn record_failure(knowledge: &Knowledge, figures: &Figures, job: &Job, error: &Error) -> store::Result<()> {
    let lasting = matches!(error, Error::Parse(_)) || job.attempts + 1 >= MAX_ATTEMPTS;
    let retry_in = (!lasting).then(|| chrono::TimeDelta::seconds(1 << (2 * job.attempts.clamp(0, 10))));
    if lasting {
        tracing::warn!(document = %job.document_id, error = %error, "a document could not be ingested");
    } else {
        tracing::warn!(document = %job.document_id, error = %error, "a job failed and will be tried again");
    }
    figures.ended(job.kind, if lasting { Outcome::Failed } else { Outcome::Postponed }, 1);
    knowledge.store().fail_job(job.id, &error.to_string(), retry_in).await
}
