//! What has happened since the last time.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdrhistogram::Histogram;
use slo::Levels;
use slo::standing::held;
use telemetry::{Slot, Spread, process};

use crate::Gateway;
use crate::metrics::Route;

/// From this status on, the server failed.
const FAILED_FROM: u16 = 500;

/// What was counted the last time.
#[derive(Debug)]
pub(crate) struct Sampler {
    levels: Arc<Levels>,
    requests: BTreeMap<Route, Histogram<u32>>,
    sums: BTreeMap<String, f64>,
}

impl Sampler {
    pub(super) const fn new(levels: Arc<Levels>) -> Self {
        Self { levels, requests: BTreeMap::new(), sums: BTreeMap::new() }
    }

    /// What has happened since this was called the last time.
    pub(crate) fn since_last(&mut self, gateway: &Gateway) -> Slot {
        let mut slot = Slot::default();
        self.add_requests(gateway, &mut slot);
        for (name, total) in totals(gateway) {
            let before = self.sums.insert(name.clone(), total).unwrap_or_default();
            // Zeros are not kept: there are many of them.
            if total > before {
                slot.sums.insert(name, total - before);
            }
        }
        slot.peaks = peaks(gateway);
        slot
    }

    fn add_requests(&mut self, gateway: &Gateway, slot: &mut Slot) {
        for (route, now) in gateway.metrics().request_times() {
            let before = self.requests.get(&route);
            let spread = match before {
                Some(before) if before.len() == now.len() => continue,
                Some(before) => Spread::between(before, &now),
                None => Spread::of(&now),
            };
            if spread.is_empty() {
                continue;
            }
            let (_, path, status) = &route;
            if !self.levels.requests.left_out.contains(path) {
                let count = spread.len() as f64;
                *slot.sums.entry(held::REQUESTS.to_owned()).or_default() += count;
                if *status >= FAILED_FROM {
                    *slot.sums.entry(held::FAILED.to_owned()).or_default() += count;
                }
                slot.times.entry(held::REQUESTS.to_owned()).or_default().add(&spread);
            }
            self.requests.insert(route, now);
        }
    }
}

/// What only grows.
fn totals(gateway: &Gateway) -> Vec<(String, f64)> {
    let mut totals = gateway.metrics().totals();
    let cache = gateway.assistant().cache_figures();
    for (name, tier) in [("l1", &cache.l1), ("l2", &cache.l2), ("rag", &cache.rag)] {
        totals.push((format!("{name}_lookups"), tier.lookups as f64));
        totals.push((format!("{name}_hits"), tier.hits as f64));
    }
    let (queries, slow) = gateway.store().count_queries();
    totals.push(("queries".to_owned(), queries as f64));
    totals.push(("slow_queries".to_owned(), slow as f64));
    totals.extend(process::cpu_seconds().map(|seconds| ("cpu_seconds".to_owned(), seconds)));
    totals
}

/// What goes up and down.
fn peaks(gateway: &Gateway) -> BTreeMap<String, f64> {
    let connections = gateway.store().connections_now();
    let mut peaks = BTreeMap::from([
        ("in_flight".to_owned(), gateway.metrics().in_flight() as f64),
        ("connections".to_owned(), f64::from(connections.active)),
        ("connections_max".to_owned(), f64::from(connections.most)),
        ("jobs_waiting".to_owned(), gateway.counted().jobs_waiting() as f64),
        ("cores".to_owned(), process::cpu_limit_cores()),
    ]);
    peaks.extend(process::resident_bytes().map(|bytes| ("memory_bytes".to_owned(), bytes)));
    peaks
}
