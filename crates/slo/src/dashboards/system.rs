//! Where the time goes, and what is running out.

use telemetry::{Metric, names};

use super::{Dashboard, Panel};
use crate::promql::of;
use crate::{Figure, Levels, Window};

const OVER: Window = Window::from_seconds(300);

/// A percentile of each combination of labels, in milliseconds.
fn percentile(metric: &Metric, share: f64, by: &str) -> String {
    let buckets = format!("{}_bucket{{job=\"voiceassist\"}}", metric.name);
    format!("1000 * histogram_quantile({share}, sum by ({by}, le) (rate({buckets}[{OVER}])))")
}

fn rate(metric: &Metric, by: &str) -> String {
    format!("sum by ({by}) (rate({}[{OVER}]))", of(metric, ""))
}

pub(super) fn dashboard(levels: &Levels) -> Dashboard {
    let tier = |row: fn(&crate::CacheTier) -> &crate::Series| {
        levels
            .cache_tiers
            .iter()
            .filter_map(|tier| row(tier).target)
            .reduce(|a, b| if a.limit() < b.limit() { a } else { b })
    };
    let panels = vec![
        Panel::new("A question's phases, P95", "ms")
            .line("{{phase}}", percentile(&names::QUESTION_PHASE, 0.95, "phase")),
        Panel::new("The program's own part of requests, P95", "ms")
            .line("{{route}}", percentile(&names::OVERHEAD, 0.95, "route")),
        Panel::new("A document's phases, P95", "ms")
            .line("{{phase}}", percentile(&names::INGESTION_PHASE, 0.95, "phase")),
        Panel::new("Turns of jobs, P95", "ms").line("{{kind}}", percentile(&names::JOB_DURATION, 0.95, "kind")),
        Panel::new("Jobs", "short")
            .line("{{kind}}, {{state}}", format!("max by (kind, state) ({})", of(&names::JOBS, ""))),
        Panel::new("Jobs ended a second", "ops")
            .line("{{kind}}: {{outcome}}", rate(&names::JOBS_DONE, "kind, outcome")),
        Panel::new("Cache lookups, P95", "ms")
            .line("{{tier}}", percentile(&names::CACHE_LOOKUP, 0.95, "tier"))
            .bound(tier(|tier| &tier.p95_ms)),
        Panel::new("Why the cache had no answer, a second", "ops")
            .line("{{tier}}: {{reason}}", rate(&names::CACHE_MISSES, "tier, reason")),
        Panel::new("Cache: removed a minute", "cpm")
            .line("{{tier}}: {{cause}}", format!("60 * {}", rate(&names::CACHE_EVICTIONS, "tier, cause"))),
        Panel::new("Cache: size", "bytes").line("{{tier}}", format!("sum by (tier) ({})", of(&names::CACHE_BYTES, ""))),
        Panel::new("Cache: entries", "short")
            .line("{{tier}}", format!("sum by (tier) ({})", of(&names::CACHE_ENTRIES, ""))),
        Panel::new("Cache: operations that failed, a second", "ops")
            .line("{{tier}}", rate(&names::CACHE_FAILURES, "tier")),
        Panel::new("Database connections in use, of those that there may be", "percent")
            .line("the fullest pool", Figure::PoolPercent.expression(levels, None))
            .bound(levels.alerts.iter().find(|alert| alert.figure == Figure::PoolPercent).map(|alert| alert.bound)),
        Panel::new("Queries, P95 of the ten slowest operations", "ms")
            .line("{{query}}", format!("topk(10, {})", percentile(&names::DATABASE_QUERY, 0.95, "query"))),
        Panel::new("Queries a second", "ops")
            .line("all", format!("sum(rate({}_count{{job=\"voiceassist\"}}[{OVER}]))", names::DATABASE_QUERY.name)),
        Panel::new("Slow queries a minute", "cpm").line(
            "{{query}}",
            format!(
                "60 * {} > 0 or 60 * sum(rate({}[{OVER}]))",
                rate(&names::DATABASE_SLOW_QUERIES, "query"),
                of(&names::DATABASE_SLOW_QUERIES, "")
            ),
        ),
        Panel::new("Processor time", "percentunit")
            .line("{{instance}}", format!("sum by (instance) (rate({}[{OVER}]))", of(&names::PROCESS_CPU, ""))),
        Panel::new("Memory", "bytes").line("{{instance}}", of(&names::PROCESS_MEMORY, "")),
        Panel::new("File handles", "short")
            .line("{{instance}}: open", of(&names::PROCESS_FILES, ""))
            .line("{{instance}}: at most", of(&names::PROCESS_FILES_MAX, "")),
        Panel::new("Disk", "Bps")
            .line("{{instance}}: {{direction}}", rate(&names::PROCESS_DISK, "instance, direction")),
        Panel::new("Network", "Bps").line("{{instance}}: {{direction}}", rate(&names::NETWORK, "instance, direction")),
        Panel::new("Running since", "s").line("{{instance}}", format!("time() - {}", of(&names::PROCESS_START, ""))),
    ];
    Dashboard { file: "system-performance.json", title: "VoiceAssist: system performance", panels }
}
