//! What an operator watches while a load test runs.

use telemetry::names;

use super::{Dashboard, Panel};
use crate::promql::{of, quantile, traffic_rate};
use crate::{Bound, Figure, Levels, Window};

/// Over this time rates are taken: four scrapes.
const MINUTE: Window = Window::from_seconds(60);

pub(super) fn dashboard(levels: &Levels) -> Dashboard {
    let figure = |figure: Figure| figure.expression(levels, Some(MINUTE));
    let level = |row: fn(&crate::LoadLevel) -> crate::Row| {
        let bounds = levels.load_levels.iter().filter_map(move |level| row(level).target);
        bounds.reduce(|a, b| if (a.limit() < b.limit()) == a.is_upper() { a } else { b })
    };
    let percentile = |name: &str, share: f64| (name.to_owned(), quantile(levels, share, MINUTE));
    let mut latency = Panel::new("Response time", "ms");
    for (name, query) in
        [percentile("P50", 0.5), percentile("P95", 0.95), percentile("P99", 0.99), percentile("P99.9", 0.999)]
    {
        latency = latency.line(name, query);
    }
    let hits = |tier: &str| {
        let rate = |metric| format!("sum(rate({}[{MINUTE}]))", of(metric, &format!("tier=\"{tier}\"")));
        format!("100 * {} / {}", rate(&names::CACHE_HITS), rate(&names::CACHE_LOOKUPS))
    };
    let panels = vec![
        Panel::new("Requests a second", "reqps")
            .line("all", traffic_rate(levels, "", MINUTE))
            .line("{{route}}", traffic_rate(levels, "by (route) ", MINUTE)),
        latency.bound(levels.production.p95_ms.target).bound(levels.production.p99_ms.target),
        Panel::new("Error rate", "percent")
            .line("failed", figure(Figure::ErrorPercent))
            .bound(levels.production.error_percent.target)
            .bound(levels.production.error_percent.critical),
        Panel::new("Requests in hand", "short")
            .line("in hand", format!("sum({})", of(&names::HTTP_IN_FLIGHT, "")))
            .line("refused a second: {{reason}}", format!("sum by (reason) (rate({}[{MINUTE}]))", of(&names::HTTP_SHED, ""))),
        Panel::new("CPU utilisation, the busiest process", "percent")
            .line("CPU", figure(Figure::CpuPercent))
            .bound(level(|level| level.cpu_percent)),
        Panel::new("Memory utilisation, the largest process", "percent")
            .line("memory", figure(Figure::MemoryPercent))
            .bound(level(|level| level.memory_percent)),
        Panel::new("Database connections", "short")
            .line("{{state}}", format!("sum by (state) ({})", of(&names::DATABASE_CONNECTIONS, "")))
            .bound(level(|level| level.database_connections)),
        Panel::new("Cache hit rate, of the lookups that reach a tier", "percent")
            .line("L1", hits("l1"))
            .line("L2", hits("l2"))
            .line("RAG", hits("rag"))
            .bound(levels.cache_tiers.first().and_then(|tier| tier.hit_percent.target)),
        Panel::new("P95 by route", "ms").line(
            "{{route}}",
            format!(
                "1000 * histogram_quantile(0.95, sum by (route, le) (rate({}_bucket{{job=\"voiceassist\"}}[{MINUTE}])))",
                names::HTTP_DURATION.name
            ),
        ).bound(Bound::AtMost(1_500.0)),
        Panel::new("Answers a second, by where they came from", "reqps")
            .line("{{source}}", format!("sum by (source) (rate({}[{MINUTE}]))", of(&names::ANSWERS, ""))),
    ];
    Dashboard { file: "load-testing-overview.json", title: "VoiceAssist: load testing overview", panels }
}
