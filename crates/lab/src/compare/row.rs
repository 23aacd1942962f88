//! One row of a comparison: a measure before and after, and what to think of it.

use serde::Serialize;

use super::blocks::Values;
use super::bootstrap::{ROUNDING, Resamples};
use super::{Better, Measure, Scale};

/// What to think of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It became better, by more than the smallest change that matters.
    Better,
    /// It became worse, likewise.
    Worse,
    /// Neither is shown. That does not show that nothing changed: the interval says how much may have.
    NoEvidence,
}

/// One row of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub measure: &'static str,
    /// What `before` and `after` are in.
    pub unit: &'static str,
    /// Of all stretches before.
    pub before: f64,
    /// Of all stretches after.
    pub after: f64,
    /// What `change`, `low`, `high` and `smallest` are.
    pub scale: Scale,
    /// The change; 0.1 is 10 % more if it is a ratio.
    pub change: f64,
    /// The least that it may be. If the run is too short or too little happened, it is minus infinity or, of a ratio, -1.
    pub low: f64,
    /// The most that it may be; infinite (`null` in JSON) in that case.
    pub high: f64,
    /// The smallest change that is worth a verdict.
    pub smallest: f64,
    /// What to think of it.
    pub verdict: Verdict,
}

/// How the two runs belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Design {
    /// Not at all.
    Apart,
    /// Block by block.
    Paired,
    /// There are too few blocks to tell.
    TooShort,
}

/// How sure each row has to be.
#[derive(Debug)]
pub(super) struct Certainty {
    /// The probability that the interval misses the truth.
    pub(super) missing: f64,
    /// What it comes from.
    pub(super) resamples: Resamples,
}

impl Design {
    /// How many blocks are drawn from how many, for each run or for both at once.
    pub(super) fn lengths(self, blocks: usize) -> Vec<usize> {
        match self {
            Self::Apart => vec![blocks, blocks],
            Self::Paired => vec![blocks],
            Self::TooShort => Vec::new(),
        }
    }
}

impl Row {
    pub(super) fn new(
        measure: &Measure,
        design: Design,
        before: &Values,
        after: &Values,
        certainty: &Certainty,
    ) -> Self {
        // What was or became nothing has no ratio.
        let is_ratio = measure.scale == Scale::Ratio && before.is_positive() && after.is_positive();
        let most = before.all.abs().max(after.all.abs());
        let (on, grain): (fn(f64) -> f64, f64) =
            if is_ratio { (f64::ln, ROUNDING) } else { (std::convert::identity, ROUNDING * most) };
        let change = on(after.all) - on(before.all);
        let half = samples(design, before.influences(on), after.influences(on))
            .map_or(f64::INFINITY, |samples| certainty.resamples.half_width(&samples, grain, certainty.missing));
        let back: fn(f64) -> f64 = if is_ratio { f64::exp_m1 } else { std::convert::identity };
        let smallest = match measure.scale {
            Scale::Ratio if !is_ratio => measure.smallest * most,
            _ => measure.smallest,
        };
        let [change, low, high] = [change, change - half, change + half].map(back);
        Self {
            measure: measure.name,
            unit: measure.unit,
            before: before.all,
            after: after.all,
            scale: if is_ratio { Scale::Ratio } else { Scale::Difference },
            change,
            low,
            high,
            smallest,
            verdict: Verdict::new(low, high, smallest, measure.better),
        }
    }
}

/// The influences of the blocks on the change.
fn samples(design: Design, before: Option<Vec<f64>>, after: Option<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let (before, after) = (before?, after?);
    match design {
        Design::Apart => Some(vec![before.into_iter().map(|value| -value).collect(), after]),
        Design::Paired => Some(vec![before.iter().zip(after).map(|(before, after)| after - before).collect()]),
        Design::TooShort => None,
    }
}

impl Verdict {
    /// The whole interval has to lie beyond the smallest change.
    fn new(low: f64, high: f64, smallest: f64, better: Better) -> Self {
        match (low > smallest, high < -smallest, better) {
            (true, _, Better::Higher) | (_, true, Better::Lower) => Self::Better,
            (true, _, Better::Lower) | (_, true, Better::Higher) => Self::Worse,
            _ => Self::NoEvidence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Lot;

    /// Ten blocks around this value, each with its own share more or less.
    fn values(all: f64, spread: f64) -> Values {
        let without = |block: i32| Some(all * (1.0 + spread * (f64::from(block) - 4.5) / 9.0));
        Values { all, without: (0..10).map(without).collect() }
    }

    fn row(measure: usize, design: Design, before: &Values, after: &Values) -> Row {
        let resamples = Resamples::new(1_000, &design.lengths(10), &mut Lot::new(1, 0));
        let certainty = Certainty { missing: 0.01, resamples };
        Row::new(&Measure::at_a_given_load()[measure], design, before, after, &certainty)
    }

    #[test]
    fn a_change_beyond_the_noise_has_a_verdict_and_one_within_has_none() {
        let (before, after) = (values(100.0, 0.01), values(120.0, 0.01));
        let p50 = row(0, Design::Apart, &before, &after);
        assert_eq!((p50.verdict, p50.scale, p50.before, p50.after), (Verdict::Worse, Scale::Ratio, 100.0, 120.0));
        assert!((p50.change - 0.2).abs() < 1e-9 && p50.low < 0.2 && 0.2 < p50.high, "{p50:?}");
        assert_eq!(row(0, Design::Apart, &after, &before).verdict, Verdict::Better);
        // Throughput.
        assert_eq!(row(3, Design::Apart, &before, &after).verdict, Verdict::Better);
        assert_eq!(row(3, Design::Apart, &after, &before).verdict, Verdict::Worse);
        assert_eq!(row(0, Design::Apart, &values(100.0, 0.2), &values(120.0, 0.2)).verdict, Verdict::NoEvidence);
    }

    #[test]
    fn what_both_have_in_common_cancels_in_pairs() {
        let (before, after) = (values(100.0, 0.2), values(120.0, 0.2));
        let p50 = row(0, Design::Paired, &before, &after);
        assert_eq!(p50.verdict, Verdict::Worse);
        assert!(p50.high - p50.low < 1e-9, "{p50:?}");
    }

    #[test]
    fn a_certain_but_trivial_change_has_no_verdict() {
        let p50 = row(0, Design::Apart, &values(100.0, 0.0), &values(100.5, 0.0));
        assert_eq!(p50.verdict, Verdict::NoEvidence);
        assert!(p50.low > 0.0, "{p50:?}");
    }

    #[test]
    fn nothing_twice_is_no_change() {
        let errors = row(4, Design::Apart, &values(0.0, 0.0), &values(0.0, 0.0));
        assert_eq!((errors.change, errors.low, errors.high), (0.0, 0.0, 0.0));
        assert_eq!(errors.verdict, Verdict::NoEvidence);
    }

    #[test]
    fn what_came_from_nothing_is_a_difference() {
        let errors = row(4, Design::Apart, &values(0.0, 0.0), &values(0.5, 0.05));
        assert_eq!((errors.verdict, errors.scale, errors.change), (Verdict::Worse, Scale::Difference, 0.5));
        let queries = row(7, Design::Apart, &values(0.0, 0.0), &values(90.0, 0.01));
        assert_eq!((queries.verdict, queries.scale, queries.smallest), (Verdict::Worse, Scale::Difference, 0.9));
    }

    #[test]
    fn what_is_not_known_is_infinite_and_null() {
        let mut errors = values(0.5, 0.05);
        errors.without[3] = None;
        let row = row(4, Design::Apart, &values(0.0, 0.0), &errors);
        assert_eq!((row.verdict, row.low, row.high), (Verdict::NoEvidence, f64::NEG_INFINITY, f64::INFINITY));
        let written = serde_json::to_value(&row).unwrap();
        assert!(written["low"].is_null() && written["verdict"] == "no_evidence" && written["scale"] == "difference");
    }

    #[test]
    fn too_short_a_run_has_figures_but_no_verdict() {
        let p50 = row(0, Design::TooShort, &values(100.0, 0.0), &values(200.0, 0.0));
        assert_eq!((p50.verdict, p50.low, p50.high), (Verdict::NoEvidence, -1.0, f64::INFINITY));
        assert!((p50.change - 1.0).abs() < 1e-9, "{p50:?}");
    }
}
