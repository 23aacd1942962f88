//! The loads themselves, the targets they are held to, and how far a load could be raised.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use slo::{Bound, Range, Status};

use super::super::rows::budget_rows;
use super::super::{LevelRows, Row, level_rows, number};
use super::{HEAD, MISSING, Source, cells, grid, shown, told};
use crate::load::Phase;
use crate::run_file::Level;
use crate::workload::Task;

pub(super) fn closed(source: &Source<'_>) -> String {
    let workload = &source.run.workload;
    let (from, to) = workload.pacing.think_s;
    let mut text = format!(
        "\n## Load Test Results\n\n### Test Methodology\n\n- **Workload**: {} ({})\n- **User Distribution**:\n",
        workload.title, workload.source
    );
    for class in &workload.classes {
        let name = format!("{:?}", class.name);
        let _ = writeln!(text, "  - {}% {name} Users", class.weight);
    }
    let _ = write!(
        text,
        "- **Think Time**: {}-{} seconds after each answer\n- **Mean Pause**: {} seconds before a request\n- **Mean Upload Size**: {} KB\n\
         - **Latencies**: from the moment at which a request was due\n- **Verdicts**: on each load, by the targets of that load\n",
        number(from),
        number(to),
        number(workload.mean_pause_s()),
        number(workload.mean_upload_bytes() / 1e3)
    );
    for (users, level) in source.closed() {
        text.push_str(&load(source, level, &format!("### {users} Virtual Users")));
    }
    text
}

pub(super) fn open(source: &Source<'_>) -> String {
    let mut text = "\n## Load Test Results, Open Model\n\nRequests begin at moments of their own, as often as the seed's document says that \
                    there were, whoever still waits for an answer.\n"
        .to_owned();
    if source.open().is_empty() {
        text.push_str("\nNot measured.\n");
    }
    for (rate, level) in source.open() {
        text.push_str(&load(source, level, &format!("### {} requests a second", number(rate))));
    }
    text
}

fn load(source: &Source<'_>, level: &Level, heading: &str) -> String {
    let LevelRows { rows, .. } = level_rows(level, source.levels, source.run.environment.cores);
    let mut text = grid(heading, &HEAD, &rows.iter().map(cells).collect::<Vec<_>>());
    let _ = writeln!(
        text,
        "\n{} answers in {} s; {} documents were uploaded, {} of them came faster than they could be embedded.",
        level.due(|_| true).count(),
        number(level.steady_s),
        level.uploads.uploaded,
        level.uploads.unindexed
    );
    let failed: BTreeMap<&str, u64> =
        level.failures.iter().filter(|of| of.phase == Phase::Steady).fold(BTreeMap::new(), |mut sums, of| {
            *sums.entry(of.failure.as_str()).or_default() += of.count;
            sums
        });
    for (failure, count) in failed {
        let _ = writeln!(text, "- {count} failed: {failure}");
    }
    for why in &level.invalid {
        let _ = writeln!(text, "- Invalid: {why}");
    }
    text
}

pub(super) fn targets(source: &Source<'_>) -> String {
    let of = &source.levels.response_time;
    let rows = [("P50", &of.p50_ms), ("P95", &of.p95_ms), ("P99", &of.p99_ms), ("P99.9", &of.p999_ms)]
        .map(|(name, row)| vec![name.to_owned(), told(row.target, "ms"), told(row.critical, "ms")]);
    let mut text = "\n## Response Time Targets\n".to_owned();
    text.push_str(&grid("### SLO Definitions", &["Metric", "Target", "Critical"], &rows));
    text.push_str("\n### By Endpoint Category\n\n");
    for category in &source.levels.categories {
        let bound = category.p95_ms.map_or("no bound".to_owned(), |bound| format!("P95 {bound} ms"));
        let _ = writeln!(text, "- **{}** ({bound}): {}", category.name, category.members.join(", "));
    }
    text
}

pub(super) fn throughput(source: &Source<'_>) -> String {
    let mut text = "\n## Throughput Targets\n".to_owned();
    let rows = source.levels.load_levels.iter().map(|of| {
        let level = source
            .open()
            .into_iter()
            .find(|(rate, _)| of.throughput_rps.seed.is_some_and(|seed| seed.most().total_cmp(rate).is_eq()));
        let row = Row::new(
            "",
            " req/s",
            of.throughput_rps.seed,
            of.throughput_rps.target,
            level.map(|(_, level)| level.requests_per_second()),
        );
        let mut row = cells(&row);
        row[0] = format!("{} ({} users of the seed)", of.name, of.users);
        row
    });
    text.push_str(&grid(
        "### Overall System",
        &["Load Level", "Seed", "Target", "Measured", "Status"],
        &rows.collect::<Vec<_>>(),
    ));
    let rows = source.levels.services.iter().map(|service| {
        let peak = source.run.levels.iter().map(|level| rate_of(level, &service.routes)).reduce(f64::max);
        let mut row = cells(&Row::new(&service.name, " req/s", service.peak_rps.seed, service.peak_rps.target, peak));
        // How much is asked of a part is what the workload asks of it: more than that it cannot have answered.
        row[4] = match (service.peak_rps.target, peak) {
            (Some(target), Some(peak)) if target.is_kept_by(peak) => Status::Pass.to_string(),
            _ => "-".to_owned(),
        };
        row
    });
    text.push_str(&grid("### By Service", &["Service", "Seed", "Target", "Peak", "Status"], &rows.collect::<Vec<_>>()));
    text.push_str("\nPeaks are of the greatest load above; a part is asked for as much as the workload has of it, and no verdict means that no more was asked.\n");
    text
}

/// Requests a second of the steady phase to routes that begin so.
fn rate_of(level: &Level, routes: &[String]) -> f64 {
    let is_meant = |task: Task| routes.iter().any(|route| task.path().starts_with(route.as_str()));
    level.due(|record| is_meant(record.task)).count() as f64 / level.steady_s.max(f64::MIN_POSITIVE)
}

pub(super) fn objectives(source: &Source<'_>) -> String {
    let of = &source.levels.production;
    // The seed's production has 100 to 200 users, and so many requests a second as the open loads of theirs.
    let meant: Vec<&Level> = source
        .levels
        .load_levels
        .iter()
        .filter(|level| (100..=200).contains(&level.users))
        .filter_map(|of| {
            source
                .open()
                .into_iter()
                .find(|(rate, _)| of.throughput_rps.seed.is_some_and(|seed| seed.most().total_cmp(rate).is_eq()))
        })
        .map(|(_, level)| level)
        .collect();
    let range = |figure: &dyn Fn(&Level) -> Option<f64>| -> Option<Range> {
        let values: Vec<f64> = meant.iter().filter_map(|level| figure(level)).collect();
        Range::new(values.iter().copied().reduce(f64::min)?, values.iter().copied().reduce(f64::max)?).ok()
    };
    let quantile = |share| range(&move |level: &Level| level.due(|_| true).quantile_ms(share));
    let rows = [
        (
            "Availability",
            "%",
            &of.availability_percent,
            range(&|level| level.error_percent().map(|percent| 100.0 - percent)),
        ),
        ("P50 Response Time", "ms", &of.p50_ms, quantile(0.5)),
        ("P95 Response Time", "ms", &of.p95_ms, quantile(0.95)),
        ("P99 Response Time", "ms", &of.p99_ms, quantile(0.99)),
        ("Error Rate", "%", &of.error_percent, range(&|level| level.error_percent())),
        ("Throughput", " req/s", &of.throughput_rps, range(&|level| Some(level.requests_per_second()))),
    ]
    .map(|(what, unit, row, measured)| {
        let current = measured.map_or(MISSING.to_owned(), |range| {
            let (least, most) = (number(range.least()), number(range.most()));
            if least == most { format!("{least}{unit}") } else { format!("{least}-{most}{unit}") }
        });
        let status = row.target.map_or("-".to_owned(), |target: Bound| Status::of(measured, target).to_string());
        vec![what.to_owned(), told(row.seed, unit), told(row.target, unit), told(row.critical, unit), current, status]
    });
    let mut text = "\n## Performance SLOs\n".to_owned();
    let head = ["Metric", "Seed", "Target", "Critical", "Current", "Status"];
    text.push_str(&grid(
        "### Production SLOs (open model, at the requests of 100 and 200 users of the seed)",
        &head,
        &rows,
    ));
    text.push_str("\nVerdicts here are by the targets of production, which are others than those of a single load.\n");
    let rows: Vec<Vec<String>> =
        source.open().iter().flat_map(|(_, level)| budget_rows(level, source.levels)).map(|row| cells(&row)).collect();
    text.push_str(&grid(
        "### Performance Budget",
        &["Metric", "Baseline of the seed", "Alert Threshold", "Measured", "Status"],
        &rows,
    ));
    text
}

pub(super) fn edges(source: &Source<'_>) -> String {
    let mut text = "\n## Breaking Point\n".to_owned();
    if source.run.edges.is_empty() {
        text.push_str("\nNot measured: `voiceassist lab breakpoint` does.\n");
        return text;
    }
    let list = |values: &[f64]| values.iter().map(|value| number(*value)).collect::<Vec<_>>().join(", ");
    let rows: Vec<Vec<String>> = source
        .run
        .edges
        .iter()
        .map(|edge| {
            let broken = if edge.broken.is_empty() { "nowhere".to_owned() } else { list(&edge.broken) };
            vec![edge.of.replace('_', " "), list(&edge.held), broken, edge.target.join("; "), edge.resource.join("; ")]
        })
        .collect();
    text.push_str(&grid("### What gives way first", &["Raised", "Held", "Broken at", "Target", "Resource"], &rows));
    for edge in &source.run.edges {
        let _ = writeln!(text, "\nTried, raising {}:\n", edge.of.replace('_', " "));
        for (load, _, said) in &edge.tried {
            let _ = writeln!(text, "- {}: {said}", shown(Some(*load), ""));
        }
    }
    text
}
