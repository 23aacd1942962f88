//! Figures beside what the seed claims and what `slo.toml` holds them to.

use slo::{Bound, Levels, LoadLevel, Range, Status};

use crate::baseline::Endpoint;
use crate::run_file::{Level, Model, Run};

/// A figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub what: String,
    /// Its unit, as it follows a number.
    pub unit: &'static str,
    /// What the seed claims.
    pub seed: Option<Range>,
    /// What it must be.
    pub target: Option<Bound>,
    /// What it is; nothing where it was not measured.
    pub measured: Option<f64>,
    /// How it stands; nothing without a target.
    pub status: Option<Status>,
}

/// The figures of a load.
#[derive(Clone, Debug)]
pub struct LevelRows {
    /// What the load is.
    pub title: String,
    /// Its figures.
    pub rows: Vec<Row>,
}

impl Row {
    fn of(what: &str, unit: &'static str, of: &slo::Row, measured: Option<f64>) -> Self {
        Self::new(what, unit, of.seed, of.target, measured)
    }

    pub(super) fn new(
        what: &str,
        unit: &'static str,
        seed: Option<Range>,
        target: Option<Bound>,
        measured: Option<f64>,
    ) -> Self {
        let range = measured.and_then(|value| Range::try_from(value).ok());
        let status = target.map(|target| Status::of(range, target));
        Self { what: what.to_owned(), unit, seed, target, measured, status }
    }
}

/// The seed's load that a measured one is compared with: by the number of people, or by the requests a second.
#[must_use]
pub(super) fn seed_level<'a>(level: &Level, levels: &'a Levels) -> Option<&'a LoadLevel> {
    levels.load_levels.iter().find(|of| match level.model {
        Model::Closed { users } => u32::try_from(users) == Ok(of.users),
        Model::Open { requests_per_second } => {
            of.throughput_rps.seed.is_some_and(|seed| (seed.most() - requests_per_second).abs() < 1e-9)
        }
    })
}

/// The figures of a load. Where the seed has no such load, response times and errors are held to the general targets.
#[must_use]
pub fn level_rows(level: &Level, levels: &Levels, cores: usize) -> LevelRows {
    let nothing = slo::Row { seed: None, target: None, critical: None };
    let of_seed = seed_level(level, levels);
    let of = |choose: fn(&LoadLevel) -> slo::Row| of_seed.map_or(nothing, choose);
    let or = |choose: fn(&LoadLevel) -> slo::Row, general: slo::Row| {
        of_seed.map_or(slo::Row { seed: None, ..general }, choose)
    };
    let (times, production) = (&levels.response_time, &levels.production);
    let due = level.due(|_| true);
    let hits = |tier: &str| {
        let tier = level.server.as_ref().and_then(|server| server.tiers.get(tier));
        tier.and_then(crate::run_file::Tier::hit_share).map(|share| 100.0 * share)
    };
    let limit = level.server.as_ref().and_then(|server| server.memory_limit_bytes);
    let memory = level.spread(|moment| Some(moment.server?.memory_bytes)).map(|[_, mean, _]| mean);
    let cpu = level.spread(|moment| Some(moment.server?.cpu_percent() / cores as f64)).map(|[_, mean, _]| mean);
    let connections = level.server.as_ref().and_then(|server| server.pool_active).map(|[.., most]| most);
    // People who think after each answer make as many requests as they make; the seed's rate is one of an open load.
    let mut throughput = of(|of| of.throughput_rps);
    if matches!(level.model, Model::Closed { .. }) {
        throughput.target = None;
    }
    let rows = vec![
        Row::of("Throughput", " req/s", &throughput, Some(level.requests_per_second())),
        Row::of("P50 Response", " ms", &or(|of| of.p50_ms, times.p50_ms), due.quantile_ms(0.5)),
        Row::of("P95 Response", " ms", &or(|of| of.p95_ms, times.p95_ms), due.quantile_ms(0.95)),
        Row::of("P99 Response", " ms", &or(|of| of.p99_ms, times.p99_ms), due.quantile_ms(0.99)),
        Row::new("P99.9 Response", " ms", None, None, due.quantile_ms(0.999)),
        Row::new("P95 Response from the actual send", " ms", None, None, level.sent(|_| true).quantile_ms(0.95)),
        Row::of("Error Rate", "%", &or(|of| of.error_percent, production.error_percent), level.error_percent()),
        Row::of("CPU Utilization (mean)", "%", &of(|of| of.cpu_percent), cpu),
        Row::of(
            "Memory Utilization (mean)",
            "%",
            &of(|of| of.memory_percent),
            memory.zip(limit).map(|(memory, limit)| 100.0 * memory / limit),
        ),
        Row::new("Memory", " MB", None, None, memory.map(|bytes| bytes / 1e6)),
        Row::of("DB Connections", "", &of(|of| of.database_connections), connections),
        Row::of("Cache Hit Rate (L1)", "%", &of(|of| of.l1_hit_percent), hits("l1")),
        Row::of("Cache Hit Rate (L2)", "%", &of(|of| of.l2_hit_percent), hits("l2")),
        Row::of("Cache Hit Rate (RAG)", "%", &of(|of| of.rag_hit_percent), hits("rag")),
        Row::new(
            "Answered from a cache, of all questions",
            "%",
            None,
            None,
            level.server.as_ref().and_then(|server| server.chained_hit_share).map(|share| 100.0 * share),
        ),
        Row::new("Generator CPU, of one core", "%", None, None, {
            level.spread(|moment| Some(moment.generator?.cpu_percent())).map(|[_, mean, _]| mean)
        }),
        Row::new("Generator late, P99", " ms", None, None, level.lag.quantile_ms(0.99)),
        Row::new("Reading all figures, P95", " ms", None, None, level.scrapes.quantile_ms(0.95)),
    ];
    LevelRows { title: level.name.clone(), rows }
}

/// The performance budget, for a closed load of its number of people or an open one of that level's requests.
pub(super) fn budget_rows(level: &Level, levels: &Levels) -> Vec<Row> {
    let budget = &levels.budget;
    if seed_level(level, levels).is_none_or(|of| of.users != budget.users) {
        return Vec::new();
    }
    let hit =
        level.server.as_ref().and_then(|server| server.tiers.get("l1")).and_then(crate::run_file::Tier::hit_share);
    let row = |what, unit, of: &slo::BudgetRow, measured| {
        Row::new(what, unit, Range::try_from(of.baseline).ok(), Some(of.alert), measured)
    };
    let mut rows = vec![
        row("P95 Response Time", " ms", &budget.p95_ms, level.due(|_| true).quantile_ms(0.95)),
        row("Error Rate", "%", &budget.error_percent, level.error_percent()),
        row("Cache Hit Rate", "%", &budget.l1_hit_percent, hit.map(|share| 100.0 * share)),
    ];
    if matches!(level.model, Model::Open { .. }) {
        rows.push(row("Throughput", " req/s", &budget.throughput_rps, Some(level.requests_per_second())));
    }
    rows
}

/// The endpoints with one person, against the seed's.
#[must_use]
pub fn endpoint_rows(run: &Run, levels: &Levels) -> Vec<Row> {
    let Some(baseline) = &run.baseline else { return Vec::new() };
    let mut rows = Vec::new();
    for (endpoint, latencies) in &baseline.endpoints {
        let (what, known) = described(*endpoint);
        let of = known.and_then(|known| levels.endpoints.iter().find(|of| of.name == known));
        let bounds = [
            (0.5, "P50", of.map(|of| of.p50_ms)),
            (0.95, "P95", of.map(|of| of.p95_ms)),
            (0.99, "P99", of.map(|of| of.p99_ms)),
        ];
        for (share, name, bound) in bounds {
            rows.push(Row::new(&format!("{what}, {name}"), " ms", None, bound, latencies.quantile_ms(share)));
        }
    }
    rows
}

/// How an endpoint is called, and which of `slo.toml` it is held to.
pub(super) const fn described(endpoint: Endpoint) -> (&'static str, Option<&'static str>) {
    match endpoint {
        Endpoint::Health => ("Health Check", Some("health")),
        Endpoint::Login => ("Login", Some("login")),
        Endpoint::ChatSimple => ("Chat (simple)", Some("chat, simple")),
        Endpoint::ChatSimpleCached => ("Chat (simple), asked before", Some("chat, simple")),
        Endpoint::ChatComplex => ("Chat (complex)", Some("chat, complex")),
        Endpoint::ChatComplexCached => ("Chat (complex), asked before", Some("chat, complex")),
        Endpoint::Upload => ("Document Upload (1MB), acknowledged", Some("upload of 1 MB")),
        Endpoint::UploadFound => ("Document Upload (1MB), searchable", Some("upload of 1 MB")),
        Endpoint::Dashboard => ("Admin Dashboard", Some("dashboard")),
    }
}
