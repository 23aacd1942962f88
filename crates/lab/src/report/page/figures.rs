//! Which charts a run has, from which of its figures.

use slo::Levels;

use super::bars::Bars;
use super::chart::{Axis, Chart, Line, Scale};
use crate::observe::Moment;
use crate::run_file::{Distribution, Level, Model, Run};

/// Stretches of time of which one point is drawn.
const STRETCHES: usize = 60;
const SHARES: [f64; 13] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999];
const PHASES: [&str; 5] = ["cache", "embed", "retrieve", "answer", "store"];
const TIERS: [(&str, &str); 3] = [("l1", "L1"), ("l2", "L2"), ("rag", "RAG")];

const fn linear(label: &'static str) -> Axis {
    Axis { label, scale: Scale::Linear }
}

const MS: Axis = Axis { label: "ms", scale: Scale::Log };

/// The charts of all loads together.
pub(super) fn together(run: &Run, levels: &Levels) -> Vec<Chart> {
    let curves = |title: &str, wanted: fn(&Level) -> bool| {
        let lines = run.levels.iter().filter(|level| wanted(level));
        Chart {
            title: title.to_owned(),
            from: "levels[].tasks[].due".to_owned(),
            x: Axis { label: "of all requests", scale: Scale::Nines },
            y: MS,
            lines: lines.map(|level| Line::new(&level.name, curve(&level.due(|_| true)))).collect(),
            bounds: Vec::new(),
        }
    };
    let closed: Vec<(f64, &Level)> = run
        .levels
        .iter()
        .filter_map(|level| match level.model {
            Model::Closed { users } => Some((users as f64, level)),
            Model::Open { .. } => None,
        })
        .collect();
    let pause = run.workload.mean_pause_s();
    let seed = levels.load_levels.iter().filter_map(|of| Some((f64::from(of.users), of.throughput_rps.seed?.most())));
    let throughput = Chart {
        title: "Throughput against users".to_owned(),
        from: "levels[].tasks[].due".to_owned(),
        x: linear("users"),
        y: linear("requests a second"),
        lines: vec![
            Line::new("measured", closed.iter().map(|(users, level)| (*users, level.requests_per_second()))),
            // Nobody can ask more often than thinking lets them (Little's law, with answers that take no time).
            Line::new("the most that thinking allows", closed.iter().map(|(users, _)| (*users, users / pause))),
            Line::new("claimed by the seed", seed),
        ],
        bounds: Vec::new(),
    };
    let latency = Chart {
        title: "Response times against users".to_owned(),
        from: "levels[].tasks[].due".to_owned(),
        x: linear("users"),
        y: MS,
        lines: [(0.5, "P50"), (0.95, "P95"), (0.99, "P99")]
            .map(|(share, name)| {
                let at = |(users, level): &(f64, &Level)| Some((*users, level.due(|_| true).quantile_ms(share)?));
                Line::new(name, closed.iter().filter_map(at))
            })
            .into(),
        bounds: Vec::new(),
    };
    let is_closed = |level: &Level| matches!(level.model, Model::Closed { .. });
    let is_open = |level: &Level| matches!(level.model, Model::Open { .. });
    let charts = vec![
        curves("Percentiles, people who wait", is_closed),
        curves("Percentiles, requests at moments of their own", is_open),
        throughput,
        latency,
    ];
    charts.into_iter().filter(|chart| chart.lines.iter().any(|line| line.points.len() > 1)).collect()
}

fn curve(due: &Distribution) -> Vec<(f64, f64)> {
    // A share that less than one request lies beyond says nothing.
    let told = |share: &&f64| (1.0 - **share) * due.count() as f64 >= 1.0;
    SHARES.iter().filter(told).filter_map(|share| Some((*share, due.quantile_ms(*share)?))).collect()
}

/// The tiers of the cache, load by load.
pub(super) fn tiers(run: &Run) -> Bars {
    let mut bars = Vec::new();
    for level in &run.levels {
        let Some(server) = &level.server else { continue };
        for (place, (tier, name)) in TIERS.iter().enumerate() {
            let share = server.tiers.get(*tier).and_then(crate::run_file::Tier::hit_share);
            bars.extend(share.map(|share| (format!("{}, {name}", level.name), 0.0, 100.0 * share, place)));
        }
        let all = server.chained_hit_share;
        bars.extend(all.map(|share| (format!("{}, all", level.name), 0.0, 100.0 * share, TIERS.len())));
    }
    Bars {
        title: "Hits of the lookups that reach a tier".to_owned(),
        from: "levels[].server.tiers".to_owned(),
        unit: " %",
        all: bars,
    }
}

/// The phases of a question one after the other, in the mean.
pub(super) fn waterfall(place: usize, level: &Level) -> Option<Bars> {
    let server = level.server.as_ref()?;
    let mut began = 0.0;
    let mut bars = Vec::new();
    for (colour, phase) in PHASES.iter().enumerate() {
        let Some([count, mean, _]) = server.phases.get(*phase).copied().filter(|[count, ..]| *count > 0.0) else {
            continue;
        };
        bars.push((format!("{phase} ({count:.0} times)"), began, mean, colour));
        began += mean;
    }
    let title = "Phases of a question that passes through all of them, in the mean".to_owned();
    Some(Bars { title, from: format!("levels[{place}].server.phases"), unit: " ms", all: bars })
}

/// The charts of one load.
pub(super) fn of_level(place: usize, level: &Level, cores: usize) -> Vec<Chart> {
    let from = |part: &str| format!("levels[{place}].{part}");
    let step = level.seconds.len().div_ceil(STRETCHES).max(1);
    let stretches: Vec<(f64, Distribution, u64)> = level
        .seconds
        .chunks(step)
        .enumerate()
        .map(|(index, seconds)| {
            let due = seconds.iter().flat_map(|second| second.due_us.iter().map(|(us, count)| (*us, *count)));
            let failed = seconds.iter().map(|second| second.failed).sum();
            ((index * step) as f64, due.collect(), failed)
        })
        .collect();
    let at = |share: f64| stretches.iter().filter_map(move |(at, due, _)| Some((*at, due.quantile_ms(share)?)));
    let a_second = |count: u64| count as f64 / step as f64;
    let over_time = |of: &dyn Fn(&Moment) -> Option<f64>| -> Vec<(f64, f64)> {
        level.moments.iter().filter_map(|moment| Some((moment.at_s, of(moment)?))).collect()
    };
    let charts = vec![
        Chart {
            title: "Response times".to_owned(),
            from: from("seconds[].due_us"),
            x: linear("seconds from the beginning"),
            y: MS,
            lines: vec![Line::new("P50", at(0.5)), Line::new("P95", at(0.95)), Line::new("P99", at(0.99))],
            bounds: Vec::new(),
        },
        Chart {
            title: "Requests".to_owned(),
            from: from("seconds[]"),
            x: linear("seconds from the beginning"),
            y: linear("a second"),
            lines: vec![
                Line::new("answered", stretches.iter().map(|(at, due, _)| (*at, a_second(due.count())))),
                Line::new("failed", stretches.iter().map(|(at, _, failed)| (*at, a_second(*failed)))),
            ],
            bounds: Vec::new(),
        },
        Chart {
            title: format!("Processor time, of {cores} cores"),
            from: from("moments[]"),
            x: linear("seconds from the beginning"),
            y: linear("% of all cores"),
            lines: vec![
                Line::new("server", over_time(&|moment| Some(moment.server?.cpu_percent() / cores as f64))),
                Line::new("generator", over_time(&|moment| Some(moment.generator?.cpu_percent() / cores as f64))),
            ],
            bounds: Vec::new(),
        },
        Chart {
            title: "Memory of the server".to_owned(),
            from: from("moments[].server.memory_bytes"),
            x: linear("seconds from the beginning"),
            y: linear("MB"),
            lines: vec![Line::new("server", over_time(&|moment| Some(moment.server?.memory_bytes / 1e6)))],
            bounds: Vec::new(),
        },
    ];
    charts.into_iter().filter(|chart| chart.lines.iter().any(|line| !line.points.is_empty())).collect()
}
