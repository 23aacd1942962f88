//! What the database was slow at, for administrators.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Gateway;
use crate::auth::Admin;
use crate::extract::Json;

/// The queries of this process since it started.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queries {
    /// Statements that took longer than `database.slow_query_ms`, slowest first.
    slow: Vec<SlowQuery>,
    /// What the queries of each name cost, most time in all first.
    statistics: Vec<QueryStatistics>,
}

/// A statement that was slow. The values that it was called with are not kept: they may be somebody's words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlowQuery {
    /// The operation that it belongs to.
    name: &'static str,
    /// With placeholders in place of the values.
    sql: String,
    /// How the database goes about it; null until that is known.
    plan: Option<String>,
    /// How often it was slow.
    times: u64,
    slowest_ms: f64,
    last_at: DateTime<Utc>,
}

/// What the queries of one name cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryStatistics {
    /// The operation that the queries belong to.
    name: &'static str,
    /// What they are: `select`, `join_2`, `join_3`, `insert`, `update`, `delete`, `aggregate`, `full_text`, `by_meaning`, `commit` or
    /// `other`.
    kind: &'static str,
    count: u64,
    /// How many of them failed.
    errors: u64,
    total_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

impl From<store::SlowQuery> for SlowQuery {
    fn from(query: store::SlowQuery) -> Self {
        let store::SlowQuery { name, sql, plan, times, slowest_ms, last_at } = query;
        Self { name, sql, plan, times, slowest_ms, last_at }
    }
}

impl From<store::QueryStatistics> for QueryStatistics {
    fn from(of_name: store::QueryStatistics) -> Self {
        let store::QueryStatistics { name, kind, count, errors, total_ms, p50_ms, p95_ms, p99_ms, max_ms } = of_name;
        Self { name, kind, count, errors, total_ms, p50_ms, p95_ms, p99_ms, max_ms }
    }
}

/// The slow queries of this process with their plans, and what the queries of each name cost.
#[utoipa::path(get, path = "/api/admin/slow-queries", tag = "admin", responses((status = 200, body = Queries)))]
pub(crate) async fn list(State(gateway): State<Gateway>, _: Admin) -> Json<Queries> {
    Json(Queries {
        slow: gateway.store().slow_queries().into_iter().map(Into::into).collect(),
        statistics: gateway.store().query_statistics().into_iter().map(Into::into).collect(),
    })
}
