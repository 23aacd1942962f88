//! What pods request, use, and find on the nodes.

use super::super::document::Document;
use super::super::label::has_word;
use super::super::number::{Quantity, Unit, shown};
use super::super::scaling::{HPA_TOLERANCE, Scaling, deployments};
use super::super::table::{Row, Table};
use super::super::{Contradiction, TOLERANCE};

/// The vertical autoscaler adds this to what it saw. Source: Kubernetes autoscaler, VPA recommender,
/// `--recommendation-margin-fraction` 0.15 and `--target-cpu-percentile` 0.9.
const VPA_MARGIN: f64 = 1.15;
/// The percentile of the usage that it takes.
const VPA_PERCENTILE: f64 = 0.9;
/// It recommends no less than 25 millicores.
const VPA_LEAST_CORES: f64 = 0.025;
/// It recommends no less than 250 MiB.
const VPA_LEAST_BYTES: f64 = 250.0 * 1_048_576.0;
/// Its histogram's buckets grow by so much, and the upper end of one is recommended.
const VPA_BUCKET: f64 = 0.05;
/// The tables of its recommendations, before and after a change.
pub(super) const RECOMMENDED: [&str; 2] = ["before optimization", "after tuning"];

/// Without load, every deployment that the notes name has as many pods as it may have.
pub(super) fn idle_pods(document: &Document) -> Vec<Contradiction> {
    let deployments = deployments(document);
    let of_table = |table: &Table| {
        let row = table.row("pod count")?;
        let pods = table.quantity(row, table.measurement()?)?;
        let notes = row.text(table.column("notes")?)?;
        let named: Vec<_> = deployments.iter().filter(|deployment| deployment.is_named_in(notes)).collect();
        let (least, most): (f64, f64) = (
            named.iter().map(|deployment| deployment.replicas.least).sum(),
            named.iter().map(|deployment| deployment.replicas.most).sum(),
        );
        if named.is_empty() || (pods.most >= least && pods.least <= most) {
            return None;
        }
        let minimums: Vec<String> = named
            .iter()
            .map(|deployment| format!("{} of {}", shown(deployment.replicas.least), deployment.name))
            .collect();
        let title = format!("{} pods for \"{notes}\", where at least {} run", shown(pods.most), minimums.join(" and "));
        let detail = format!("consistent would be {} to {} pods", shown(least), shown(most));
        Some(Contradiction { place: table.place(row), title, detail })
    };
    document.tables("no load conditions").filter_map(of_table).collect()
}

/// The requests of as many replicas as there may be fit on the nodes.
pub(super) fn nodes(document: &Document) -> Vec<Contradiction> {
    let replicas: f64 = deployments(document).iter().map(|deployment| deployment.replicas.most).sum();
    let replicas = if replicas > 0.0 { replicas } else { Scaling::of(document).max.unwrap_or(0.0) };
    let lines = || document.lines("infrastructure");
    let is_of_one = |text: &str| text.to_lowercase().contains("per node");
    let is_of_all = |text: &str| (has_word(text, "node") || has_word(text, "nodes")) && !is_of_one(text);
    let mut counted = lines().filter(|line| is_of_all(&line.text));
    let Some(nodes) = counted.find_map(|line| Quantity::of(&line.text)).map(|nodes| nodes.most) else {
        return Vec::new();
    };
    let of_resource = |(name, unit): (&str, Unit)| {
        let each = lines().filter(|line| is_of_one(&line.text)).find_map(|line| Quantity::find(&line.text, unit))?.most;
        let (place, requested) = document
            .tables(RECOMMENDED[1])
            .find_map(|table| Some((table.place(table.row(name)?), table.figure(name, "requested")?)))?;
        let (all, available) = (replicas * requested.least, nodes * each);
        if requested.unit != unit || all <= available {
            return None;
        }
        let title = format!(
            "{} replicas request {}, but {} nodes have {}",
            shown(replicas),
            amount(all, unit),
            shown(nodes),
            amount(available, unit)
        );
        let detail = format!(
            "consistent would be at most {} each, or {} nodes, or {} replicas",
            amount(available / replicas, unit),
            shown((all / each).ceil()),
            shown((available / requested.least).floor())
        );
        Some(Contradiction { place, title, detail })
    };
    [("cpu", Unit::Cores), ("memory", Unit::Bytes)].into_iter().filter_map(of_resource).collect()
}

/// Utilisation is of the request: pods that use more than the target of it make the horizontal autoscaler add pods.
pub(super) fn usage(document: &Document) -> Vec<Contradiction> {
    let scaling = Scaling::of(document);
    each_recommendation(document, |table, row, name| {
        let target =
            if name == "cpu" { scaling.cpu } else { scaling.memory }.filter(|target| target.least > 0.0)?.least;
        let requested = table.quantity(row, table.column("requested")?).filter(|requested| requested.least > 0.0)?;
        let used = table.quantity(row, table.column("actual usage")?).filter(|used| used.unit == requested.unit)?;
        let percent = |used: f64| 100.0 * used / requested.least;
        if percent(used.least) <= (1.0 + HPA_TOLERANCE) * target {
            return None;
        }
        let title = format!(
            "{} to {} % of the request in use, {} to {} times the autoscaler's target of {} %",
            shown(percent(used.least)),
            shown(percent(used.most)),
            shown(percent(used.least) / target),
            shown(percent(used.most) / target),
            shown(target)
        );
        let detail =
            format!("consistent would be a request of at least {}", amount(100.0 * used.least / target, used.unit));
        Some(Contradiction { place: table.place(row), title, detail })
    })
}

/// A recommendation follows from the usage: a range is taken to be used evenly.
pub(super) fn vpa_margin(document: &Document) -> Vec<Contradiction> {
    each_recommendation(document, |table, row, _| {
        let recommended = table.quantity(row, table.column("recommended")?)?;
        let used = table.quantity(row, table.column("actual usage")?).filter(|used| used.unit == recommended.unit)?;
        let least = if used.unit == Unit::Cores { VPA_LEAST_CORES } else { VPA_LEAST_BYTES };
        let expected = |usage: f64| (VPA_MARGIN * usage).max(least);
        let typical = expected(used.least + VPA_PERCENTILE * (used.most - used.least));
        if recommended.most >= (1.0 - TOLERANCE) * typical
            && recommended.least <= (1.0 + TOLERANCE + VPA_BUCKET) * typical
        {
            return None;
        }
        let shown = |value: f64| amount(value, used.unit);
        let title = format!(
            "{} recommended for {} to {}, where {VPA_MARGIN} x usage is {} to {}",
            shown(recommended.middle()),
            shown(used.least),
            shown(used.most),
            shown(expected(used.least)),
            shown(expected(used.most))
        );
        let detail = format!("consistent would be {}, from the 90th percentile of the range", shown(typical));
        Some(Contradiction { place: table.place(row), title, detail })
    })
}

fn each_recommendation<'a>(
    document: &'a Document,
    contradiction: impl Fn(&'a Table, &'a Row, &'static str) -> Option<Contradiction>,
) -> Vec<Contradiction> {
    let tables = RECOMMENDED.into_iter().flat_map(|heading| document.tables(heading));
    let rows = tables.flat_map(|table| ["cpu", "memory"].map(|name| (table, name)));
    rows.filter_map(|(table, name)| contradiction(table, table.row(name)?, name)).collect()
}

fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Cores => format!("{}m", shown(1_000.0 * value)),
        Unit::Bytes => format!("{}Mi", shown(value / 1_048_576.0)),
        _ => shown(value),
    }
}
