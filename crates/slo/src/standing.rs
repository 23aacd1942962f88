//! How a running product stands to its levels: the figures of the last hour, and what is left of the error budgets.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use telemetry::Slot;

use crate::budget::{Counted, Good, Objective};
use crate::history::History;
use crate::{Levels, Range, Row, Severity, Status, Window};

/// Names of what slots hold, as far as levels are about it.
pub mod held {
    /// Requests that count, and their times.
    pub const REQUESTS: &str = "requests";
    /// Those of them that failed.
    pub const FAILED: &str = "failed";
}

/// Over this time figures are judged.
const FIGURES_OVER: Window = Window::from_seconds(3_600);

/// How a product stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// When.
    pub at: DateTime<Utc>,
    /// The worst of all.
    pub status: Status,
    /// What production is held to.
    pub figures: Vec<FigureStanding>,
    /// How much may still fail.
    pub budgets: Vec<BudgetStanding>,
}

/// How a figure stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FigureStanding {
    /// What it is.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: &'static str,
    /// Over which time it was taken.
    pub over: Window,
    /// What was measured; nothing without requests.
    pub measured: Option<f64>,
    /// What it must be.
    pub target: String,
    /// How it stands to that.
    pub status: Status,
    /// Whether it is worse than the critical threshold.
    pub is_critical: bool,
}

/// How an error budget stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BudgetStanding {
    /// The objective.
    pub name: &'static str,
    /// The percentage of the requests that must be good.
    pub percent: f64,
    /// For how long the budget must last.
    pub window: Window,
    /// Requests in that time.
    pub counted: Counted,
    /// What is left of it, 1 to below 0; nothing without requests.
    pub left: Option<f64>,
    /// How many times faster than allowed it burns in each window.
    pub burns: Vec<BurnStanding>,
    /// How urgent that is; nothing when it does not burn too fast.
    pub severity: Option<Severity>,
    /// How it stands.
    pub status: Status,
}

/// How fast a budget burns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BurnStanding {
    /// In which time.
    pub over: Window,
    /// How many times faster than allowed; nothing without requests.
    pub rate: Option<f64>,
}

impl Standing {
    /// Judges what has happened until now.
    #[must_use]
    pub fn of(levels: &Levels, history: &History, now: DateTime<Utc>) -> Self {
        let hour = history.total(now, FIGURES_OVER.duration());
        let figures = figures(levels, &hour);
        let budgets: Vec<BudgetStanding> =
            Objective::of(levels).iter().map(|objective| budget(levels, history, now, objective)).collect();
        let all = figures.iter().map(|figure| figure.status).chain(budgets.iter().map(|budget| budget.status));
        // What was not measured is not known to be bad; all of it missing is missing.
        let worst = all.clone().filter(|status| *status != Status::Missing).max();
        Self { at: now, status: worst.unwrap_or(Status::Missing), figures, budgets }
    }
}

fn figures(levels: &Levels, hour: &Slot) -> Vec<FigureStanding> {
    let production = &levels.production;
    let (requests, failed) = (hour.sum(held::REQUESTS), hour.sum(held::FAILED));
    let failed_percent = (requests > 0.0).then(|| 100.0 * failed / requests);
    let quantile_ms = |share| hour.times.get(held::REQUESTS)?.quantile(share).map(|us| us as f64 / 1_000.0);
    let standing = |name, unit, row: &Row, measured: Option<f64>| {
        let target = row.target?;
        let range = measured.and_then(|value| Range::try_from(value).ok());
        let is_critical = row.critical.zip(measured).is_some_and(|(bound, value)| !bound.is_kept_by(value));
        let status = Status::of(range, target);
        Some(FigureStanding {
            name,
            unit,
            over: FIGURES_OVER,
            measured,
            target: target.to_string(),
            status,
            is_critical,
        })
    };
    let rows = [
        standing("availability", "%", &production.availability_percent, failed_percent.map(|percent| 100.0 - percent)),
        standing("P50 response time", "ms", &production.p50_ms, quantile_ms(0.5)),
        standing("P95 response time", "ms", &production.p95_ms, quantile_ms(0.95)),
        standing("P99 response time", "ms", &production.p99_ms, quantile_ms(0.99)),
        standing("error rate", "%", &production.error_percent, failed_percent),
    ];
    rows.into_iter().flatten().collect()
}

fn budget(levels: &Levels, history: &History, now: DateTime<Utc>, objective: &Objective) -> BudgetStanding {
    let budget = &levels.error_budget;
    let counted = |window: Window| count(&history.total(now, window.duration()), objective);
    let whole = counted(budget.window);
    let windows: Vec<(Window, Counted)> = budget.windows().into_iter().map(|over| (over, counted(over))).collect();
    let in_window =
        |window| windows.iter().find(|(over, _)| *over == window).map_or_else(Counted::default, |found| found.1);
    let severity = budget.severity(objective, in_window);
    let left = objective.left(whole);
    let status = match (left, severity) {
        (None, _) => Status::Missing,
        (Some(left), _) if left < 0.0 && whole.total >= budget.minimum_requests => Status::Fail,
        (_, Some(Severity::Critical)) => Status::Fail,
        (_, Some(_)) => Status::Marginal,
        (Some(_), None) => Status::Pass,
    };
    let burns = windows.iter().map(|(over, counted)| BurnStanding { over: *over, rate: objective.burn_rate(*counted) });
    BudgetStanding {
        name: objective.name,
        percent: objective.percent,
        window: budget.window,
        counted: whole,
        left,
        burns: burns.collect(),
        severity,
        status,
    }
}

fn count(slot: &Slot, objective: &Objective) -> Counted {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sums of counts")]
    let whole = |sum: f64| sum as u64;
    match objective.good {
        Good::Answered => Counted { total: whole(slot.sum(held::REQUESTS)), bad: whole(slot.sum(held::FAILED)) },
        Good::WithinMs(ms) => {
            let us = u64::try_from(Duration::from_secs_f64(ms / 1_000.0).as_micros()).unwrap_or(u64::MAX);
            let times = slot.times.get(held::REQUESTS).cloned().unwrap_or_default();
            Counted { total: times.len(), bad: times.above(us) }
        }
    }
}
