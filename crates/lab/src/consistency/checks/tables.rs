//! Tables that say the same of the same load.

use super::super::document::{Document, Loaded};
use super::super::number::Quantity;
use super::super::runs::runs;
use super::super::{Contradiction, TOLERANCE};

/// Where a figure of the load tests stands a second time: the row of the run, the heading of the other table, and the
/// row or column there.
enum Twice {
    /// A column; the loads are rows.
    InColumn(&'static str, &'static str, &'static str),
    /// A row; the loads are columns.
    InRow(&'static str, &'static str, &'static str),
}

const TWICE: [Twice; 9] = [
    Twice::InColumn("throughput", "overall system", "measured"),
    Twice::InColumn("cpu utilization", "cpu utilization", "avg cpu"),
    Twice::InColumn("memory utilization", "memory utilization", "avg memory"),
    Twice::InColumn("pod count", "cpu utilization", "pod count"),
    Twice::InColumn("pod count", "memory utilization", "pod count"),
    Twice::InRow("db connections", "connection pool", "active connections"),
    Twice::InRow("cache hit rate (l1)", "l1 cache", "hit rate"),
    Twice::InRow("cache hit rate (l2)", "l2 cache", "hit rate"),
    Twice::InRow("cache hit rate (rag)", "rag cache", "hit rate"),
];

/// Two figures for the same thing must overlap.
pub(super) fn check(document: &Document) -> Vec<Contradiction> {
    let runs = runs(document);
    let mut found = Vec::new();
    for twice in TWICE {
        let (name, others) = match twice {
            Twice::InColumn(name, heading, column) => (name, document.by_row(heading, column)),
            Twice::InRow(name, heading, row) => (name, document.by_column(heading, row)),
        };
        for Loaded { users, quantity, place } in others {
            let mut of_run = runs.iter().filter(|run| run.users == users);
            let Some((figure, first)) = of_run.find_map(|run| Some((run.measured(name)?, run.place(name)?))) else {
                continue;
            };
            if agree(figure, quantity) {
                continue;
            }
            let title =
                format!("{} at {users} users, but line {} has {}", written(quantity), first.line, written(figure));
            let detail = "consistent would be the same figure, or ranges that overlap".to_owned();
            found.push(Contradiction { place, title, detail });
        }
    }
    found
}

fn agree(one: Quantity, other: Quantity) -> bool {
    let gap = (one.least - other.most).max(other.least - one.most);
    let largest = one.most.abs().max(other.most.abs());
    !one.is_comparable(other) || gap <= (TOLERANCE * largest).max(f64::midpoint(one.step, other.step))
}

fn written(quantity: Quantity) -> String {
    let Quantity { least, most, .. } = quantity;
    if least < most { format!("{least}-{most}") } else { least.to_string() }
}
