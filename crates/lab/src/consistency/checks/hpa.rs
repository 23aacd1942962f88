//! The horizontal autoscaler: how many pods it wants, and when it acts. Source: Kubernetes, "Horizontal Pod
//! Autoscaling", algorithm details: ceil(replicas x current / target), the largest of all metrics, and nothing within
//! the tolerance.

use super::super::Contradiction;
use super::super::document::Document;
use super::super::label::has_word;
use super::super::number::{Quantity, Unit, is_absent, shown};
use super::super::runs::{Run, runs};
use super::super::scaling::{HPA_TOLERANCE, Scaling};
use super::super::table::{Row, Table};

/// The row of a run.
const PODS: &str = "pod count";
/// The row of the metric that is not of the machine.
const CUSTOM: &str = "custom metric";

/// The custom metric is said to scale, but wants fewer pods than run, at every load that has more than the minimum.
pub(super) fn custom_metric(document: &Document) -> Vec<Contradiction> {
    let scaling = Scaling::of(document);
    let Some(target) = scaling.rate.filter(|target| target.least > 0.0) else { return Vec::new() };
    let wanted: Vec<(Quantity, f64)> = runs(document)
        .iter()
        .filter_map(|run| Some((run.measured(PODS)?, (run.measured("throughput")?.most / target.least).ceil())))
        .collect();
    let mut scaled = wanted.iter().filter(|(pods, _)| pods.most > scaling.min.unwrap_or(1.0)).peekable();
    if scaled.peek().is_none() || scaled.any(|(pods, wanted)| *wanted >= pods.least) {
        return Vec::new();
    }
    let joined = |texts: Vec<String>| texts.join("/");
    let of_table = |table: &Table| {
        let row = table.row(CUSTOM)?;
        let claim = row.text(table.column("observed behavior")?)?;
        if !claims_to_scale(claim) {
            return None;
        }
        let title = format!(
            "\"{claim}\", but {} req/s a pod want {} pods where {} run",
            shown(target.least),
            joined(wanted.iter().map(|(_, wanted)| shown(*wanted)).collect()),
            joined(wanted.iter().map(|(pods, _)| range(*pods)).collect()),
        );
        let detail = "consistent would be that it never decides, or a lower target, or fewer pods".to_owned();
        Some(Contradiction { place: table.place(row), title, detail })
    };
    document.tables("hpa metrics").filter_map(of_table).collect()
}

fn claims_to_scale(text: &str) -> bool {
    let denies = ["rarely", "never", "not", "seldom", "no", "without"].into_iter().any(|word| has_word(text, word));
    !is_absent(text) && !denies
}

/// At rest, no metric wants more pods than run, unless there are as many as may be.
pub(super) fn pods(document: &Document) -> Vec<Contradiction> {
    let scaling = Scaling::of(document);
    let of_run = |run: &Run| {
        let pods = run.measured(PODS)?.most;
        if pods <= 0.0 || scaling.max.is_some_and(|max| pods >= max) {
            return None;
        }
        let average = |heading, column| {
            document
                .by_row(heading, column)
                .into_iter()
                .find(|load| load.users == run.users)
                .map(|load| load.quantity.least)
        };
        let metrics = [
            ("CPU", average("cpu utilization", "avg cpu"), scaling.cpu),
            ("memory", average("memory utilization", "avg memory"), scaling.memory),
            ("requests", run.measured("throughput").map(|rate| rate.least / pods), scaling.rate),
        ];
        let ratios = metrics.into_iter().filter_map(|(name, current, target)| {
            let target = target.filter(|target| target.most > 0.0)?.most;
            Some((name, current?, target)).filter(|(_, current, target)| current / target > 1.0 + HPA_TOLERANCE)
        });
        let (name, current, target) = ratios.max_by(|one, other| (one.1 / one.2).total_cmp(&(other.1 / other.2)))?;
        let wanted = (pods * current / target).ceil().min(scaling.max.unwrap_or(f64::INFINITY));
        let title = format!(
            "{} pods at rest, but {name} at {} against {} want {}",
            shown(pods),
            shown(current),
            shown(target),
            shown(wanted)
        );
        run.contradiction(PODS, title, format!("consistent would be {} pods", shown(wanted)))
    };
    runs(document).iter().filter_map(of_run).collect()
}

/// Events of the timeline happen outside of the tolerance.
pub(super) fn tolerance(document: &Document) -> Vec<Contradiction> {
    let scaling = Scaling::of(document);
    let averages: Vec<String> =
        document.by_row("cpu utilization", "avg cpu").iter().map(|load| shown(load.quantity.middle())).collect();
    let averages =
        if averages.is_empty() { String::new() } else { format!("; on average CPU is at {} %", averages.join("/")) };
    let of_table = |table: &Table| -> Vec<Contradiction> {
        let (Some(event), Some(reason)) = (table.column("event"), table.column("reason")) else { return Vec::new() };
        let of_row = |row: &Row| {
            let (event, reason) = (row.text(event)?.to_lowercase(), row.text(reason)?);
            let target = if has_word(reason, "cpu") {
                scaling.cpu
            } else {
                scaling.memory.filter(|_| has_word(reason, "memory"))
            }?;
            let seen = Quantity::find(reason, Unit::Percent)?;
            let half = seen.step / 2.0;
            let (above, below) = ((1.0 + HPA_TOLERANCE) * target.least, (1.0 - HPA_TOLERANCE) * target.least);
            let (acts, limit) = if event.contains("scale up") && seen.most < above - half {
                ("above", above)
            } else if event.contains("scale down") && seen.least > below + half {
                ("below", below)
            } else {
                return None;
            };
            let title = format!("{event} for \"{reason}\", but the autoscaler acts only {acts} {} %", shown(limit));
            let detail = format!(
                "consistent would be a reason {acts} {} %: {} % with a tolerance of {HPA_TOLERANCE}{averages}",
                shown(limit),
                shown(target.least)
            );
            Some(Contradiction { place: table.place(row), title, detail })
        };
        table.rows.iter().filter_map(of_row).collect()
    };
    document.tables("scaling events timeline").flat_map(of_table).collect()
}

fn range(pods: Quantity) -> String {
    if pods.least < pods.most { format!("{}-{}", shown(pods.least), shown(pods.most)) } else { shown(pods.least) }
}
