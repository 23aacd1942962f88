//! The tables of `slo.toml`, as they stand there; what they mean is said there as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Bound, Range, Window};

/// Which requests count in figures of latency, traffic and errors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Routes of which no person waits for the answer.
    pub left_out: Vec<String>,
}

/// What was claimed of a value, and what it is held to.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What the benchmark document says that was measured.
    pub seed: Option<Range>,
    /// What it must be.
    pub target: Option<Bound>,
    /// What is worse than missing the target.
    pub critical: Option<Bound>,
}

/// A claim without a target.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeded {
    /// What the benchmark document says that was measured.
    pub seed: Range,
}

/// Claims for each number of users, and what the value is held to with any of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// One for each of [`Levels::users`](crate::Levels::users).
    pub seed: Vec<Range>,
    /// What it must be.
    pub target: Option<Bound>,
}

/// Targets for percentiles of all requests.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "percentiles, in milliseconds")]
pub struct ResponseTime {
    /// The benchmark document's table.
    pub source: String,
    pub p50_ms: Row,
    pub p95_ms: Row,
    pub p99_ms: Row,
    pub p999_ms: Row,
}

/// A kind of endpoints.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// The benchmark document's table.
    pub source: String,
    /// What the P95 must be, in milliseconds; nothing for outliers.
    pub p95_ms: Option<Bound>,
    /// What belongs to it, in words.
    pub members: Vec<String>,
}

/// An endpoint with one user.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "percentiles, in milliseconds")]
pub struct Endpoint {
    /// What is done.
    pub name: String,
    /// The benchmark document's table.
    pub source: String,
    /// HTTP method.
    pub method: String,
    /// The route, with placeholders.
    pub route: String,
    /// The name of its category.
    pub category: String,
    pub p50_ms: Bound,
    pub p95_ms: Bound,
    pub p99_ms: Bound,
}

/// What is taken without load.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it, with their units")]
pub struct Idle {
    /// The benchmark document's table.
    pub source: String,
    pub cpu_percent: Seeded,
    pub memory_mb: Seeded,
    pub pods: Seeded,
    pub database_connections: Seeded,
    pub cache_memory_mb: Seeded,
    pub health_p95_ms: Seeded,
}

/// What must hold with so many users.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it, with their units")]
pub struct LoadLevel {
    /// Virtual users.
    pub users: u32,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// The benchmark document's table.
    pub source: String,
    pub throughput_rps: Row,
    pub p50_ms: Row,
    pub p95_ms: Row,
    pub p99_ms: Row,
    pub error_percent: Row,
    pub cpu_percent: Row,
    pub memory_percent: Row,
    pub pods: Row,
    pub database_connections: Row,
    pub l1_hit_percent: Row,
    pub l2_hit_percent: Row,
    pub rag_hit_percent: Row,
}

/// A part of the product, by what its routes begin with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The benchmark document's table.
    pub source: String,
    /// What the paths of its routes begin with.
    pub routes: Vec<String>,
    /// Requests a second at the peak.
    pub peak_rps: Row,
}

/// What a load takes of one resource.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// The benchmark document's table.
    pub source: String,
    /// Its figures, by name with the unit.
    #[serde(flatten)]
    pub figures: BTreeMap<String, Series>,
}

/// How well a tier of the cache must work.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it, with their units")]
pub struct CacheTier {
    /// As the metrics have it.
    pub name: String,
    /// The benchmark document's table.
    pub source: String,
    pub hit_percent: Series,
    pub miss_percent: Series,
    pub average_ms: Series,
    pub p95_ms: Series,
    pub evictions_per_minute: Series,
}

/// How fast a kind of queries must be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryType {
    /// Its name.
    pub name: String,
    /// The benchmark document's table.
    pub source: String,
    /// What the P95 must be, in milliseconds.
    pub p95_ms: Bound,
    /// What the benchmark document says that was measured, in milliseconds.
    pub seed_ms: Percentiles,
}

/// Three percentiles.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Percentiles {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

/// The pool of database connections.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it, with their units")]
pub struct Pool {
    /// The benchmark document's table.
    pub source: String,
    /// The most there are.
    pub connections: u32,
    pub active: Series,
    pub idle: Series,
    pub wait_ms: Series,
    pub checkout_ms: Series,
    pub utilisation_percent: Series,
}

/// Queries that take long.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowQueries {
    /// The benchmark document's table.
    pub source: String,
    /// From when on a query is slow.
    pub threshold_ms: f64,
    /// How many there are in a minute.
    pub per_minute: Series,
}

/// What production is held to.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it, with their units")]
pub struct Production {
    /// The benchmark document's table.
    pub source: String,
    pub availability_percent: Row,
    pub p50_ms: Row,
    pub p95_ms: Row,
    pub p99_ms: Row,
    pub error_percent: Row,
    pub throughput_rps: Row,
}

/// How much worse a change may make it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it, with their units")]
pub struct PerformanceBudget {
    /// The benchmark document's table.
    pub source: String,
    /// With how many users.
    pub users: u32,
    pub p95_ms: BudgetRow,
    pub throughput_rps: BudgetRow,
    pub error_percent: BudgetRow,
    pub l1_hit_percent: BudgetRow,
}

/// How much worse one figure may be.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetRow {
    /// What the benchmark document begins with.
    pub baseline: f64,
    /// By how much it may change.
    pub change_percent: f64,
    /// Where somebody is told.
    pub alert: Bound,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody is woken.
    Critical,
    /// The team is told.
    Warning,
    /// It stands in the log.
    Info,
}

/// What an alert looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// The 95th percentile of requests, in milliseconds.
    P95Ms,
    /// Requests that failed, of all.
    ErrorPercent,
    /// Requests that did not fail, of all.
    AvailabilityPercent,
    /// Database connections in use, of those that there may be.
    PoolPercent,
    /// Of the cores that a process may use.
    CpuPercent,
    /// Of the memory that a process may use.
    MemoryPercent,
    /// Hits of the lookups that reach L1.
    L1HitPercent,
    /// How often the autoscaler changed the number of replicas.
    ReplicaChanges,
}

/// When somebody is told.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its name, in Prometheus' manner.
    pub name: String,
    /// The benchmark document's list.
    pub source: String,
    /// How urgent it is.
    pub severity: Severity,
    /// What it looks at.
    pub figure: Figure,
    /// What the figure must keep.
    pub bound: Bound,
    /// Over which time the figure is taken; the present value unless given.
    pub over: Option<Window>,
    /// For how long the bound must be broken.
    #[serde(rename = "for")]
    pub lasting: Option<Window>,
}

/// How fast errors may use up what is allowed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorBudget {
    /// The benchmark document's table of targets.
    pub source: String,
    /// For how long what is allowed must last.
    pub window: Window,
    /// Requests in the long window, below which nothing is judged.
    pub minimum_requests: u64,
    /// The pairs of windows.
    #[serde(rename = "burn")]
    pub burns: Vec<Burn>,
}

/// Two windows, in both of which what is allowed must burn too fast.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burn {
    /// How urgent that is.
    pub severity: Severity,
    /// How many times faster than it would last for the whole window.
    pub factor: f64,
    /// The window that shows that it matters.
    pub long: Window,
    /// The window that shows that it still goes on.
    pub short: Window,
    /// For how long both must burn.
    #[serde(rename = "for")]
    pub lasting: Window,
}

/// How many processes there are, and when there are more.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// The benchmark document's table.
    pub source: String,
    /// CPU use, of what is requested, that the autoscaler aims at.
    pub target_cpu_percent: f64,
    /// Memory use, likewise.
    pub target_memory_percent: f64,
    /// Requests a second and pod, likewise.
    pub requests_per_second_per_pod: f64,
    /// How fast it grows.
    pub scale_up: Step,
    /// How fast it shrinks.
    pub scale_down: Step,
    /// For how long the largest wish of late is kept.
    pub stabilisation: Window,
    /// The half that people talk to.
    pub gateway: Scaling,
    /// The half that indexes documents.
    pub worker: Scaling,
}

/// What it costs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The benchmark document's table.
    pub source: String,
    /// Of one pod, in US dollars.
    pub pod_dollars_a_month: f64,
}

/// A step of the autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// So many pods.
    pub pods: u32,
    /// In so much time.
    pub every: Window,
}

/// Between what a deployment scales. Pairs are the least and the most; for resources, what is requested and the limit.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names say it, with their units")]
pub struct Scaling {
    /// The benchmark document's list.
    pub source: String,
    pub replicas: Range,
    pub cpu_millicores: Range,
    pub memory_mib: Range,
}
