//! Targets that contradict other targets, or that nothing was measured against.

use super::super::Contradiction;
use super::super::document::{Document, Section};
use super::super::label::{Label, has_word};
use super::super::number::{Quantity, shown};
use super::super::runs::{Run, runs};
use super::super::table::{Row, Table};
use super::super::verdict::Bound;

/// The targets for every response.
const DEFINITIONS: &str = "slo definitions";
/// The targets for production.
const PRODUCTION: &str = "production slos";
/// The percentiles that both have.
const PERCENTILES: [&str; 4] = ["p50", "p95", "p99", "p99.9"];
/// The row of error rates.
const ERRORS: &str = "error rate";

/// Whether a section says which targets its verdicts use, or why there is none.
pub(super) fn speaks_of_verdicts(section: &Section) -> bool {
    section.lines.iter().any(|line| has_word(&line.text, "verdict") || has_word(&line.text, "verdicts"))
}

/// The target of a percentile, with its row. The label is the percentile alone, or of the response time.
fn target<'a>(table: &'a Table, percentile: &str) -> Option<(&'a Row, Quantity)> {
    let of = |name: &str| table.row(&format!("{percentile}{name}"));
    let row = ["", " response", " response time"].into_iter().find_map(of)?;
    Some((row, table.quantity(row, table.column("target")?)?))
}

/// Two tables set different targets for the same percentile, and neither says which of them counts.
pub(super) fn two_sets(document: &Document) -> Vec<Contradiction> {
    if [DEFINITIONS, PRODUCTION].into_iter().flat_map(|name| document.below(name)).any(speaks_of_verdicts) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (one, other) in
        document.tables(DEFINITIONS).flat_map(|one| document.tables(PRODUCTION).map(move |other| (one, other)))
    {
        let differing: Vec<(&str, &Row, Quantity, Quantity)> = PERCENTILES
            .into_iter()
            .filter_map(|name| {
                let ((_, first), (row, second)) = (target(one, name)?, target(other, name)?);
                (first.least.total_cmp(&second.least).is_ne()).then_some((name, row, first, second))
            })
            .collect();
        let Some((_, row, ..)) = differing.first() else { continue };
        let pairs: Vec<String> = differing
            .iter()
            .map(|(name, _, first, second)| {
                format!("{} {} and {}", name.to_uppercase(), shown(first.least), shown(second.least))
            })
            .collect();
        let title = format!("two sets of targets, in ms: {}", pairs.join(", "));
        let detail = "consistent would be one set, or a line below the heading that says which of them a verdict uses"
            .to_owned();
        found.push(Contradiction { place: other.place(row), title, detail });
    }
    found
}

/// A percentile has a target, and no table names it elsewhere, though other percentiles were measured.
pub(super) fn never_measured(document: &Document) -> Vec<Contradiction> {
    let elsewhere = || {
        document.sections.iter().filter(|section| !section.is_below(DEFINITIONS)).flat_map(|section| &section.tables)
    };
    let is_named = |name: &str| {
        let begins = |label: &Label| label.bare.split(' ').next() == Some(name);
        elsewhere().any(|table| table.headers.iter().any(begins) || table.rows.iter().any(|row| begins(&row.label)))
    };
    let is_measured = |table: &Table, row: &Row| table.measurement().and_then(|column| row.text(column)).is_some();
    let measured: Vec<&str> = PERCENTILES.into_iter().filter(|name| is_named(name)).collect();
    if measured.is_empty() {
        return Vec::new();
    }
    let missing = |name: &&str| !measured.contains(name);
    document
        .tables(DEFINITIONS)
        .flat_map(|table| PERCENTILES.into_iter().filter(missing).map(move |name| (table, name)))
        .filter_map(|(table, name)| {
            let (row, limit) = target(table, name)?;
            if is_measured(table, row) {
                return None;
            }
            let title =
                format!("a target of {} ms for {}, which no table measures", shown(limit.least), name.to_uppercase());
            let detail =
                "consistent would be a measurement beside the other percentiles, or the words \"not measured\""
                    .to_owned();
            Some(Contradiction { place: table.place(row), title, detail })
        })
        .collect()
}

/// A load test passes with more errors than production may have.
pub(super) fn looser_errors(document: &Document) -> Vec<Contradiction> {
    let of_production = |column: &str| document.tables(PRODUCTION).find_map(|table| table.figure(ERRORS, column));
    let Some(level) = of_production("target") else { return Vec::new() };
    let critical = of_production("critical");
    if document.below("test methodology").any(speaks_of_verdicts) {
        return Vec::new();
    }
    let of_run = |run: &Run| {
        let target = run.target(ERRORS).filter(|target: &Bound| target.is_upper() && target.limit > level.most)?;
        if speaks_of_verdicts(run.section) {
            return None;
        }
        let beyond = critical.filter(|critical| target.limit > critical.most);
        let beyond =
            beyond.map_or(String::new(), |critical| format!(", and critical above {} %", shown(critical.most)));
        let title = format!(
            "{} % of errors pass at {} users, where the service level is {} %{beyond}",
            shown(target.limit),
            run.users,
            shown(level.most)
        );
        let detail = format!(
            "consistent would be at most {} %, or a line below the heading that says which targets the verdicts use",
            shown(level.most)
        );
        run.contradiction(ERRORS, title, detail)
    };
    runs(document).iter().filter_map(of_run).collect()
}
