//! What the network received.

use super::super::document::Document;
use super::super::label::has_word;
use super::super::number::{Quantity, Unit, shown};
use super::super::table::Table;
use super::super::{Contradiction, TOLERANCE};

/// The most uploads a second, each of the size that was uploaded, fit into the most that was received.
pub(super) fn check(document: &Document) -> Vec<Contradiction> {
    let received = document.by_row("network i/o", "ingress").into_iter().map(|load| load.quantity);
    let Some(received) = received
        .filter(|received| received.unit == Unit::BytesPerSecond)
        .map(|received| received.most)
        .reduce(f64::max)
    else {
        return Vec::new();
    };
    let Some(size) = upload_size(document) else { return Vec::new() };
    let of_table = |table: &Table| {
        let row = table.rows.iter().find(|row| has_word(&row.label.text, "document"))?;
        let rate = table.quantity(row, table.measurement()?)?;
        let needed = rate.least * size;
        if needed <= (1.0 + TOLERANCE) * received {
            return None;
        }
        let mb = |bytes: f64| shown(bytes / 1e6);
        let title = format!(
            "{} documents a second of {} MB are {} MB/s, but the most that is received is {} MB/s",
            shown(rate.least),
            mb(size),
            mb(needed),
            mb(received)
        );
        let detail = format!(
            "consistent would be at most {} a second, or a mean size of {} MB",
            shown(received / size),
            mb(received / rate.least)
        );
        Some(Contradiction { place: table.place(row), title, detail })
    };
    document.tables("by service").filter_map(of_table).collect()
}

/// How many bytes an upload has: in the mean, if that is told, or else in the table of the single user.
fn upload_size(document: &Document) -> Option<f64> {
    let mean = || document.lines("test methodology").find_map(|line| Quantity::of(line.value("mean upload size")?));
    let of_table = |table: &Table| {
        let row = table.rows.iter().find(|row| has_word(&row.label.text, "upload"))?;
        row.cells.iter().skip(1).find_map(|cell| Quantity::find(cell, Unit::Bytes))
    };
    let size = mean().or_else(|| document.tables("single user performance").find_map(of_table))?;
    (size.unit == Unit::Bytes && size.least > 0.0).then(|| size.middle())
}
