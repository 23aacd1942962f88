//! Where it was measured, with what, and how it is for one person.

use std::fmt::Write as _;

use slo::Status;

use super::super::rows::described;
use super::{MISSING, Source, grid, shown, told};

pub(super) fn environment(source: &Source<'_>) -> String {
    let environment = &source.run.environment;
    let configuration = |keys: &[&str]| {
        let value = keys.iter().fold(&environment.configuration, |value, key| &value[key]);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    format!(
        "\n## Testing Environment\n\n### Infrastructure\n\n- **Processor**: {}, {} cores\n- **Memory**: {:.0} GB\n- **Kernel**: Linux {}\n\
         \n### Application Configuration\n\n- **Embedding model**: {}\n- **Hash of passwords**: {}\n- **Requests in hand, at most**: {}\n",
        environment.processor,
        environment.cores,
        environment.memory_bytes / 1e9,
        environment.kernel,
        configuration(&["embedding_model"]),
        configuration(&["password_hash"]),
        configuration(&["gateway", "max_concurrent_requests"]),
    )
}

pub(super) fn baseline(source: &Source<'_>) -> String {
    let mut text = "\n## Baseline Performance\n".to_owned();
    let Some(baseline) = &source.run.baseline else {
        let _ = writeln!(text, "\nNot measured: `voiceassist lab baseline` does.");
        return text;
    };
    let (idle, seed) = (baseline.idle, &source.levels.idle);
    let health = baseline.endpoints.iter().find(|(endpoint, _)| *endpoint == crate::baseline::Endpoint::Health);
    let health = health.and_then(|(_, latencies)| latencies.quantile_ms(0.95));
    let cores = source.run.environment.cores as f64;
    let row = |what: &str, seed: String, measured: String| vec![what.to_owned(), seed, measured];
    let rows = [
        row(
            "CPU Usage",
            told(Some(seed.cpu_percent.seed), "%"),
            shown(idle.map(|taken| taken.cpu_percent() / cores), "%"),
        ),
        row(
            "Memory Usage",
            told(Some(seed.memory_mb.seed), " MB"),
            shown(idle.map(|taken| taken.memory_bytes / 1e6), " MB"),
        ),
        row("Database Connections", told(Some(seed.database_connections.seed), ""), {
            shown(baseline.connections.map(|(_, active)| active), "")
        }),
        row(
            "Cache Memory, after the questions below",
            told(Some(seed.cache_memory_mb.seed), " MB"),
            shown(Some(baseline.cache_bytes / 1e6), " MB"),
        ),
        row("Health Check, P95", told(Some(seed.health_p95_ms.seed), " ms"), shown(health, " ms")),
    ];
    text.push_str(&grid("### No Load Conditions", &["Metric", "Seed", "Measured"], &rows));
    let rows = baseline.endpoints.iter().map(|(endpoint, latencies)| {
        let (what, known) = described(*endpoint);
        let held = known.and_then(|known| source.levels.endpoints.iter().find(|of| of.name == known));
        let at = |share| latencies.quantile_ms(share);
        let range = at(0.95).and_then(|value| slo::Range::try_from(value).ok());
        let status = held.map_or("-".to_owned(), |held| Status::of(range, held.p95_ms).to_string());
        let mut row = vec![what.to_owned()];
        row.extend([0.5, 0.95, 0.99].map(|share| at(share).map_or(MISSING.to_owned(), super::number)));
        row.extend([told(held.map(|held| held.p95_ms), ""), status, latencies.count().to_string()]);
        row
    });
    let head = ["Endpoint", "P50 (ms)", "P95 (ms)", "P99 (ms)", "Target P95", "Status", "Requests"];
    text.push_str(&grid("### Single User Performance", &head, &rows.collect::<Vec<_>>()));
    text.push_str("\nThe targets are what the seed's document claims of a single user. A question that was asked before comes from the cache.\n");
    text
}
