//! What a server told of itself in the steady phase of a load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::figures::Figures;
use crate::observe::Observed;

/// What a server did in the steady phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerFigures {
    /// How long it was watched, in seconds.
    pub seconds: f64,
    /// The tiers of the cache of answers: `l1`, `l2` and `rag`.
    pub tiers: BTreeMap<String, Tier>,
    /// Questions that were answered from a tier, of all.
    pub chained_hit_share: Option<f64>,
    /// Queries by their kind.
    pub queries: BTreeMap<String, QueryKind>,
    /// Slow queries by name and kind, with how many there were.
    pub slow_queries: BTreeMap<String, f64>,
    /// How long an operation waited for a connection, in milliseconds: the mean and the P95, tried out every few seconds.
    pub pool_wait_ms: Option<(f64, f64)>,
    /// Connections in use: the least, the mean and the most that were seen.
    pub pool_active: Option<[f64; 3]>,
    /// Those that were open and not in use.
    pub pool_idle: Option<[f64; 3]>,
    /// How many there may be.
    pub pool_most: Option<f64>,
    /// What the network interfaces received and sent, without the loopback, in bytes.
    pub network_bytes: BTreeMap<String, f64>,
    /// Phases of a question: how many took place, and the mean and the P95 in milliseconds.
    pub phases: BTreeMap<String, [f64; 3]>,
    /// The gateway's own part of a question's time: mean and P95, in milliseconds.
    pub overhead_ms: Option<(f64, f64)>,
    /// Requests refused to keep the others fast.
    pub shed: f64,
    /// Memory that the server may hold, in bytes.
    pub memory_limit_bytes: Option<f64>,
}

/// What a tier of the cache did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tier {
    /// Lookups that reached it.
    pub lookups: f64,
    /// Those that it answered.
    pub hits: f64,
    /// The others, by reason.
    pub misses: BTreeMap<String, f64>,
    /// How long a lookup took in the mean, in milliseconds.
    pub mean_ms: Option<f64>,
    /// The P95, in milliseconds.
    pub p95_ms: Option<f64>,
    /// Entries that were removed, by cause.
    pub evictions: BTreeMap<String, f64>,
}

/// What the queries of a kind took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryKind {
    /// How many there were.
    pub count: f64,
    /// The median; within the buckets of the server's histogram, values are taken for spread evenly.
    pub p50_ms: f64,
    /// The 95th percentile.
    pub p95_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
}

impl Tier {
    /// Hits of the lookups that reached it; nothing where none did.
    #[must_use]
    pub fn hit_share(&self) -> Option<f64> {
        (self.lookups > 0.0).then(|| self.hits / self.lookups)
    }
}

impl ServerFigures {
    /// What was observed between two moments, in seconds from the beginning; nothing where the server told nothing.
    #[must_use]
    pub fn between(observed: &Observed, from_s: f64, until_s: f64) -> Option<Self> {
        let figures = observed.between(from_s, until_s)?;
        let within = |at: f64| (from_s..=until_s).contains(&at);
        let gauge = |name: &str, labels: &[(&str, &str)]| -> Option<[f64; 3]> {
            let told = observed.told.iter().filter(|(at, _)| within(*at));
            spread(told.filter_map(|(_, figures)| figures.sum(name, labels)))
        };
        let last = observed.told.last().map(|(_, figures)| figures)?;
        let connections = |state| gauge("voiceassist_database_connections", &[("state", state)]);
        let tiers: BTreeMap<String, Tier> =
            ["l1", "l2", "rag"].into_iter().map(|name| (name.to_owned(), tier(&figures, name))).collect();
        Some(Self {
            seconds: until_s - from_s,
            chained_hit_share: chained(&tiers),
            tiers,
            queries: queries(&figures),
            slow_queries: slow_queries(&figures),
            pool_wait_ms: timing(&figures, "voiceassist_database_connection_wait_seconds", &[]),
            pool_active: connections("active"),
            pool_idle: connections("idle"),
            pool_most: last.sum("voiceassist_database_connections_max", &[]),
            network_bytes: figures.by("voiceassist_network_bytes_total", "direction", &[]),
            phases: phases(&figures),
            overhead_ms: timing(&figures, "voiceassist_own_overhead_seconds", &[("route", "/api/chat")]),
            shed: figures.sum("voiceassist_requests_shed_total", &[]).unwrap_or_default(),
            memory_limit_bytes: last.sum("voiceassist_process_memory_limit_bytes", &[]),
        })
    }
}

fn tier(figures: &Figures, name: &str) -> Tier {
    let labels = [("tier", name)];
    let of = |metric: &str| figures.sum(metric, &labels).unwrap_or_default();
    let by = |metric: &str, label: &str| {
        let mut by = figures.by(metric, label, &labels);
        by.retain(|_, count| *count > 0.0);
        by
    };
    let (mean_ms, p95_ms) = timing(figures, "voiceassist_cache_lookup_seconds", &labels).unzip();
    Tier {
        lookups: of("voiceassist_cache_lookups_total"),
        hits: of("voiceassist_cache_hits_total"),
        misses: by("voiceassist_cache_misses_total", "reason"),
        mean_ms,
        p95_ms,
        evictions: by("voiceassist_cache_evictions_total", "cause"),
    }
}

/// Every question looks into the first tier once.
fn chained(tiers: &BTreeMap<String, Tier>) -> Option<f64> {
    let questions = tiers.get("l1").map(|tier| tier.lookups).filter(|lookups| *lookups > 0.0)?;
    Some(tiers.values().map(|tier| tier.hits).sum::<f64>() / questions)
}

fn queries(figures: &Figures) -> BTreeMap<String, QueryKind> {
    const NAME: &str = "voiceassist_database_query_seconds";
    let counts = figures.by(&format!("{NAME}_count"), "kind", &[]);
    let of = |(kind, count): (String, f64)| {
        let at = |share| figures.quantile(NAME, share, &[("kind", &kind)]).map(|seconds| 1_000.0 * seconds);
        let queries = QueryKind { count, p50_ms: at(0.5)?, p95_ms: at(0.95)?, p99_ms: at(0.99)? };
        Some((kind.clone(), queries))
    };
    counts.into_iter().filter_map(of).collect()
}

fn slow_queries(figures: &Figures) -> BTreeMap<String, f64> {
    let mut slow = figures.by("voiceassist_database_slow_queries_total", "query", &[]);
    slow.retain(|_, count| *count > 0.0);
    slow
}

fn phases(figures: &Figures) -> BTreeMap<String, [f64; 3]> {
    const NAME: &str = "voiceassist_question_phase_seconds";
    let counts = figures.by(&format!("{NAME}_count"), "phase", &[]);
    let of = |(phase, count): (String, f64)| {
        let (mean, p95) = timing(figures, NAME, &[("phase", &phase)])?;
        Some((phase.clone(), [count, mean, p95]))
    };
    counts.into_iter().filter_map(of).collect()
}

/// Mean and P95, in milliseconds.
fn timing(figures: &Figures, name: &str, labels: &[(&str, &str)]) -> Option<(f64, f64)> {
    Some((1_000.0 * figures.mean(name, labels)?, 1_000.0 * figures.quantile(name, 0.95, labels)?))
}

/// The least, the mean and the most; nothing without values.
pub(super) fn spread(values: impl Iterator<Item = f64>) -> Option<[f64; 3]> {
    let values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let least = values.iter().copied().reduce(f64::min)?;
    let most = values.iter().copied().reduce(f64::max)?;
    Some([least, mean, most])
}
