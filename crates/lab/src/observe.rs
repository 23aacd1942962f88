//! What a server and the generator take while a load runs, second by second, and what the server tells of itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::figures::Figures;
use crate::load::{Gateways, histogram};
use crate::resources::{Reading, Use};

const EVERY: Duration = Duration::from_secs(1);
/// Every so many seconds the server's figures are read: Prometheus does it every fifteen.
const SCRAPE_EVERY: u64 = 5;

/// What is observed.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The server's process, where it runs on this machine.
    pub process: Option<u32>,
    /// What it depends on, by name: the first process of each, which may have children.
    pub dependencies: Vec<(String, u32)>,
    /// Where it tells its figures.
    pub metrics: Option<Arc<Gateways>>,
    /// Over whose connections the load goes.
    pub gateways: Arc<Gateways>,
}

/// A second of observation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// When it ended, in seconds from the beginning.
    pub at_s: f64,
    /// What the server took.
    pub server: Option<Use>,
    /// What the generator took.
    pub generator: Option<Use>,
    /// What the server depends on took, by name.
    #[serde(default)]
    pub dependencies: BTreeMap<String, Use>,
    /// What the generator sent and received, in bytes of HTTP a second.
    #[serde(default)]
    pub traffic: Option<[f64; 2]>,
    /// Database connections in use, where the figures were read in it.
    pub connections_active: Option<f64>,
    /// Those that were open and not in use.
    pub connections_idle: Option<f64>,
    /// Requests in hand.
    pub in_flight: Option<f64>,
}

/// What was observed.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Second by second.
    pub moments: Vec<Moment>,
    /// What the server told, and when, in seconds from the beginning.
    pub told: Vec<(f64, Figures)>,
    /// How long it took to tell that, in microseconds.
    pub scrape_us: Histogram<u64>,
}

impl Default for Observed {
    fn default() -> Self {
        Self { moments: Vec::new(), told: Vec::new(), scrape_us: histogram() }
    }
}

/// Observes until it is dropped.
#[derive(Debug)]
pub struct Observer {
    observed: Arc<Mutex<Observed>>,
    observing: JoinHandle<()>,
}

impl Observer {
    /// Begins.
    #[must_use]
    pub fn start(subject: Subject) -> Self {
        let observed: Arc<Mutex<Observed>> = Arc::default();
        let observing = tokio::spawn(observe(subject, Arc::clone(&observed)));
        Self { observed, observing }
    }

    /// What was observed until now.
    #[must_use]
    pub fn so_far(&self) -> Observed {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.observing.abort();
    }
}

async fn observe(subject: Subject, observed: Arc<Mutex<Observed>>) {
    let began = Instant::now();
    let dependencies = || {
        let of = |(name, process): &(String, u32)| Some((name.clone(), Reading::of_family(*process)?));
        subject.dependencies.iter().filter_map(of).collect::<BTreeMap<_, _>>()
    };
    let read = || (subject.process.and_then(Reading::of), Reading::of(std::process::id()), dependencies());
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let (mut before, mut carried, mut from) = (read(), subject.gateways.traffic(), Instant::now());
    for second in 0_u64.. {
        let mut moment = Moment::default();
        let told = match &subject.metrics {
            Some(metrics) if second % SCRAPE_EVERY == 0 => scrape(metrics, &observed).await,
            _ => None,
        };
        let at_s = began.elapsed().as_secs_f64();
        if let Some(figures) = &told {
            let connections = |state| figures.sum("voiceassist_database_connections", &[("state", state)]);
            (moment.connections_active, moment.connections_idle) = (connections("active"), connections("idle"));
            moment.in_flight = figures.sum("http_requests_in_flight", &[]);
        }
        ticks.tick().await;
        let now = read();
        let since = |now: Option<Reading>, before: Option<Reading>| Some(now?.since(&before?));
        (moment.server, moment.generator) = (since(now.0, before.0), since(now.1, before.1));
        let taken = now.2.iter().filter_map(|(name, now)| Some((name.clone(), now.since(before.2.get(name)?))));
        moment.dependencies = taken.collect();
        moment.at_s = began.elapsed().as_secs_f64();
        let (now_carried, until) = (subject.gateways.traffic(), Instant::now());
        let seconds = until.duration_since(from).as_secs_f64();
        moment.traffic = Some(std::array::from_fn(|way| (now_carried[way] - carried[way]) as f64 / seconds));
        (before, carried, from) = (now, now_carried, until);
        let mut observed = observed.lock().unwrap_or_else(PoisonError::into_inner);
        observed.moments.push(moment);
        observed.told.extend(told.map(|figures| (at_s, figures)));
    }
}

async fn scrape(metrics: &Gateways, observed: &Mutex<Observed>) -> Option<Figures> {
    let began = Instant::now();
    let body = metrics.send_open("/metrics").await.ok()?;
    let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    observed.lock().unwrap_or_else(PoisonError::into_inner).scrape_us.saturating_record(took);
    Some(Figures::parse(&String::from_utf8_lossy(&body)))
}

impl Observed {
    /// What the server told of what happened between two moments, in seconds from the beginning: from the last time it told before
    /// the first to the last time before the second.
    #[must_use]
    pub fn between(&self, from_s: f64, until_s: f64) -> Option<Figures> {
        let last = |until: f64| self.told.iter().rev().find(|(at, _)| *at <= until).or(self.told.first());
        let ((_, before), (_, after)) = (last(from_s)?, last(until_s)?);
        Some(after.since(before))
    }
}
