//! What pods take in a day.

use super::super::document::Document;
use super::super::number::{Quantity, Unit, shown};
use super::super::table::Table;
use super::super::{Contradiction, TOLERANCE};
use super::resources::RECOMMENDED;

/// A resource that is paid for by the hour: the row, the row of its requests, and how many base units an hour counts,
/// at the least and at the most, because some take a GB for a GiB.
const RESOURCES: [(&str, &str, Unit, [f64; 2]); 2] = [
    ("cpu hours/day", "cpu", Unit::Cores, [1.0, 1.0]),
    ("memory gb-hours/day", "memory", Unit::Bytes, [1e9, 1_073_741_824.0]),
];

/// Hours of a resource are pods x 24 x what each pod requests. Hours of pods are something else.
pub(super) fn check(document: &Document) -> Vec<Contradiction> {
    document.tables("cost implications").flat_map(|table| of_table(document, table)).collect()
}

fn of_table(document: &Document, table: &Table) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for (name, resource, unit, sizes) in RESOURCES {
        let Some(row) = table.row(name) else { continue };
        let side = |column: &str, heading: &str| {
            let pods = table.figure("avg pod count", column)?.middle();
            let requested = document.tables(heading).find_map(|table| table.figure(resource, "requested"))?;
            let hours = table.quantity(row, table.column(column)?)?;
            (requested.unit == unit)
                .then(|| Side { hours, expected: sizes.map(|size| pods * 24.0 * requested.middle() / size) })
        };
        let (Some(before), Some(after)) = (side("before", RECOMMENDED[0]), side("after", RECOMMENDED[1])) else {
            continue;
        };
        for (column, side) in [("before", &before), ("after", &after)] {
            let Some(place) =
                table.column(column).map(|column| table.place_in(row, column)).filter(|_| !side.is_consistent())
            else {
                continue;
            };
            let title = format!(
                "{} hours, but pods x 24 x the request of each are {}",
                shown(side.hours.middle()),
                shown(side.expected[1])
            );
            let change = 100.0 * (after.expected[1] / before.expected[1] - 1.0);
            let detail = format!(
                "consistent would be {} before and {} after, a change of {} %",
                shown(before.expected[1]),
                shown(after.expected[1]),
                shown(change)
            );
            found.push(Contradiction { place, title, detail });
        }
    }
    found
}

struct Side {
    hours: Quantity,
    /// In the smallest and the largest unit that may be meant, so the most and the least.
    expected: [f64; 2],
}

impl Side {
    fn is_consistent(&self) -> bool {
        let [most, least] = self.expected;
        let half = self.hours.step / 2.0;
        self.hours.most >= (1.0 - TOLERANCE) * least - half && self.hours.least <= (1.0 + TOLERANCE) * most + half
    }
}
