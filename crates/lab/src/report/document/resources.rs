//! What the loads took, of machines, of the caches and of the database.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use slo::Status;

use super::{MISSING, Source, grid, number, shown, told};
use crate::observe::Moment;
use crate::resources::Use;
use crate::run_file::{Level, ServerFigures, Tier};

pub(super) fn utilisation(source: &Source<'_>) -> String {
    let cores = source.run.environment.cores as f64;
    let limit = |level: &Level| level.server.as_ref().and_then(|server| server.memory_limit_bytes);
    let per_second = |of: fn(&crate::resources::Use) -> f64| {
        move |moment: &Moment| moment.server.map(|taken| of(&taken) / taken.seconds.max(f64::MIN_POSITIVE))
    };
    let mut text = "\n## Resource Utilization\n\n### At Different Load Levels\n\nOf the server alone; it shares its cores with the generator.\n".to_owned();
    let cpu =
        rows(source, |level| mean_and_most(level.spread(|moment| Some(moment.server?.cpu_percent() / cores)), "%"));
    text.push_str(&grid("#### CPU Utilization", &["Load", "Avg CPU", "Peak CPU"], &cpu));
    let memory = rows(source, |level| {
        let of = |moment: &Moment| Some(100.0 * moment.server?.memory_bytes / limit(level)?);
        mean_and_most(level.spread(of), "%")
    });
    text.push_str(&grid("#### Memory Utilization", &["Load", "Avg Memory", "Peak Memory"], &memory));
    text.push_str(&network(source));
    let disk = rows(source, |level| {
        let calls = [per_second(|taken| taken.reads), per_second(|taken| taken.writes)];
        calls.map(|of| shown(level.spread(of).map(|[_, mean, _]| mean), "")).to_vec()
    });
    text.push_str(&grid("#### Disk I/O", &["Load", "Read calls (a second)", "Write calls (a second)"], &disk));
    text.push_str(
        "\nCalls of the process, to files and connections alike: how many a disk had to serve is not known.\n",
    );
    text
}

/// A row for each number of people.
fn rows(source: &Source<'_>, figures: impl Fn(&Level) -> Vec<String>) -> Vec<Vec<String>> {
    let row = |(users, level): (usize, &Level)| [vec![format!("{users} users")], figures(level)].concat();
    source.closed().into_iter().map(row).collect()
}

fn mean_and_most(spread: Option<[f64; 3]>, unit: &str) -> Vec<String> {
    let [mean, most] = spread.map_or([None, None], |[_, mean, most]| [Some(mean), Some(most)]);
    vec![shown(mean, unit), shown(most, unit)]
}

/// Over the loopback, nothing passes the interfaces that the server counts: what the generator counted stands in for them.
fn network(source: &Source<'_>) -> String {
    let heading = "#### Network I/O";
    if source.run.environment.shares_machine {
        let figures = rows(source, |level| {
            let way = |way: usize| level.spread(|moment| Some(moment.traffic.as_ref()?.get(way)? / 1e6));
            [mean_and_most(way(0), ""), mean_and_most(way(1), "")].concat()
        });
        let head = ["Load", "HTTP In (MB/s)", "Peak", "HTTP Out (MB/s)", "Peak"];
        return grid(heading, &head, &figures)
            + "\nAs the generator sent and received it over the loopback, without what TCP adds; no interface of the machine sees it.\n";
    }
    let figures = rows(source, |level| {
        let of = |direction: &str| {
            let server = level.server.as_ref()?;
            server.network_bytes.get(direction).map(|bytes| bytes / 1e6 / server.seconds)
        };
        vec![shown(of("receive"), ""), shown(of("transmit"), "")]
    });
    grid(heading, &["Load", "Ingress (MB/s)", "Egress (MB/s)"], &figures)
        + "\nOf the server's interfaces without the loopback.\n"
}

/// What each dependency took, load by load.
pub(super) fn dependencies(source: &Source<'_>) -> String {
    let mut text = "\n### Dependencies\n".to_owned();
    let mut rows = Vec::new();
    for (users, level) in source.closed() {
        let names: BTreeSet<&String> = level.moments.iter().flat_map(|moment| moment.dependencies.keys()).collect();
        for name in names {
            let spread = |of: fn(&Use) -> f64| level.spread(|moment| moment.dependencies.get(name).map(of));
            let [mean, most] =
                spread(Use::cpu_percent).map_or([None, None], |[_, mean, most]| [Some(mean), Some(most)]);
            let memory = spread(|taken| taken.memory_bytes / 1e6).map(|[_, mean, _]| mean);
            let cells = [shown(mean, "%"), shown(most, "%"), shown(memory, " MB")];
            rows.push([vec![name.clone(), format!("{users} users")], cells.to_vec()].concat());
        }
    }
    if rows.is_empty() {
        text.push_str("\nNone that were named: the embedded profile has none, and those of a cluster are told to the lab with `--dependency`.\n");
        return text;
    }
    text.push_str(&grid(
        "#### Processor and Memory",
        &["Dependency", "Load", "Mean, of one core", "Most", "Memory"],
        &rows,
    ));
    text
}

pub(super) fn caches(source: &Source<'_>) -> String {
    let mut text = "\n## Cache Performance\n\nRates are of the lookups that reach a tier.\n".to_owned();
    let loads = source.closed();
    let tier = |level: &Level, name: &str| -> Option<(Tier, f64)> {
        let server: &ServerFigures = level.server.as_ref()?;
        Some((server.tiers.get(name)?.clone(), server.seconds))
    };
    for (name, heading) in [
        ("l1", "### L1 Cache (In-Memory)"),
        ("l2", "### L2 Cache (on disk)"),
        ("rag", "### RAG Cache (Vector/Semantic)"),
    ] {
        let Some(of) = source.levels.cache_tiers.iter().find(|of| of.name == name) else { continue };
        let row = |what: &str, unit: &str, held: &slo::Series, figure: &dyn Fn(&Tier, f64) -> Option<f64>| {
            let figures =
                loads.iter().map(|(_, level)| tier(level, name).and_then(|(tier, seconds)| figure(&tier, seconds)));
            let figures: Vec<Option<f64>> = figures.collect();
            // The worst of all loads decides.
            let judged = |target| figures.iter().map(|value| status(*value, target)).max();
            let verdict = held.target.and_then(judged).map_or("-".to_owned(), |status| status.to_string());
            let figures: Vec<String> = figures.iter().map(|value| shown(*value, unit)).collect();
            let seed = held.seed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            [vec![what.to_owned()], figures, vec![told(held.target, unit), verdict, seed]].concat()
        };
        let rows = [
            row("Hit Rate", "%", &of.hit_percent, &|tier, _| tier.hit_share().map(|share| 100.0 * share)),
            row("Miss Rate", "%", &of.miss_percent, &|tier, _| tier.hit_share().map(|share| 100.0 - 100.0 * share)),
            row("Avg Latency", "ms", &of.average_ms, &|tier, _| tier.mean_ms),
            row("P95 Latency", "ms", &of.p95_ms, &|tier, _| tier.p95_ms),
            row("Eviction Rate", "/min", &of.evictions_per_minute, &|tier, seconds| {
                Some(60.0 * tier.evictions.values().sum::<f64>() / seconds)
            }),
        ];
        let users: Vec<String> = loads.iter().map(|(users, _)| format!("{users} Users")).collect();
        let mut head = vec!["Metric"];
        head.extend(users.iter().map(String::as_str));
        head.extend(["Target", "Status", "Seed (50, 100, 200, 500 users)"]);
        text.push_str(&grid(heading, &head, &rows));
    }
    text
}

fn status(measured: Option<f64>, target: slo::Bound) -> Status {
    Status::of(measured.and_then(|value| slo::Range::try_from(value).ok()), target)
}

/// The kinds of queries, as the server and as `slo.toml` names them.
const KINDS: [(&str, &str); 8] = [
    ("select", "Simple SELECT"),
    ("join_2", "JOIN (2 tables)"),
    ("join_3", "JOIN (3+ tables)"),
    ("insert", "INSERT"),
    ("update", "UPDATE"),
    ("delete", "DELETE"),
    ("aggregate", "Aggregate"),
    ("full_text", "Full-text Search"),
];

pub(super) fn database(source: &Source<'_>) -> String {
    let mut text = "\n## Database Performance\n".to_owned();
    let greatest = source.closed().into_iter().max_by_key(|(users, _)| *users);
    let server = greatest.and_then(|(_, level)| level.server.as_ref());
    let rows: Vec<Vec<String>> = KINDS
        .iter()
        .map(|(kind, name)| {
            let measured = server.and_then(|server| server.queries.get(*kind));
            let held = source.levels.query_types.iter().find(|of| of.name == *name);
            let at = |figure: fn(&crate::run_file::QueryKind) -> f64| measured.map(figure);
            let (p95, p99) = (at(|of| of.p95_ms), at(|of| of.p99_ms));
            let status = held.map_or("-".to_owned(), |held| Status::of_queries(p95, p99, held.p95_ms).to_string());
            let seed = held.map_or("-".to_owned(), |held| number(held.seed_ms.p95));
            let number = |value: Option<f64>| value.map_or(MISSING.to_owned(), super::number);
            vec![
                (*name).to_owned(),
                number(at(|of| of.p50_ms)),
                number(p95),
                number(p99),
                told(held.map(|held| held.p95_ms), "ms"),
                status,
                seed,
            ]
        })
        .collect();
    let head = ["Query Type", "P50 (ms)", "P95 (ms)", "P99 (ms)", "Target P95", "Status", "Seed P95"];
    text.push_str(&grid("### Query Performance", &head, &rows));
    if let Some((users, _)) = greatest {
        let _ = writeln!(
            text,
            "\nWith {users} users. Within the buckets of the server's histogram, values are taken for spread evenly. A kind is MARGINAL when its P95 is at \
             least 0.8 times the target and its P99 at least 1.3 times."
        );
    }
    let loads = source.closed();
    let users: Vec<String> = loads.iter().map(|(users, _)| format!("{users} Users")).collect();
    let row = |what: &str, seed: &slo::Series, figure: &dyn Fn(&ServerFigures) -> String| {
        let figures = loads.iter().map(|(_, level)| level.server.as_ref().map_or(MISSING.to_owned(), figure));
        let seed = seed.seed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        [vec![what.to_owned()], figures.collect(), vec![seed]].concat()
    };
    let range = |spread: Option<[f64; 3]>| {
        spread.map_or(MISSING.to_owned(), |[least, _, most]| {
            if least.total_cmp(&most).is_eq() { number(least) } else { format!("{}-{}", number(least), number(most)) }
        })
    };
    let pool = &source.levels.pool;
    let rows = [
        row("Active Connections", &pool.active, &|server| range(server.pool_active)),
        row("Idle Connections", &pool.idle, &|server| range(server.pool_idle)),
        row("Wait Time, P95", &pool.wait_ms, &|server| shown(server.pool_wait_ms.map(|(_, p95)| p95), "ms")),
        row("Mean Utilization", &pool.utilisation_percent, &|server| {
            shown(server.pool_active.zip(server.pool_most).map(|([_, mean, _], most)| 100.0 * mean / most), "%")
        }),
    ];
    let mut head = vec!["Metric"];
    head.extend(users.iter().map(String::as_str));
    head.push("Seed (50, 100, 200, 500 users)");
    text.push_str(&grid("### Connection Pool", &head, &rows));
    let rows: Vec<Vec<String>> = loads
        .iter()
        .map(|(users, level)| {
            let server = level.server.as_ref();
            let slow = server.map(|server| 60.0 * server.slow_queries.values().sum::<f64>() / server.seconds);
            let most = server.and_then(|server| server.slow_queries.iter().max_by(|(_, a), (_, b)| a.total_cmp(b)));
            vec![format!("{users} users"), shown(slow, ""), most.map_or("-".to_owned(), |(name, _)| name.clone())]
        })
        .collect();
    text.push_str(&grid("### Slow Queries", &["Load", "Slow Queries/min", "Most Common"], &rows));
    let _ = writeln!(text, "\nQueries that take longer than {} ms.", number(source.levels.slow_queries.threshold_ms));
    text
}
