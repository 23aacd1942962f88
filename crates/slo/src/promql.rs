//! The figures of the alerts and objectives as Prometheus computes them.
//!
//! All of them are of the scrape job `voiceassist`. Without traffic they have no value: no data is not zero, and no alert.

use telemetry::Metric;
use telemetry::names;

use crate::budget::Good;
use crate::{Figure, Levels, Window};

/// Every figure.
pub const FIGURES: [Figure; 8] = [
    Figure::P95Ms,
    Figure::ErrorPercent,
    Figure::AvailabilityPercent,
    Figure::PoolPercent,
    Figure::CpuPercent,
    Figure::MemoryPercent,
    Figure::L1HitPercent,
    Figure::ReplicaChanges,
];

/// The window of a figure that names none, where one is needed.
const MOMENT: Window = Window::from_seconds(300);

impl Figure {
    /// What people call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::P95Ms => "P95 response time",
            Self::ErrorPercent => "Error rate",
            Self::AvailabilityPercent => "Availability",
            Self::PoolPercent => "Database connection pool",
            Self::CpuPercent => "CPU utilisation",
            Self::MemoryPercent => "Memory utilisation",
            Self::L1HitPercent => "L1 cache hit rate",
            Self::ReplicaChanges => "Autoscaling",
        }
    }

    /// Its unit, as it follows a number.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::P95Ms => " ms",
            Self::ReplicaChanges => " changes",
            _ => " %",
        }
    }

    pub(crate) fn expression(self, levels: &Levels, over: Option<Window>) -> String {
        let over = over.unwrap_or(MOMENT);
        match self {
            Self::P95Ms => quantile(levels, 0.95, over),
            Self::ErrorPercent => format!("100 * {}", bad_ratio(levels, Good::Answered, over)),
            Self::AvailabilityPercent => format!("100 * (1 - {})", bad_ratio(levels, Good::Answered, over)),
            Self::PoolPercent => {
                share(&of(&names::DATABASE_CONNECTIONS, "state=\"active\""), &of(&names::DATABASE_CONNECTIONS_MAX, ""))
            }
            Self::CpuPercent => {
                share(&format!("rate({}[{over}])", of(&names::PROCESS_CPU, "")), &of(&names::PROCESS_CPU_LIMIT, ""))
            }
            Self::MemoryPercent => share(&of(&names::PROCESS_MEMORY, ""), &of(&names::PROCESS_MEMORY_LIMIT, "")),
            Self::L1HitPercent => {
                let rate = |metric| format!("sum(rate({}[{over}]))", of(metric, "tier=\"l1\""));
                format!("100 * {} / {}", rate(&names::CACHE_HITS), rate(&names::CACHE_LOOKUPS))
            }
            // Counted by Kubernetes, whose autoscaler it is.
            Self::ReplicaChanges => format!(
                "sum(changes(kube_horizontalpodautoscaler_status_desired_replicas{{\
                 horizontalpodautoscaler=~\"voiceassist-.*\"}}[{over}]))"
            ),
        }
    }
}

/// A percentile of the requests that count, in milliseconds.
pub(crate) fn quantile(levels: &Levels, quantile: f64, over: Window) -> String {
    let buckets = format!("sum by (le) (rate({}[{over}]))", of_requests(levels, "_bucket", &[]));
    format!("1000 * histogram_quantile({quantile}, {buckets})")
}

/// The share of the requests that were not good, 0 to 1.
pub(crate) fn bad_ratio(levels: &Levels, good: Good, over: Window) -> String {
    let rate = |series: String| format!("sum(rate({series}[{over}]))");
    match good {
        Good::Answered => {
            let all = rate(of(&names::HTTP_REQUESTS, &counted(levels, &[])));
            let failed = rate(of(&names::HTTP_REQUESTS, &counted(levels, &["status=~\"5..\""])));
            // Before the first failure there is no series of failures; that is none, not nothing.
            format!("(({failed} or 0 * {all}) / {all})")
        }
        Good::WithinMs(ms) => {
            let all = rate(of_requests(levels, "_count", &[]));
            let good = rate(of_requests(levels, "_bucket", &[&within(ms / 1_000.0)]));
            format!("(1 - {good} / {all})")
        }
    }
}

/// How many requests counted in a window.
pub(crate) fn requests(levels: &Levels, over: Window) -> String {
    format!("sum(increase({}[{over}]))", of(&names::HTTP_REQUESTS, &counted(levels, &[])))
}

/// Requests a second that counted; `by` groups them, as in `by (route) `.
pub(crate) fn traffic_rate(levels: &Levels, by: &str, over: Window) -> String {
    format!("sum {by}(rate({}[{over}]))", of(&names::HTTP_REQUESTS, &counted(levels, &[])))
}

/// The label of a bucket. Whole numbers are written with or without a fraction, by the version of the exposition.
fn within(seconds: f64) -> String {
    if seconds.fract() == 0.0 { format!("le=~\"{seconds}([.]0)?\"") } else { format!("le=\"{seconds}\"") }
}

fn of_requests(levels: &Levels, suffix: &str, labels: &[&str]) -> String {
    format!("{}{suffix}{{job=\"voiceassist\"{}}}", names::HTTP_DURATION.name, with_comma(&counted(levels, labels)))
}

fn counted(levels: &Levels, more: &[&str]) -> String {
    let left_out = format!("route!~\"{}\"", levels.requests.left_out.join("|"));
    [&[left_out.as_str()], more].concat().join(",")
}

pub(crate) fn of(metric: &Metric, labels: &str) -> String {
    format!("{}{{job=\"voiceassist\"{}}}", metric.name, with_comma(labels))
}

fn with_comma(labels: &str) -> String {
    if labels.is_empty() { String::new() } else { format!(",{labels}") }
}

/// What the worst of the processes uses of what it may, in percent.
fn share(used: &str, allowed: &str) -> String {
    format!("max(100 * sum by (instance) ({used}) / max by (instance) ({allowed}))")
}
