//! A workload against running gateways. In a closed model, everybody waits for an answer, thinks, and goes on; in an open one, tasks
//! begin at moments of their own, whoever still waits. Source of the difference: Schroeder, Wierman and Harchol-Balter, "Open Versus
//! Closed: A Cautionary Tale" (2006).
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
pub(crate) use gateways::{Content, escaped, request};
pub use gateways::{Failure, Gateways};
pub use people::{Credentials, Person, dismiss, invite, sign_in};
pub(crate) use record::histogram;
pub use record::{Key, Phase, Records, Second, Series, Source};
pub use statistics::{Statistics, TierStatistics};
pub use world::Load;

use crate::Result;
use crate::workload::Lot;
use visitor::{Guest, Visitor};
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
    /// The 95th percentile of the last ten seconds, from the moment at which each request was due.
    pub p95: Option<Duration>,
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
    /// Whether it came to its end.
    pub complete: bool,
}

/// Lets these people do what the load says, until its end or until `stop`, whichever comes first. `progress` is told every second
/// how far it has come, and can have what was measured until then.
pub async fn run(
    load: Load,
    people: Vec<Person>,
    stop: impl Future<Output = ()>,
    mut progress: impl FnMut(Status, &dyn Fn() -> Measured),
) -> Result<Measured> {
    let before = load.statistics().await?;
    let world = Arc::new(World::new(load, Instant::now()));
    let (catalogue, parts) = (&world.load.catalogue, world.load.workload.parts_share());
    world.warmed(catalogue.by_expectation(parts).into_iter().take(world.load.warmed));
    let guests = people.into_iter().map(Guest::from);
    let mut visitors = JoinSet::new();
    match world.load.tasks_per_second {
        Some(rate) => drop(visitors.spawn(arrive(Arc::clone(&world), guests.collect(), rate))),
        None => guests.enumerate().for_each(|(number, guest)| {
            visitors.spawn(Visitor::new(Arc::clone(&world), guest, number as u64).live());
        }),
    }
    let watching = async {
        let mut ticks = interval(TOLD_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            progress(world.status(), &|| world.measured());
        }
    };
    let working = async {
        let mut stop = std::pin::pin!(stop);
        let mut between = before.clone();
        let ended = async {
            sleep_until(world.steady).await;
            between = world.load.statistics().await?;
            while visitors.join_next().await.is_some() {}
            Ok::<_, crate::Error>(())
        };
        let complete = tokio::select! {
            ended = ended => ended.map(|()| true)?,
            () = stop.as_mut() => false,
        };
        // Nobody waits for what is in hand.
        visitors.shutdown().await;
        let after = world.load.statistics().await?;
        // What is still being indexed would change the answers of the next run, which knows nothing of it.
        if complete {
            drop(world.changes.settled().await);
        }
        Ok::<_, crate::Error>((between, after, complete))
    };
    let (between, after, complete) = tokio::select! {
        done = working => done?,
        never = watching => match never {},
    };
    world.forget_uploads().await;
    let statistics = [between.since(&before), after.since(&between)];
    Ok(Measured { statistics, complete, ..world.measured() })
}

/// Tasks in hand at the same time, in an open model; beyond that, one that begins counts as failed.
const MOST_IN_HAND: usize = 20_000;
/// Tells the lots of an open model from those of people.
const OPEN: u64 = 1 << 40;

/// Lets tasks begin so often in a second, at moments that know nothing of each other; in the ramp, less often.
async fn arrive(world: Arc<World>, guests: Vec<Guest>, rate: f64) {
    let mut lot = Lot::new(world.load.seed, OPEN);
    let (mut due, mut tasks) = (world.began, JoinSet::new());
    for number in 0_u64.. {
        // The time between two moments of a Poisson process is distributed exponentially.
        let pause = -(1.0 - lot.share()).ln() / rate;
        due += Duration::from_secs_f64(pause);
        if due >= world.end {
            break;
        }
        let ramp = (world.steady - world.began).as_secs_f64();
        if ramp > 0.0 && !lot.chance((due - world.began).as_secs_f64() / ramp) {
            continue;
        }
        sleep_until(due).await;
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= MOST_IN_HAND {
            world.failed(crate::workload::Task::Question, due, Failure("too many in hand".to_owned()));
            continue;
        }
        let Some(guest) = guests.get(usize::try_from(number).unwrap_or_default() % guests.len().max(1)) else { break };
        let mut visitor = Visitor::new(Arc::clone(&world), guest.clone(), OPEN + 1 + number);
        tasks.spawn(async move { visitor.next(due).await });
    }
    while tasks.join_next().await.is_some() {}
}
