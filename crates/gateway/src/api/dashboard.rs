//! What an administrator looks at: traffic, latencies, errors, saturation, cache, database, jobs, people, service levels.
//!
//! All of it is in memory, counted in the background: it takes as long with a million messages as with none.

use std::time::Duration;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use slo::history::Resolution;
use slo::standing::{Standing, held};
use telemetry::Slot;
use utoipa::{IntoParams, ToSchema};

use crate::Gateway;
use crate::auth::Admin;
use crate::extract::{Json, Query};

/// Slow queries that are shown.
const SLOW_SHOWN: usize = 10;

/// How far it looks back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum Range {
    #[default]
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "6h")]
    SixHours,
    #[serde(rename = "24h")]
    Day,
    #[serde(rename = "7d")]
    Week,
    #[serde(rename = "30d")]
    Month,
    #[serde(rename = "1y")]
    Year,
}

impl Range {
    const fn window(self) -> Duration {
        let hours = match self {
            Self::Hour => 1,
            Self::SixHours => 6,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
            Self::Year => 365 * 24,
        };
        Duration::from_secs(hours * 3_600)
    }
}

/// What is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DashboardQuery {
    /// How far to look back; an hour unless given.
    #[serde(default)]
    #[param(inline)]
    range: Range,
}

/// Everything that the dashboard shows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dashboard {
    at: DateTime<Utc>,
    version: &'static str,
    /// Of this process.
    uptime_s: u64,
    range: Range,
    /// How long a point of the series is.
    step_s: i64,
    /// All gateways together.
    series: Vec<Point>,
    /// The whole range.
    total: Totals,
    #[schema(value_type = Object)]
    slo: Standing,
    #[schema(value_type = Object)]
    counts: crate::census::Counts,
    /// Of this process.
    #[schema(value_type = Object)]
    cache: assistant::CacheFigures,
    /// Of this process, slowest first.
    #[schema(value_type = Vec<Object>)]
    slow_queries: Vec<store::SlowQuery>,
}

/// A stretch of time. What was not measured is null.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Point {
    start: DateTime<Utc>,
    requests_per_second: f64,
    error_percent: Option<f64>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    /// Of the cores that the processes may use.
    cpu_percent: Option<f64>,
    memory_bytes: Option<f64>,
    in_flight: Option<f64>,
    connections: Option<f64>,
    connections_max: Option<f64>,
    l1_hit_percent: Option<f64>,
    l2_hit_percent: Option<f64>,
    rag_hit_percent: Option<f64>,
    queries_per_second: f64,
    slow_queries_per_minute: f64,
    answers_per_minute: f64,
    sign_ins_per_minute: f64,
    /// Good of all that was said about answers.
    good_feedback_percent: Option<f64>,
    jobs_waiting: Option<f64>,
    shed: f64,
}

/// Sums over the whole range.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Totals {
    requests: f64,
    failed: f64,
    answers: f64,
    /// Answered from the documents, of all answers.
    grounded_percent: Option<f64>,
    feedback_up: f64,
    feedback_down: f64,
    sign_ins: f64,
    sign_ins_refused: f64,
    uploads: f64,
    slow_queries: f64,
    shed: f64,
}

/// What happens and has happened, of all gateways together where nothing else is said.
#[utoipa::path(get, path = "/api/admin/dashboard", tag = "admin", params(DashboardQuery),
    responses((status = 200, body = Dashboard)))]
pub(crate) async fn dashboard(
    State(gateway): State<Gateway>,
    _: Admin,
    Query(query): Query<DashboardQuery>,
) -> Json<Dashboard> {
    let (now, window) = (gateway.store().clock().now(), query.range.window());
    let slots = gateway.watch().slots(now, window);
    let mut whole = Slot::default();
    for (_, slot) in &slots {
        whole.extend(slot);
    }
    let step_s = Resolution::for_window(window).seconds();
    let series = slots.iter().map(|(start, slot)| Point::of(*start, slot, covered(*start, step_s, now))).collect();
    let mut slow_queries = gateway.store().slow_queries();
    slow_queries.truncate(SLOW_SHOWN);
    Json(Dashboard {
        at: now,
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: gateway.uptime_seconds(),
        range: query.range,
        step_s,
        series,
        total: Totals::of(&whole),
        slo: gateway.watch().standing(now),
        counts: gateway.counted().counts(),
        cache: gateway.assistant().cache_figures(),
        slow_queries,
    })
}

/// How much of a slot has passed, in seconds: the last one is still going on.
fn covered(start: DateTime<Utc>, step_s: i64, now: DateTime<Utc>) -> f64 {
    (now - start).num_seconds().clamp(1, step_s) as f64
}

impl Point {
    /// A stretch that lasted for so many seconds.
    pub(super) fn of(start: DateTime<Utc>, slot: &Slot, seconds: f64) -> Self {
        let times = slot.times.get(held::REQUESTS);
        let quantile = |share| times?.quantile(share).map(|us| us as f64 / 1_000.0);
        let peak = |name: &str| slot.peaks.get(name).copied();
        let hits = |tier: &str| percent(slot.sum(&format!("{tier}_hits")), slot.sum(&format!("{tier}_lookups")));
        let cores = peak("cores").unwrap_or_default();
        Self {
            start,
            requests_per_second: slot.sum(held::REQUESTS) / seconds,
            error_percent: percent(slot.sum(held::FAILED), slot.sum(held::REQUESTS)),
            p50_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            cpu_percent: percent(slot.sum("cpu_seconds"), cores * seconds),
            memory_bytes: peak("memory_bytes"),
            in_flight: peak("in_flight"),
            connections: peak("connections"),
            connections_max: peak("connections_max"),
            l1_hit_percent: hits("l1"),
            l2_hit_percent: hits("l2"),
            rag_hit_percent: hits("rag"),
            queries_per_second: slot.sum("queries") / seconds,
            slow_queries_per_minute: 60.0 * slot.sum("slow_queries") / seconds,
            answers_per_minute: 60.0 * slot.sum("answers") / seconds,
            sign_ins_per_minute: 60.0 * slot.sum("sign_ins") / seconds,
            good_feedback_percent: percent(
                slot.sum("feedback_up"),
                slot.sum("feedback_up") + slot.sum("feedback_down"),
            ),
            jobs_waiting: peak("jobs_waiting"),
            shed: slot.sum("shed"),
        }
    }
}

impl Totals {
    fn of(slot: &Slot) -> Self {
        Self {
            requests: slot.sum(held::REQUESTS),
            failed: slot.sum(held::FAILED),
            answers: slot.sum("answers"),
            grounded_percent: percent(slot.sum("answers_grounded"), slot.sum("answers")),
            feedback_up: slot.sum("feedback_up"),
            feedback_down: slot.sum("feedback_down"),
            sign_ins: slot.sum("sign_ins"),
            sign_ins_refused: slot.sum("sign_ins_refused"),
            uploads: slot.sum("uploads"),
            slow_queries: slot.sum("slow_queries"),
            shed: slot.sum("shed"),
        }
    }
}

/// Of nothing there is no share.
fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| 100.0 * part / whole)
}
