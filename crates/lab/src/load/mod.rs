//! A workload against running gateways, in a closed model: everybody waits for an answer, thinks, and goes on.
//!
//! `world` is what the people share, `visitor` one person's doings, `asking` what a question and its answer are, `checks` compares
//! answers from the cache with computed ones, `record` keeps what was measured, `people` makes the accounts, `gateways` sends.

mod asking;
mod checks;
mod gateways;
mod people;
mod record;
mod statistics;
mod visitor;
mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

pub use checks::{Alike, Checks, Mismatch};
pub use gateways::{Failure, Gateways};
pub use people::{Credentials, Person, dismiss, invite, sign_in};
pub use record::{Phase, Records, Series, Source};
pub use statistics::{Statistics, TierStatistics};
pub use world::Load;

use crate::Result;
use crate::workload::PARTS_SHARE;
use visitor::Visitor;
use world::World;

/// How often the progress is told.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Since the first person came.
    pub elapsed: Duration,
    /// How long it takes.
    pub total: Duration,
    /// People who are there.
    pub people: usize,
    /// Requests that were answered.
    pub answered: u64,
    /// Questions answered from the cache.
    pub hits: u64,
    /// Questions answered.
    pub questions: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Documents that were uploaded and are not found by their meaning yet. A run waits for them in the end, for a while.
    pub indexing: u64,
}

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Latencies, failures and rewordings.
    pub records: Records,
    /// What was compared.
    pub checks: Checks,
    /// What the caches of all gateways did in the ramp and in the steady phase.
    pub statistics: [Statistics; 2],
    /// How long the steady phase took.
    pub steady: Duration,
    /// How long it took until everybody was there.
    pub ramp: Duration,
    /// Documents that were uploaded.
    pub uploaded: usize,
}

/// Lets these people do what the load says. `progress` is told every second.
pub async fn run(load: Load, people: Vec<Person>, mut progress: impl FnMut(Status)) -> Result<Measured> {
    let count = people.len();
    let ramp = load.pacing.ramp(count);
    let before = load.statistics().await?;
    let world = Arc::new(World::new(load, count, Instant::now()));
    let catalogue = &world.load.catalogue;
    world.warmed(catalogue.by_expectation(PARTS_SHARE).into_iter().take(world.load.warmed));
    let mut visitors = JoinSet::new();
    for person in people {
        visitors.spawn(Visitor::new(Arc::clone(&world), person).live());
    }
    let watching = async {
        let mut ticks = interval(TOLD_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            progress(world.status());
        }
    };
    let working = async {
        sleep_until(world.steady).await;
        let between = world.load.statistics().await?;
        while visitors.join_next().await.is_some() {}
        let steady = world.steady.elapsed();
        let after = world.load.statistics().await?;
        // What is still being indexed would change the answers of the next run, which knows nothing of it.
        drop(world.changes.settled().await);
        Ok::<_, crate::Error>((between, after, steady))
    };
    let (between, after, steady) = tokio::select! {
        done = working => done?,
        never = watching => match never {},
    };
    let uploaded = world.forget_uploads().await;
    let (records, checks) = world.finish();
    let statistics = [between.since(&before), after.since(&between)];
    Ok(Measured { records, checks, statistics, steady, ramp, uploaded })
}
