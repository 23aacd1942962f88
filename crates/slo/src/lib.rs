//! The service levels as data, and what is derived from them.
//!
//! `slo.toml` at the top of the repository holds every target; [`Levels`] is that file, read and checked. [`Status`] judges a
//! measurement, `budget` says how fast errors use up what is allowed, `rules` writes Prometheus' alert rules,
//! [`dashboards`] Grafana's dashboards. [`history`] keeps what happened, [`standing`] judges it.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "what tests compare is exact"))]

mod bound;
pub mod budget;
pub mod dashboards;
pub mod history;
mod levels;
mod promql;
mod range;
mod rules;
pub mod standing;
mod status;
mod window;

pub use bound::Bound;
pub use levels::{
    Alert, BudgetRow, Burn, CacheTier, Capacity, Category, Cost, Endpoint, ErrorBudget, Figure, Idle, InvalidLevels,
    Levels, LoadLevel, Percentiles, PerformanceBudget, Pool, Production, QueryType, Requests, Resource, ResponseTime,
    Row, Scaling, Seeded, Series, Service, Severity, SlowQueries, Step,
};
pub use promql::FIGURES;
pub use range::Range;
pub use rules::prometheus_rules;
pub use status::Status;
pub use window::Window;
