//! Percentiles: their order, and what those of a part say about those of the whole.

use super::super::document::Document;
use super::super::label::has_word;
use super::super::number::{Quantity, Unit, shown};
use super::super::response::{deviations, log_normal_percentile};
use super::super::runs::{Run, runs};
use super::super::table::{Row, Table};
use super::super::{Contradiction, Place, TOLERANCE};

/// From the lowest to the highest.
const PERCENTILES: [&str; 4] = ["p50", "p95", "p99", "p99.9"];

/// Percentiles of the same values are in order, and so are an average and a peak.
pub(super) fn order(document: &Document) -> Vec<Contradiction> {
    let tables = document.sections.iter().flat_map(|section| &section.tables);
    tables.flat_map(|table| in_columns(table).into_iter().chain(in_rows(table))).collect()
}

fn in_columns(table: &Table) -> Vec<Contradiction> {
    let percentiles: Vec<usize> = PERCENTILES.iter().filter_map(|name| table.column(name)).collect();
    let mut pairs: Vec<(usize, usize)> = percentiles.windows(2).map(|pair| (pair[0], pair[1])).collect();
    for of in ["cpu", "memory"] {
        pairs.extend(table.column(&format!("avg {of}")).zip(table.column(&format!("peak {of}"))));
    }
    let of_row = |row: &Row| -> Vec<Contradiction> {
        let wrong = |(lower, upper): &(usize, usize)| {
            let figures = (table.quantity(row, *lower)?, table.quantity(row, *upper)?);
            let names = (table.headers[*lower].text.as_str(), table.headers[*upper].text.as_str());
            out_of_order(names, figures, table.place_in(row, *upper))
        };
        pairs.iter().filter_map(wrong).collect()
    };
    table.rows.iter().flat_map(of_row).collect()
}

fn in_rows(table: &Table) -> Vec<Contradiction> {
    // What the percentiles are of: "P50 Response Time" and "P95 Response Time" belong together.
    let of = |row: &Row, name: &str| {
        row.label.bare.strip_prefix(name).filter(|rest| !rest.starts_with('.')).map(str::to_owned)
    };
    let mut found = Vec::new();
    for lower in &table.rows {
        let Some((rank, subject)) =
            PERCENTILES.iter().enumerate().find_map(|(rank, name)| Some((rank, of(lower, name)?)))
        else {
            continue;
        };
        let above = PERCENTILES.get(rank + 1..).unwrap_or_default();
        let next = above.iter().find_map(|name| table.rows.iter().find(|row| of(row, name).as_ref() == Some(&subject)));
        let Some(upper) = next else { continue };
        for column in 1..table.headers.len() {
            let absolute = |row| table.quantity(row, column).filter(|figure| figure.unit == Unit::Milliseconds);
            let (Some(one), Some(other), Some(_)) = (absolute(lower), absolute(upper), table.judged_header(column))
            else {
                continue;
            };
            let names = (lower.label.text.as_str(), upper.label.text.as_str());
            found.extend(out_of_order(names, (one, other), table.place_in(upper, column)));
        }
    }
    found
}

fn out_of_order(names: (&str, &str), (lower, upper): (Quantity, Quantity), place: Place) -> Option<Contradiction> {
    (lower.is_comparable(upper) && lower.least > upper.most).then(|| Contradiction {
        place,
        title: format!("{} is {}, less than {}, {}", names.1, shown(upper.most), names.0, shown(lower.least)),
        detail: format!("consistent would be at least {}", shown(lower.least)),
    })
}

/// If a share w of all requests are of the slow kind, and the share 1 - q of all is slower than the mixture's
/// percentile q, then at most the share (1 - q) / w of the slow kind is. So the percentile is at least the slow kind's
/// at 1 - (1 - q) / w.
///
/// A contradiction is what lies below the nearest printed percentile under that; what a log-normal distribution would
/// have there is told as what to expect.
pub(super) fn mixture(document: &Document) -> Vec<Contradiction> {
    let (Some(share), Some(slow)) = (slow_share(document), Slow::of(document)) else { return Vec::new() };
    let ranks = [("p95 response time", 0.95), ("p99 response time", 0.99)];
    let of_run = |run: Run| ranks.map(|(name, rank)| slow.contradiction(&run, name, rank, share));
    runs(document).into_iter().flat_map(of_run).flatten().collect()
}

/// Which share of the requests is of the slow kind, from a line like `20% Power Users (complex queries)`: of the mix of
/// requests if there is one, or else of users.
fn slow_share(document: &Document) -> Option<f64> {
    let share_in = |group: &str| {
        document.lines("test methodology").filter(|line| has_word(&line.group, group)).find_map(|line| {
            let share = Quantity::of(&line.text).filter(|share| share.unit == Unit::Percent)?;
            has_word(&line.text, "complex").then(|| share.middle() / 100.0)
        })
    };
    share_in("mix").or_else(|| share_in("distribution")).filter(|share| *share > 0.0)
}

/// The slow kind of requests, alone on the system.
struct Slow {
    percentiles: Vec<(f64, Quantity)>,
}

impl Slow {
    fn of(document: &Document) -> Option<Self> {
        let of_table = |table: &Table| {
            let row = table.rows.iter().find(|row| has_word(&row.label.text, "complex"))?;
            let figure = |(name, rank): (&str, f64)| Some((rank, table.quantity(row, table.column(name)?)?));
            Some([("p50", 0.5), ("p95", 0.95), ("p99", 0.99)].into_iter().filter_map(figure).collect())
        };
        document.tables("single user performance").find_map(of_table).map(|percentiles| Self { percentiles })
    }

    fn contradiction(&self, run: &Run, name: &str, rank: f64, share: f64) -> Option<Contradiction> {
        let mixed = run.measured(name)?;
        let inner = 1.0 - (1.0 - rank) / share;
        // Shares are decimal fractions, which binary numbers miss by a little.
        let (at, bound) = self.percentiles.iter().rev().find(|(known, _)| *known <= inner + 1e-9)?;
        if !mixed.is_comparable(*bound) || mixed.most >= (1.0 - TOLERANCE) * bound.least {
            return None;
        }
        let title = format!(
            "{} ms for all requests, though {} % of them are complex ones, with a P{} of {} ms",
            shown(mixed.most),
            shown(100.0 * share),
            shown(100.0 * at),
            shown(bound.least),
        );
        let expected = self.expected(inner).filter(|expected| *expected > (1.0 + TOLERANCE) * bound.least);
        let expected =
            expected.map_or(String::new(), |expected| format!(" (about {} where log-normal)", shown(expected)));
        let bound = shown(bound.least);
        let detail =
            format!("consistent would be at least {bound} ms{expected}, or a smaller share in \"Request Mix\"");
        run.contradiction(name, title, detail)
    }

    /// What the slow kind has at this rank, if it is distributed log-normally.
    fn expected(&self, rank: f64) -> Option<f64> {
        let at = |wanted: f64| {
            let near = self.percentiles.iter().find(|(rank, _)| (rank - wanted).abs() < 1e-9);
            near.map(|(_, quantity)| quantity.middle())
        };
        Some(log_normal_percentile(at(0.5)?, at(0.95)?, deviations(rank)))
    }
}
