//! Availability and error rates.

use super::super::document::Document;
use super::super::number::{Quantity, shown};
use super::super::runs::runs;
use super::super::{Contradiction, TOLERANCE};

/// The available share is at most what did not fail: in the same table, or else in the best of the load tests.
pub(super) fn check(document: &Document) -> Vec<Contradiction> {
    let in_runs: Vec<(u32, Quantity)> =
        runs(document).iter().filter_map(|run| Some((run.users, run.measured("error rate")?))).collect();
    let best = in_runs.iter().map(|(_, errors)| *errors).min_by(|one, other| one.least.total_cmp(&other.least));
    let implied: Vec<String> = in_runs
        .iter()
        .map(|(users, errors)| format!("{} % at {users} users", percent(100.0 - errors.middle())))
        .collect();
    let implied =
        if implied.is_empty() { String::new() } else { format!("; the load tests have {}", implied.join(", ")) };
    let tables = document.sections.iter().flat_map(|section| &section.tables);
    tables
        .filter_map(|table| {
            let row = table.row("availability")?;
            let column = table.measurement()?;
            let available = table.quantity(row, column)?;
            let errors = table.row("error rate").and_then(|row| table.quantity(row, column)).or(best)?;
            let failed = ((1.0 - TOLERANCE) * errors.least - errors.step / 2.0).max(0.0);
            if available.least <= 100.0 - failed {
                return None;
            }
            let at_most = percent(100.0 - errors.least);
            let title = format!(
                "{} % available, though {} % of the requests fail",
                percent(available.least),
                shown(errors.least)
            );
            let detail = format!("consistent would be at most {at_most} %{implied}");
            Some(Contradiction { place: table.place(row), title, detail })
        })
        .collect()
}

/// With two decimals, which is what availability is told by.
fn percent(value: f64) -> String {
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}
