//! Verdicts on kinds of queries.

use super::super::Contradiction;
use super::super::document::Document;
use super::super::number::{Quantity, shown};
use super::super::table::{Row, Table};
use super::super::verdict::{Bound, Status};

/// The table that it is about.
pub(super) const HEADING: &str = "query performance";

/// How much of the target the P95 takes where the P99 begins to count, and how far beyond the target that may go. Both
/// are fitted to the eight verdicts of the seed document, which no simpler rule gives.
const MARGINAL_P95: f64 = 0.8;
/// Likewise.
const MARGINAL_P99: f64 = 1.3;

struct Query<'a> {
    table: &'a Table,
    row: &'a Row,
    p95: Quantity,
    p99: Quantity,
    target: Bound,
    stated: Status,
}

/// Verdicts follow the rule.
pub(super) fn check(document: &Document) -> Vec<Contradiction> {
    document.tables(HEADING).flat_map(queries).filter_map(|query| query.contradiction()).collect()
}

/// A query is called marginal though its P95 keeps the target, and nothing says why.
pub(super) fn unstated(document: &Document) -> Vec<Contradiction> {
    let states_rule = |text: &str| {
        let text = text.to_lowercase();
        let has = |number: &str, percent: &str| text.contains(number) || text.contains(percent);
        text.contains("marginal") && has("0.8", "80") && has("1.3", "130")
    };
    let is_stated = document.sections.iter().flat_map(|section| &section.lines).any(|line| states_rule(&line.text));
    let unexplained =
        |query: &Query| query.stated == Status::Marginal && query.target.verdict(query.p95) == Some(Status::Pass);
    let queries: Vec<Query> = document.tables(HEADING).flat_map(queries).filter(unexplained).collect();
    let Some(first) = queries.first().filter(|_| !is_stated) else { return Vec::new() };
    let names: Vec<&str> = queries.iter().map(|query| query.row.label.text.as_str()).collect();
    let title =
        format!("MARGINAL, though the P95 of {} keeps the target, by a rule that is not stated", names.join(", "));
    let detail = format!(
        "consistent would be PASS, or a line below the heading that states the rule: MARGINAL when P95 >= {MARGINAL_P95} x \
         target and P99 >= {MARGINAL_P99} x target"
    );
    vec![Contradiction { place: first.table.place(first.row), title, detail }]
}

fn queries(table: &Table) -> Vec<Query<'_>> {
    let columns = (table.column("p95"), table.column("p99"), table.column("target p95"), table.column("status"));
    let (Some(p95), Some(p99), Some(target), Some(status)) = columns else { return Vec::new() };
    let query = |row| {
        Some(Query {
            table,
            row,
            p95: table.quantity(row, p95)?,
            p99: table.quantity(row, p99)?,
            target: Bound::of(table.quantity(row, target)?, &row.label.text)?,
            stated: Status::read(row.text(status)?)?,
        })
    };
    table.rows.iter().filter_map(query).collect()
}

impl Query<'_> {
    /// What the rule says; nothing where rounding decides it.
    fn deserved(&self) -> Option<Status> {
        let reaches = |figure: Quantity, limit: f64| {
            let room = figure.most - limit;
            // A hair more or less is that of binary numbers.
            (room.abs() < 1e-9 || room.abs() > figure.step / 2.0).then_some(room > -1e-9)
        };
        let limit = self.target.limit;
        if self.target.verdict(self.p95)? == Status::Fail {
            return Some(Status::Fail);
        }
        match (reaches(self.p95, MARGINAL_P95 * limit), reaches(self.p99, MARGINAL_P99 * limit)) {
            (Some(true), Some(true)) => Some(Status::Marginal),
            (Some(false), _) | (_, Some(false)) => Some(Status::Pass),
            _ => None,
        }
    }

    fn contradiction(&self) -> Option<Contradiction> {
        let deserved = self.deserved().filter(|deserved| *deserved != self.stated)?;
        let (p95, p99, limit) = (shown(self.p95.most), shown(self.p99.most), self.target.limit);
        let title =
            format!("{} for a P95 of {p95} ms and a P99 of {p99} ms against {} ms", self.stated.name(), shown(limit));
        let detail = format!(
            "consistent would be {}: MARGINAL is P95 >= {} ms and P99 >= {} ms",
            deserved.name(),
            shown(MARGINAL_P95 * limit),
            shown(MARGINAL_P99 * limit),
        );
        Some(Contradiction { place: self.table.place(self.row), title, detail })
    }
}
