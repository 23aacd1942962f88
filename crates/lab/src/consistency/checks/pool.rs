//! The connections to the database.

use super::super::document::{Document, Loaded};
use super::super::number::{Quantity, Unit, shown};
use super::super::response::MeanResponse;
use super::super::runs::{Run, runs};
use super::super::table::Table;
use super::super::{Contradiction, TOLERANCE};

/// The row of a run.
const CONNECTIONS: &str = "db connections";
/// The table of the pool.
pub(super) const POOL: &str = "connection pool";
/// How far a utilisation may lie from the connections beside it, in points: both are rounded.
const POINTS: f64 = 2.0;

/// Active connections are throughput x the time for which a request holds one (Little's law), and a request holds one
/// for no longer than it takes. Where two ranges are printed, the lower one counts: the other may be a peak.
pub(super) fn hold_time(document: &Document) -> Vec<Contradiction> {
    let in_pool = document.by_column(POOL, "active connections");
    let of_run = |run: &Run| {
        let printed = run.measured(CONNECTIONS)?;
        let same_load = in_pool.iter().filter(|active| active.users == run.users).map(|active| active.quantity);
        let active = same_load.fold(printed, |one, other| if other.least < one.least { other } else { one });
        let throughput = run.measured("throughput").filter(|rate| rate.middle() > 0.0)?;
        let response = MeanResponse::of(run)?;
        // Whole numbers are rounded up by somebody.
        let least = if active.step >= 1.0 { active.least - 1.0 } else { active.least };
        if 1_000.0 * least / throughput.most <= (1.0 + TOLERANCE) * response.about {
            return None;
        }
        let held = 1_000.0 * active.middle() / throughput.middle();
        let title = format!(
            "{} connections at {} req/s are held for {} ms by each request, which takes about {} ms in the mean",
            shown(active.middle()),
            shown(throughput.middle()),
            shown(held),
            shown(response.about)
        );
        let most = response.about * throughput.middle() / 1_000.0;
        run.contradiction(CONNECTIONS, title, format!("consistent would be at most {} connections in use", shown(most)))
    };
    runs(document).iter().filter_map(of_run).collect()
}

/// Utilisation is the mean of the active connections, or else the middle of their range, of all that the pool has.
pub(super) fn utilisation(document: &Document) -> Vec<Contradiction> {
    let Some(size) = pool_size(document) else { return Vec::new() };
    let mut active = document.by_column(POOL, "mean active connections");
    active.extend(document.by_column(POOL, "active connections"));
    let wrong = |Loaded { users, quantity, place }: Loaded| {
        let connections = active.iter().find(|active| active.users == users)?.quantity;
        let expected = 100.0 * connections.middle() / size;
        let room = POINTS + quantity.step / 2.0;
        if (quantity.middle() - expected).abs() <= room {
            return None;
        }
        let title = format!(
            "{} % in use, but {} of {} connections are {} %",
            shown(quantity.middle()),
            shown(connections.middle()),
            shown(size),
            shown(expected)
        );
        let detail = format!(
            "consistent would be {} %, or {} connections",
            shown(expected),
            shown(quantity.middle() * size / 100.0)
        );
        Some(Contradiction { place, title, detail })
    };
    let used = document.by_column(POOL, "utilization").into_iter().chain(document.by_column(POOL, "utilisation"));
    used.filter_map(wrong).collect()
}

/// What is in use and what is idle fit into the pool.
pub(super) fn size(document: &Document) -> Vec<Contradiction> {
    let Some(size) = pool_size(document) else { return Vec::new() };
    let idle = document.by_column(POOL, "idle connections");
    let wrong = |Loaded { users, quantity, place }: Loaded| {
        let resting = idle.iter().find(|idle| idle.users == users).map_or(0.0, |idle| idle.quantity.least);
        let existing = (quantity.least + resting).max(quantity.most);
        if existing <= size {
            return None;
        }
        let title = format!("{} connections of a pool of {}", shown(existing), shown(size));
        Some(Contradiction { place, title, detail: format!("consistent would be at most {}", shown(size)) })
    };
    document.by_column(POOL, "active connections").into_iter().filter_map(wrong).collect()
}

/// How many connections the pool may have: a row of its table, the notes there (`Max: 50`), or the list of what was
/// used.
fn pool_size(document: &Document) -> Option<f64> {
    let in_row = |table: &Table| {
        let row = ["max connections", "pool size"].iter().find_map(|name| table.row(name))?;
        row.cells.iter().skip(1).find_map(|cell| Quantity::of(cell))
    };
    let in_notes = |table: &Table| {
        let row = table.row("active connections")?;
        let notes = row
            .cells
            .iter()
            .find_map(|cell| cell.to_lowercase().split_once("max").map(|(_, after)| after.to_owned()))?;
        Quantity::all(&notes).into_iter().find(|quantity| quantity.unit == Unit::Count)
    };
    let listed = || document.lines("infrastructure").find_map(|line| Quantity::of(line.value("connection pool")?));
    let in_tables = |find: &dyn Fn(&Table) -> Option<Quantity>| document.tables(POOL).find_map(find);
    let size = in_tables(&in_row).or_else(|| in_tables(&in_notes)).or_else(listed)?;
    (size.most > 0.0).then_some(size.most)
}
