//! Saying that this process lives, and taking over from those that do not say so any more.

use std::time::Duration;

use store::Store;
use store::jobs::{LEASE, Orphans};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often: a lease survives that two of these fail.
pub(crate) fn every() -> Duration {
    LEASE.to_std().unwrap_or_default() / 4
}

/// Extends the leases of this process's jobs and puts back those that have run out, until `shutdown`.
pub(crate) async fn run(store: Store, every: Duration, shutdown: CancellationToken) {
    let mut due = tokio::time::interval(every);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = due.tick() => {}
        }
        if let Err(error) = store.extend_leases().await {
            tracing::warn!(error = %error, "cannot extend the leases of jobs; trying again");
        }
        match store.recover_jobs(Orphans::Expired).await {
            Ok(0) => {}
            Ok(jobs) => tracing::warn!(jobs, "took over jobs of a worker that died or hangs"),
            Err(error) => tracing::warn!(error = %error, "cannot look for jobs of dead workers; trying again"),
        }
    }
}
