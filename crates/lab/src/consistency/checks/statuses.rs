//! Verdicts against the figures beside them.

use super::super::Contradiction;
use super::super::document::{Document, Section};
use super::super::label::{Label, has_word};
use super::super::number::{Quantity, is_absent, shown};
use super::super::runs::{Run, runs};
use super::super::table::{Row, Table};
use super::super::verdict::{Bound, Status};
use super::query_status;
use super::targets::speaks_of_verdicts;

/// What is shown as a range and as a peak: the row of a run, the table of peaks, and its column.
const PEAKS: [(&str, &str); 2] = [("cpu utilization", "peak cpu"), ("memory utilization", "peak memory")];

/// A table of figures with targets.
struct Judged<'a> {
    table: &'a Table,
    target: usize,
    values: Vec<usize>,
    status: Option<usize>,
}

impl<'a> Judged<'a> {
    fn of(table: &'a Table) -> Option<Self> {
        let about = |column: &usize| {
            table.judged_header(*column)?.bare.strip_prefix("target").map(|about| about.trim().to_owned())
        };
        let (target, about) = (0..table.headers.len()).find_map(|column| Some((column, about(&column)?)))?;
        let loads: Vec<usize> = table.load_columns().into_iter().map(|(_, column)| column).collect();
        let values = match about.as_str() {
            "" if loads.is_empty() => table.measurement().into_iter().collect(),
            "" => loads,
            about => table.column(about).into_iter().collect(),
        };
        Some(Self { table, target, values, status: table.column("status") })
    }

    fn bound(&self, row: &Row) -> Option<Bound> {
        Bound::of(self.table.quantity(row, self.target)?, &row.label.text)
    }

    fn figures(&self, row: &Row) -> Vec<Quantity> {
        self.values.iter().filter_map(|column| self.table.quantity(row, *column)).collect()
    }

    /// What the figures deserve; nothing where that is not certain.
    fn deserved(&self, row: &Row) -> Option<Status> {
        let bound = self.bound(row)?;
        let verdicts: Option<Vec<Status>> = self.figures(row).into_iter().map(|figure| bound.verdict(figure)).collect();
        verdicts?.into_iter().max()
    }

    fn stated(&self, row: &Row) -> Option<Status> {
        Status::read(row.text(self.status?)?)
    }

    fn is_unmeasured(&self, row: &Row) -> bool {
        let absent = |column: &usize| row.text(*column).is_some_and(is_absent);
        !self.values.is_empty() && self.values.iter().all(absent)
    }

    fn figures_and_target<'row>(&self, row: &'row Row) -> (String, &'row str) {
        let figures: Vec<&str> = self.values.iter().filter_map(|column| row.text(*column)).collect();
        (figures.join(", "), row.text(self.target).unwrap_or_default())
    }
}

fn each_judged<'a>(
    document: &'a Document,
    contradiction: impl Fn(&'a Section, &Judged<'a>, &'a Row) -> Option<Contradiction>,
) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for section in &document.sections {
        for judged in section.tables.iter().filter_map(Judged::of) {
            found.extend(judged.table.rows.iter().filter_map(|row| contradiction(section, &judged, row)));
        }
    }
    found
}

/// Each verdict follows from the figure and the target.
pub(super) fn against_target(document: &Document) -> Vec<Contradiction> {
    let runs = runs(document);
    each_judged(document, |section, judged, row| {
        let stated = judged.stated(row)?;
        let (figures, target) = judged.figures_and_target(row);
        if stated != Status::Fail && judged.is_unmeasured(row) {
            let title = format!("{}, but nothing was measured against {target}", stated.name());
            let detail = "consistent would be no verdict, or MISSING".to_owned();
            return Some(Contradiction { place: judged.table.place(row), title, detail });
        }
        // Those on queries have a rule of their own.
        let deserved = judged.deserved(row).filter(|_| !section.is_below(query_status::HEADING))?;
        let of_section = |run: &&Run| std::ptr::eq(run.section, section);
        let is_for_peak = runs.iter().filter(of_section).any(|run| breaking_peak(document, run, &row.label).is_some());
        if stated == deserved || (deserved == Status::Pass && is_for_peak) {
            return None;
        }
        let title = format!("{} for {figures} against {target}", stated.name());
        let detail = format!("consistent would be {}: the worse end decides", deserved.name());
        Some(Contradiction { place: judged.table.place(row), title, detail })
    })
}

/// A figure that misses its target has a verdict that says so, or a line below the heading says why there is none.
pub(super) fn missed_unmarked(document: &Document) -> Vec<Contradiction> {
    each_judged(document, |section, judged, row| {
        let bound = judged.bound(row)?;
        let is_explained = judged.status.is_some() && speaks_of_verdicts(section);
        let is_missed = judged.figures(row).into_iter().any(|figure| bound.is_broken_by(figure));
        if !is_missed || is_explained || judged.stated(row).is_some() {
            return None;
        }
        let (figures, target) = judged.figures_and_target(row);
        let title = format!("{figures} against {target}, without a verdict");
        let detail = format!("consistent would be FAIL: the limit is {}", shown(bound.limit));
        Some(Contradiction { place: judged.table.place(row), title, detail })
    })
}

/// What passes by its range must not be broken by its peak, which stands in another table; unless the row is about the
/// mean.
pub(super) fn peak_against_target(document: &Document) -> Vec<Contradiction> {
    let of_run = |run: &Run| {
        PEAKS.map(|(name, column)| {
            let passes = run.status(name) == Some(Status::Pass) && !run.label(name).is_some_and(is_of_mean);
            let peak = peak_beyond(document, run, name, column).filter(|_| passes)?;
            let limit = shown(run.target(name)?.limit);
            let title = format!("PASS against {limit} %, though the peak is {} %", shown(peak.most));
            let detail =
                format!("consistent would be FAIL, or a peak within {limit} %, or a row that is about the mean");
            run.contradiction(name, title, detail)
        })
    };
    runs(document).iter().flat_map(of_run).flatten().collect()
}

/// The peak of a run that breaks the target of the row with this label.
fn breaking_peak(document: &Document, run: &Run, label: &Label) -> Option<Quantity> {
    let (name, column) = PEAKS.into_iter().find(|(name, _)| label.is(name))?;
    peak_beyond(document, run, name, column)
}

fn is_of_mean(label: &str) -> bool {
    ["mean", "average", "avg"].into_iter().any(|word| has_word(label, word))
}

fn peak_beyond(document: &Document, run: &Run, name: &str, column: &str) -> Option<Quantity> {
    let target = run.target(name)?;
    let peaks = document.by_row(name, column).into_iter().filter(|peak| peak.users == run.users);
    peaks.map(|peak| peak.quantity).find(|peak| target.is_broken_by(*peak))
}
