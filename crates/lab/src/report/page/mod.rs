//! A run as one page with charts that needs nothing else: no script, no network.

mod bars;
mod chart;
mod figures;

use askama::Template;
use slo::Status;

use super::{LevelRows, Row, Source, endpoint_rows, gate, level_rows, number};
use crate::run_file::{Edge, Run};
use chart::Chart;

/// The page of a run.
pub fn page(source: &Source<'_>) -> Result<String, askama::Error> {
    let Source { run, levels, file, .. } = *source;
    let (_, judged) = gate(run, levels);
    let count = |wanted: Status| judged.iter().filter(|(_, row)| row.status == Some(wanted)).count();
    let cores = run.environment.cores;
    let together = figures::together(run, levels).iter().map(Drawing::of).collect();
    let tiers = figures::tiers(run);
    let tiers = Drawing { svg: tiers.svg(), title: tiers.title, from: tiers.from, legend: Vec::new() };
    let loads = run.levels.iter().enumerate().map(|(place, level)| {
        let LevelRows { title, rows } = level_rows(level, levels, cores);
        let mut drawings: Vec<Drawing> = figures::of_level(place, level, cores).iter().map(Drawing::of).collect();
        drawings.extend(figures::waterfall(place, level).map(|bars| Drawing {
            svg: bars.svg(),
            title: bars.title,
            from: bars.from,
            legend: Vec::new(),
        }));
        Load { title, invalid: level.invalid.clone(), rows: rows.iter().map(Cells::of).collect(), drawings }
    });
    let page = Page {
        run,
        file,
        time_scale: number(run.time_scale),
        kept: count(Status::Pass),
        marginal: count(Status::Marginal),
        broken: count(Status::Fail),
        invalid: run.invalid(),
        together,
        tiers,
        baseline: endpoint_rows(run, levels).iter().map(Cells::of).collect(),
        loads: loads.collect(),
        edges: &run.edges,
    };
    page.render()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    run: &'a Run,
    file: &'a str,
    time_scale: String,
    kept: usize,
    marginal: usize,
    broken: usize,
    invalid: Vec<String>,
    together: Vec<Drawing>,
    tiers: Drawing,
    baseline: Vec<Cells>,
    loads: Vec<Load>,
    edges: &'a [Edge],
}

struct Load {
    title: String,
    invalid: Vec<String>,
    rows: Vec<Cells>,
    drawings: Vec<Drawing>,
}

/// A chart, drawn.
struct Drawing {
    title: String,
    svg: String,
    from: String,
    legend: Vec<String>,
}

impl Drawing {
    fn of(chart: &Chart) -> Self {
        Self {
            title: chart.title.clone(),
            svg: chart.svg(),
            from: chart.from.clone(),
            legend: chart.legend().into_iter().map(str::to_owned).collect(),
        }
    }
}

/// A figure as the page shows it.
struct Cells {
    what: String,
    seed: String,
    target: String,
    measured: String,
    status: &'static str,
    word: String,
}

impl Cells {
    fn of(row: &Row) -> Self {
        let [what, seed, target, measured, word] = super::cells(row);
        let status = match row.status {
            Some(Status::Pass) => "kept",
            Some(Status::Marginal) => "marginal",
            Some(Status::Fail) => "broken",
            _ => "",
        };
        Self { what, seed, target, measured, status, word }
    }
}

/// Text as it stands in a drawing.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
