//! Waking this process's lanes when another process enqueues a job.

use std::time::Duration;

use knowledge::Knowledge;
use tokio_util::sync::CancellationToken;

/// How long to wait before listening again; the lanes look for themselves meanwhile.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Passes on each ring until `shutdown`. Ends at once where no other process can ring.
pub(crate) async fn run(knowledge: Knowledge, shutdown: CancellationToken) {
    let listening = async {
        loop {
            match listen(&knowledge).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(error = %error, "cannot listen for new jobs; looking for them now and then");
                }
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    };
    tokio::select! {
        () = listening => {}
        () = shutdown.cancelled() => {}
    }
}

async fn listen(knowledge: &Knowledge) -> store::Result<()> {
    let Some(mut bell) = knowledge.store().job_bell().await? else { return Ok(()) };
    loop {
        bell.rung().await?;
        knowledge.work_arrived().notify_waiters();
    }
}
