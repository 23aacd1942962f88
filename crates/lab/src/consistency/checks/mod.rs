//! The checks, one file for each family, and the list of all.

mod alerts;
mod availability;
mod cache;
mod changes;
mod cost;
mod hpa;
mod littles_law;
mod network;
mod percentiles;
mod pool;
mod query_status;
mod resources;
mod statuses;
mod tables;
mod targets;
mod timeline;

use super::Contradiction;
use super::document::Document;

/// Something that figures must obey.
pub(super) struct Check {
    /// For scripts.
    pub(super) name: &'static str,
    /// What it holds a document to, in a sentence.
    pub(super) holds: &'static str,
    /// Finds what does not obey.
    pub(super) run: fn(&Document) -> Vec<Contradiction>,
}

/// All of them, in the order of the document's chapters.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "littles-law",
        holds: "Users who wait for an answer and then pause send N / (R + Z) requests a second.",
        run: littles_law::check,
    },
    Check {
        name: "percentile-order",
        holds: "A higher percentile is not less than a lower one, nor a peak than an average.",
        run: percentiles::order,
    },
    Check {
        name: "mixture-percentile",
        holds: "The tail of a mixture is no faster than the slow requests that make it up.",
        run: percentiles::mixture,
    },
    Check {
        name: "status-against-target",
        holds: "A verdict is what the figure and its target say; the worse end of a range decides.",
        run: statuses::against_target,
    },
    Check {
        name: "peak-against-target",
        holds: "What passes does so at its peak too.",
        run: statuses::peak_against_target,
    },
    Check {
        name: "missed-target-unmarked",
        holds: "A target that is missed is shown as missed.",
        run: statuses::missed_unmarked,
    },
    Check {
        name: "query-status",
        holds: "A query is MARGINAL when its P95 is at least 0.8 and its P99 at least 1.3 times the target.",
        run: query_status::check,
    },
    Check {
        name: "marginal-rule-unstated",
        holds: "A query that is MARGINAL within its target is so by a rule that the document states.",
        run: query_status::unstated,
    },
    Check {
        name: "two-slo-sets",
        holds: "Where there are two sets of targets, the document says which of them a verdict uses.",
        run: targets::two_sets,
    },
    Check {
        name: "target-never-measured",
        holds: "A percentile that has a target is measured, as the others are.",
        run: targets::never_measured,
    },
    Check {
        name: "looser-error-target",
        holds: "A load test does not allow more errors than the service level, unless the document says so.",
        run: targets::looser_errors,
    },
    Check { name: "availability", holds: "No more requests are served than did not fail.", run: availability::check },
    Check { name: "tables-disagree", holds: "What two tables say of the same load is the same.", run: tables::check },
    Check { name: "ingress", holds: "Uploads fit into what the network received.", run: network::check },
    Check { name: "hits-and-misses", holds: "Hits and misses are all lookups.", run: cache::hits_and_misses },
    Check {
        name: "cache-denominators",
        holds: "Each tier of a chain of caches says of which lookups its hit rate is.",
        run: cache::denominators,
    },
    Check {
        name: "pool-hold-time",
        holds: "A request holds a connection for no longer than it takes.",
        run: pool::hold_time,
    },
    Check {
        name: "pool-utilisation",
        holds: "The utilisation of the pool is its active connections of its size.",
        run: pool::utilisation,
    },
    Check { name: "pool-size", holds: "No more connections exist than the pool has.", run: pool::size },
    Check {
        name: "hpa-custom-metric",
        holds: "A metric that is said to scale the pods explains their number somewhere.",
        run: hpa::custom_metric,
    },
    Check { name: "hpa-pods", holds: "As many pods run as the autoscaler would want.", run: hpa::pods },
    Check {
        name: "hpa-tolerance",
        holds: "The autoscaler acts only where a metric differs from its target by more than the tolerance.",
        run: hpa::tolerance,
    },
    Check {
        name: "timeline-against-tables",
        holds: "A pod that is added at some number of users was not there with fewer.",
        run: timeline::check,
    },
    Check {
        name: "idle-pods",
        holds: "Without load as many pods run as the minimum of every deployment.",
        run: resources::idle_pods,
    },
    Check {
        name: "requests-exceed-nodes",
        holds: "What all replicas request fits on the nodes.",
        run: resources::nodes,
    },
    Check {
        name: "usage-against-request",
        holds: "Pods that use more of their request than the autoscaler's target cannot be at rest.",
        run: resources::usage,
    },
    Check {
        name: "vpa-margin",
        holds: "A recommendation is 1.15 times the 90th percentile of the usage.",
        run: resources::vpa_margin,
    },
    Check {
        name: "resource-hours",
        holds: "The hours of a resource in a day are pods x 24 x what each requests.",
        run: cost::check,
    },
    Check {
        name: "change-arithmetic",
        holds: "A change in percent is that of the two figures beside it.",
        run: changes::arithmetic,
    },
    Check {
        name: "percent-of-percent",
        holds: "The difference of two percentages is given in points.",
        run: changes::percent_of_percent,
    },
    Check {
        name: "per-request-change",
        holds: "A rate that depends on the throughput is compared for each request.",
        run: changes::per_request,
    },
    Check {
        name: "alert-cache-scope",
        holds: "An alert on the hit rate names the tier, if another tier is always below it.",
        run: alerts::cache_scope,
    },
    Check {
        name: "alert-pool-limit",
        holds: "No alert pages at a load at which the pool is said to be good enough.",
        run: alerts::pool_limit,
    },
];
