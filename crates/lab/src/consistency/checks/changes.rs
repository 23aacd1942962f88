//! Changes, before and after, and what a change may be.

use super::super::document::Document;
use super::super::number::{Quantity, Unit, shown};
use super::super::table::{Row, Table};
use super::super::{Contradiction, TOLERANCE};

/// Tables with a figure before, one after, and the change.
const COMPARED: [&str; 2] = ["performance comparison", "cost implications"];
/// How far a change may lie from the figures beside it, in percent or points: it is rounded.
const ROUNDING: f64 = 1.0;
/// Percentages of a whole, of which the difference is in points.
const OF_A_WHOLE: [&str; 4] = ["hit rate", "utilization", "utilisation", "availability"];

/// A row of such a table.
struct Change<'a> {
    table: &'a Table,
    row: &'a Row,
    before: Quantity,
    after: Quantity,
    /// The text of the change.
    text: &'a str,
    /// The number in it, without its sign.
    stated: Quantity,
}

impl Change<'_> {
    /// How much it changes, in percent of the figure before.
    fn percent(&self) -> f64 {
        100.0 * (self.after.middle() / self.before.middle() - 1.0).abs()
    }

    /// How much it may change, in percent, by what rounding hides.
    fn percents(&self) -> (f64, f64) {
        let half = |quantity: Quantity| quantity.step / 2.0;
        let (before, after) = (self.before.middle(), self.after.middle());
        let corners = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)].map(|(one, other)| {
            let before = (before + one * half(self.before)).max(f64::MIN_POSITIVE);
            100.0 * ((after + other * half(self.after)) / before - 1.0).abs()
        });
        (
            corners.into_iter().fold(f64::INFINITY, f64::min) - ROUNDING,
            corners.into_iter().fold(0.0, f64::max) + ROUNDING,
        )
    }

    fn points(&self) -> f64 {
        (self.after.middle() - self.before.middle()).abs()
    }

    fn is_of_percentages(&self) -> bool {
        self.before.unit == Unit::Percent && self.after.unit == Unit::Percent
    }

    fn is_of_rates(&self) -> bool {
        self.before.unit == Unit::PerSecond && self.after.unit == Unit::PerSecond
    }

    fn is_per_request(&self) -> bool {
        self.is_of_rates() && self.text.to_lowercase().contains("per request")
    }

    fn states_points(&self) -> bool {
        (self.stated.middle() - self.points()).abs() <= ROUNDING
    }

    fn states_percent(&self) -> bool {
        let (least, most) = self.percents();
        (least..=most).contains(&self.stated.middle())
    }

    fn contradiction(&self, title: String, detail: String) -> Contradiction {
        Contradiction { place: self.table.place(self.row), title, detail }
    }
}

fn changes(document: &Document) -> Vec<Change<'_>> {
    let mut found = Vec::new();
    for table in COMPARED.into_iter().flat_map(|heading| document.tables(heading)) {
        let named = ["improvement", "savings", "change"].into_iter().find_map(|name| table.column(name));
        let (Some(before), Some(after), Some(change)) = (table.column("before"), table.column("after"), named) else {
            continue;
        };
        found.extend(table.rows.iter().filter_map(|row| {
            let text = row.text(change)?;
            let is_change = |quantity: &Quantity| [Unit::Percent, Unit::PercentagePoints].contains(&quantity.unit);
            let stated = Quantity::all(text).into_iter().find(is_change)?;
            let stated = Quantity { least: stated.least.abs(), most: stated.most.abs(), ..stated };
            let (before, after) = (table.quantity(row, before)?, table.quantity(row, after)?);
            (before.middle() > 0.0).then_some(Change { table, row, before, after, text, stated })
        }));
    }
    found
}

/// A change is that of the two figures; and a threshold is the baseline with its budget.
pub(super) fn arithmetic(document: &Document) -> Vec<Contradiction> {
    let mut found: Vec<Contradiction> = changes(document).iter().filter_map(wrong_change).collect();
    found.extend(document.tables("performance budget").flat_map(wrong_thresholds));
    found
}

fn wrong_change(change: &Change) -> Option<Contradiction> {
    let is_consistent = match change.stated.unit {
        Unit::PercentagePoints => change.states_points(),
        // That is another check's.
        _ if change.is_per_request() => true,
        _ if change.text.contains("faster") => {
            // Some mean the speed.
            let speed = 100.0 * (change.before.middle() / change.after.middle() - 1.0);
            change.states_percent() || (change.stated.middle() - speed).abs() <= ROUNDING
        }
        _ => change.states_percent() || (change.is_of_percentages() && change.states_points()),
    };
    if is_consistent {
        return None;
    }
    let (before, after) = (shown(change.before.middle()), shown(change.after.middle()));
    let title = format!("\"{}\" from {before} to {after}", change.text);
    let detail = if change.stated.unit == Unit::PercentagePoints {
        format!("consistent would be {} points", shown(change.points()))
    } else {
        format!("consistent would be {} %", shown(change.percent()))
    };
    Some(change.contradiction(title, detail))
}

fn wrong_thresholds(table: &Table) -> Vec<Contradiction> {
    let columns = (table.column("baseline"), table.column("budget"), table.column("alert threshold"));
    let (Some(baseline), Some(budget), Some(threshold)) = columns else { return Vec::new() };
    let of_row = |row| {
        let (base, budget) = (table.quantity(row, baseline)?.middle(), table.quantity(row, budget)?);
        let stated = table.quantity(row, threshold)?;
        let allowed = if budget.unit == Unit::PercentagePoints {
            base + budget.middle()
        } else {
            base * (1.0 + budget.middle() / 100.0)
        };
        if (stated.middle() - allowed).abs() <= TOLERANCE * allowed.abs() + stated.step / 2.0 {
            return None;
        }
        let title = format!("an alert at {}, where the budget ends at {}", shown(stated.middle()), shown(allowed));
        let detail = format!("consistent would be {}", shown(allowed));
        Some(Contradiction { place: table.place(row), title, detail })
    };
    table.rows.iter().filter_map(of_row).collect()
}

/// A percentage of a percentage looks like a difference in points, and is not one.
pub(super) fn percent_of_percent(document: &Document) -> Vec<Contradiction> {
    let ambiguous = |change: &&Change| {
        let label = change.row.label.text.to_lowercase();
        change.stated.unit == Unit::Percent
            && change.is_of_percentages()
            && OF_A_WHOLE.iter().any(|name| label.contains(name))
            && change.states_percent()
            && !change.states_points()
            && !change.text.to_lowercase().contains("relative")
    };
    changes(document)
        .iter()
        .filter(ambiguous)
        .map(|change| {
            let (before, after) = (shown(change.before.middle()), shown(change.after.middle()));
            let title =
                format!("\"{}\" from {before} % to {after} % is {} points", change.text, shown(change.points()));
            change.contradiction(title, format!("consistent would be \"{} points\"", shown(change.points())))
        })
        .collect()
}

/// Where the throughput changes too, a rate says nothing about what a request costs.
pub(super) fn per_request(document: &Document) -> Vec<Contradiction> {
    changes(document).iter().filter(|change| change.is_of_rates()).filter_map(hidden_by_throughput).collect()
}

fn hidden_by_throughput(change: &Change) -> Option<Contradiction> {
    let throughput =
        |column| change.table.figure("throughput", column).map(Quantity::middle).filter(|rate| *rate > 0.0);
    let (slow, fast) = (throughput("before")?, throughput("after")?);
    let (before, after) = (change.before.middle() / slow, change.after.middle() / fast);
    let percent = 100.0 * (after / before - 1.0);
    if change.row.label.is("throughput") || (percent.abs() - change.stated.middle()).abs() <= 100.0 * TOLERANCE {
        return None;
    }
    let title = format!(
        "\"{}\", but the throughput changed from {} to {} req/s as well",
        change.text,
        shown(slow),
        shown(fast)
    );
    let detail = format!("consistent would be {before:.2} and {after:.2}, a change of {percent:.0} % \"per request\"");
    Some(change.contradiction(title, detail))
}
