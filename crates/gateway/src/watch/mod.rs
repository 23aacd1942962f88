//! What happens, remembered over restarts and over processes, and how it stands to the service levels.
//!
//! Every few seconds `sample` takes what has happened since the last time; it is added to this process's slots, which the
//! database keeps, and what other processes told there is read.

mod sample;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use slo::Levels;
use slo::history::{History, Resolution};
use slo::standing::Standing;
use store::Store;
use telemetry::Slot;
use tokio::time::{MissedTickBehavior, interval};

use crate::Gateway;
pub(crate) use sample::Sampler;

/// Clocks of several machines differ a little, and a row may be written while others are read.
const OVERLAP: TimeDelta = TimeDelta::seconds(60);
/// How often old slots are deleted.
const FORGOTTEN_EVERY: TimeDelta = TimeDelta::hours(1);

/// What happens.
#[derive(Debug)]
pub(crate) struct Watch {
    levels: Arc<Levels>,
    history: Mutex<History>,
    sampler: Mutex<Sampler>,
    marks: Mutex<Marks>,
}

/// Until when something was done.
#[derive(Debug, Default)]
struct Marks {
    read: DateTime<Utc>,
    forgotten: DateTime<Utc>,
}

impl Watch {
    /// By these levels.
    pub(crate) fn new(levels: Levels) -> Self {
        let levels = Arc::new(levels);
        let (history, marks) = (Mutex::default(), Mutex::default());
        Self { sampler: Mutex::new(Sampler::new(Arc::clone(&levels))), levels, history, marks }
    }

    /// What happened in a window that ends now, the oldest first.
    pub(crate) fn slots(&self, now: DateTime<Utc>, window: Duration) -> Vec<(DateTime<Utc>, Slot)> {
        locked(&self.history).window(now, window).collect()
    }

    /// What samples from now on, beside the watch.
    pub(crate) fn sampler(&self, gateway: &Gateway) -> Sampler {
        let mut sampler = Sampler::new(Arc::clone(&self.levels));
        sampler.since_last(gateway);
        sampler
    }

    /// How it stands now.
    pub(crate) fn standing(&self, now: DateTime<Utc>) -> Standing {
        Standing::of(&self.levels, &locked(&self.history), now)
    }

    /// Adds what has happened since the last time, tells the others, and hears from them.
    pub(crate) async fn look(&self, gateway: &Gateway) -> store::Result<()> {
        let (store, now) = (gateway.store(), gateway.store().clock().now());
        let happened = locked(&self.sampler).since_last(gateway);
        let mine = locked(&self.history).add(now, store.process(), &happened);
        let written = mine.iter().filter_map(|(resolution, start, slot)| {
            Some((resolution.number(), *start, serde_json::to_string(slot).ok()?))
        });
        store.put_slots(written).await?;
        self.hear(store).await?;
        self.forget(store, now).await
    }

    async fn hear(&self, store: &Store) -> store::Result<()> {
        let since = locked(&self.marks).read;
        let told = store.slots_since(since).await?;
        let Some(last) = told.iter().map(|slot| slot.updated_at).max() else { return Ok(()) };
        locked(&self.marks).read = last - OVERLAP;
        let mut history = locked(&self.history);
        for slot in told.into_iter().filter(|slot| slot.process != store.process()) {
            history.put_told(slot.resolution, slot.start, slot.process, &slot.data);
        }
        Ok(())
    }

    async fn forget(&self, store: &Store, now: DateTime<Utc>) -> store::Result<()> {
        if now - locked(&self.marks).forgotten < FORGOTTEN_EVERY {
            return Ok(());
        }
        for resolution in Resolution::ALL {
            store.forget_slots(resolution.number(), now - resolution.kept()).await?;
        }
        locked(&self.history).prune(now);
        locked(&self.marks).forgotten = now;
        Ok(())
    }
}

impl Gateway {
    /// Watches for ever.
    pub async fn keep_watch(&self) {
        let mut ticks = interval(Duration::from_secs(self.settings().watch_seconds));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    /// Looks once at what has happened since the last time.
    pub async fn look(&self) {
        if let Err(error) = self.watch().look(self).await {
            tracing::warn!(%error, "what happens cannot be kept; it is tried again");
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
