//! The benchmark document: the seed's structure, with what was measured in the place of what was claimed.
//!
//! Every figure comes from the run; what was not measured says so. A row or a column with the word "seed" is what the seed's document
//! claims, and is never judged. `voiceassist lab lint` reads what this writes.

mod loads;
mod resources;
mod setting;

use std::fmt::Write as _;

use slo::Status;

use super::{Row, Source, changes, gate, number};
use crate::run_file::{Level, Model, Run};

/// In the place of a figure that there is none of.
const MISSING: &str = "not measured";

/// The document of a run.
#[must_use]
pub fn document(source: &Source<'_>) -> String {
    [
        head(source),
        setting::environment(source),
        setting::baseline(source),
        loads::closed(source),
        loads::open(source),
        loads::targets(source),
        loads::throughput(source),
        resources::utilisation(source),
        resources::dependencies(source),
        resources::caches(source),
        resources::database(source),
        loads::objectives(source),
        loads::edges(source),
        before_and_after(source),
        foot(source),
    ]
    .concat()
}

impl<'a> Source<'a> {
    /// The loads with people who think, by how many there were.
    fn closed(&self) -> Vec<(usize, &'a Level)> {
        let of = |level: &'a Level| match level.model {
            Model::Closed { users } => Some((users, level)),
            Model::Open { .. } => None,
        };
        self.run.levels.iter().filter_map(of).collect()
    }

    /// The loads with requests at moments of their own, by how many there were in a second.
    fn open(&self) -> Vec<(f64, &'a Level)> {
        let of = |level: &'a Level| match level.model {
            Model::Open { requests_per_second } => Some((requests_per_second, level)),
            Model::Closed { .. } => None,
        };
        self.run.levels.iter().filter_map(of).collect()
    }
}

fn head(source: &Source<'_>) -> String {
    let Run { began, environment, time_scale, .. } = source.run;
    let (_, judged) = gate(source.run, source.levels);
    let count =
        |wanted: &[Status]| judged.iter().filter(|(_, row)| row.status.is_some_and(|is| wanted.contains(&is))).count();
    let mut text = "# VoiceAssist Performance Benchmarks\n\n".to_owned();
    let _ = write!(
        text,
        "Written by `voiceassist lab report` from [a run]({}): do not edit; [the same with charts]({}). Measured at {began}, on {} \
         ({} cores, Linux {}), version {}{}, by the commands [at the end](#commands). The generator {} the server's machine. Ramps and steady phases are {} times shorter than the workload has \
         them.\n\n## Overview\n\n{} targets are kept, {} with nothing to spare, and {} are broken:\n\n",
        source.file,
        source.page,
        environment.processor,
        environment.cores,
        environment.kernel,
        environment.version,
        environment.commit.as_ref().map_or(String::new(), |commit| format!(", commit {commit}")),
        if environment.shares_machine { "shares" } else { "does not share" },
        number(*time_scale),
        count(&[Status::Pass]),
        count(&[Status::Marginal]),
        count(&[Status::Fail]),
    );
    for (of, row) in judged.iter().filter(|(_, row)| row.status == Some(Status::Fail)) {
        let _ = writeln!(text, "- {of}: {} {}", row.what, measured(row));
    }
    for why in source.run.invalid() {
        let _ = writeln!(text, "- Nothing can be concluded from this run: {why}");
    }
    text
}

fn measured(row: &Row) -> String {
    let measured = row.measured.map_or(MISSING.to_owned(), |value| format!("is {}{}", number(value), row.unit));
    row.target.map_or(measured.clone(), |target| format!("{measured}, and should be {target}{}", row.unit))
}

fn before_and_after(source: &Source<'_>) -> String {
    let mut text = "\n## Before vs After Optimization\n".to_owned();
    let Some((before, file)) = source.before else {
        text.push_str("\nNot measured: `voiceassist lab report --before` writes such a table from another run.\n");
        return text;
    };
    let commit = |run: &Run| run.environment.commit.clone().unwrap_or_else(|| "an unknown commit".to_owned());
    let _ = writeln!(text, "\n[A run before]({file}), of {}, and this one, of {}.", commit(before), commit(source.run));
    for (load, comparison) in changes(before, source.run) {
        let _ = writeln!(text, "\n### {load}\n\n{}", comparison.to_string().trim_end());
    }
    text
}

fn foot(source: &Source<'_>) -> String {
    format!(
        "\n## Autoscaling Behavior\n\nNot measured: this run has one process.\n\n## Continuous Monitoring\n\nAlerts, dashboards and \
         error budgets come from the same targets as this document: [OPERATIONS.md](OPERATIONS.md). How to measure: \
         [LOAD_TESTING_GUIDE.md](LOAD_TESTING_GUIDE.md).\n\n## Commands\n\n```\n{}\n```\n",
        source.run.commands.join("\n")
    )
}

/// A heading and a table below it.
fn grid(heading: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("\n{heading}\n\n{}|{}\n", line(head.to_vec()), "---|".repeat(head.len()));
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

/// A figure with its unit, or that there is none.
fn shown(value: Option<f64>, unit: &str) -> String {
    value.map_or(MISSING.to_owned(), |value| format!("{}{unit}", number(value)))
}

/// Something that `slo.toml` has, or a dash.
fn told(value: Option<impl std::fmt::Display>, unit: &str) -> String {
    value.map_or("-".to_owned(), |value| format!("{value}{unit}"))
}

/// A row as this document has it.
fn cells(row: &Row) -> Vec<String> {
    super::cells(row).into()
}

const HEAD: [&str; 5] = ["Metric", "Seed", "Target", "Measured", "Status"];
