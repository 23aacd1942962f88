//! Error budgets: what of the requests may be bad, how much of that is left, and how fast it burns.
//!
//! Source: Beyer et al., "The Site Reliability Workbook" (2018), chapter 5, "Alerting on SLOs".

use serde::Serialize;

use crate::{Burn, ErrorBudget, Levels, Severity, Window};

/// A share of the requests that must be good.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Objective {
    /// A name for labels.
    pub name: &'static str,
    /// What a good request is.
    pub good: Good,
    /// The percentage of the requests that must be good.
    pub percent: f64,
}

/// What a good request is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Good {
    /// The server did not fail.
    Answered,
    /// It was answered within so many milliseconds.
    WithinMs(f64),
}

/// Requests in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// All of them.
    pub total: u64,
    /// Those that were not good.
    pub bad: u64,
}

impl Objective {
    /// What production is held to: no failures, and the tail of the latencies.
    #[must_use]
    pub fn of(levels: &Levels) -> Vec<Self> {
        let production = &levels.production;
        let target = |row: &crate::Row| row.target.map(crate::Bound::limit);
        let available = target(&production.availability_percent).map(|percent| Self {
            name: "availability",
            good: Good::Answered,
            percent,
        });
        let within = |name, percent, row| target(row).map(|ms| Self { name, good: Good::WithinMs(ms), percent });
        let latencies =
            [within("latency_p95", 95.0, &production.p95_ms), within("latency_p99", 99.0, &production.p99_ms)];
        available.into_iter().chain(latencies.into_iter().flatten()).collect()
    }

    /// The share of the requests that may be bad, 0 to 1.
    #[must_use]
    pub fn allowed(&self) -> f64 {
        // A percentage has few digits; the difference of two binary fractions would have many.
        ((100.0 - self.percent) * 1e6).round() / 1e8
    }

    /// How many times faster than allowed requests went bad; nothing without requests.
    #[must_use]
    pub fn burn_rate(&self, counted: Counted) -> Option<f64> {
        (counted.total > 0).then(|| counted.bad as f64 / counted.total as f64 / self.allowed())
    }

    /// What is left of the budget of a window, 1 to below 0; nothing without requests.
    #[must_use]
    pub fn left(&self, counted: Counted) -> Option<f64> {
        self.burn_rate(counted).map(|rate| 1.0 - rate)
    }
}

impl ErrorBudget {
    /// The pairs of windows in which an objective's budget burns too fast, by what was counted in each window.
    pub fn burning<'a>(
        &'a self,
        objective: &'a Objective,
        counted: impl Fn(Window) -> Counted + 'a,
    ) -> impl Iterator<Item = &'a Burn> {
        self.burns.iter().filter(move |burn| {
            let long = counted(burn.long);
            let exceeds = |counted| objective.burn_rate(counted).is_some_and(|rate| rate > burn.factor);
            long.total >= self.minimum_requests && exceeds(long) && exceeds(counted(burn.short))
        })
    }

    /// Every window that is looked at, each once, the shortest first.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        let mut all: Vec<Window> = self.burns.iter().flat_map(|burn| [burn.long, burn.short]).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// How urgent it is, at the worst; nothing when nothing burns.
    pub fn severity(&self, objective: &Objective, counted: impl Fn(Window) -> Counted) -> Option<Severity> {
        self.burning(objective, counted).map(|burn| burn.severity).min()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use proptest::prelude::*;

    use super::*;

    fn objective(percent: f64) -> Objective {
        Objective { name: "test", good: Good::Answered, percent }
    }

    #[test]
    fn what_is_allowed_has_the_digits_of_the_target() {
        assert_eq!([99.9, 95.0, 99.0, 99.95].map(|percent| objective(percent).allowed()), [0.001, 0.05, 0.01, 0.0005]);
    }

    #[test]
    fn a_budget_that_burns_at_one_is_used_up_at_the_end() {
        let counted = Counted { total: 10_000, bad: 10 };
        assert_eq!(objective(99.9).burn_rate(counted), Some(1.0));
        assert_eq!(objective(99.9).left(counted), Some(0.0));
        assert_eq!(objective(99.9).burn_rate(Counted::default()), None);
    }

    #[test]
    fn both_windows_must_burn_and_there_must_be_traffic() -> Result<(), Box<dyn Error>> {
        let levels = Levels::built_in()?;
        let (budget, objective) = (&levels.error_budget, objective(99.9));
        let hour = Window::from_seconds(3_600);
        let with = |long: Counted, short: Counted| {
            budget.severity(&objective, move |window| if window >= hour { long } else { short })
        };
        let (bad, good) = (Counted { total: 1_000, bad: 20 }, Counted { total: 1_000, bad: 0 });
        assert_eq!(with(bad, bad), Some(Severity::Critical));
        assert_eq!(with(good, bad), None, "a moment is no trend");
        assert_eq!(with(Counted { total: 99, bad: 99 }, bad), None, "too little traffic to judge");
        // 2 hours and 6 hours are short windows of the tickets: those see what is over.
        assert_eq!(with(bad, good), Some(Severity::Warning), "it is over for the page, not yet for the ticket");
        Ok(())
    }

    proptest! {
        #[test]
        fn worse_never_burns_slower(total in 1_u64..10_000, bad in 0_u64..10_000, more in 0_u64..100) {
            let bad = bad.min(total);
            let worse = (bad + more).min(total);
            let rate = |bad| objective(99.5).burn_rate(Counted { total, bad });
            prop_assert!(rate(worse) >= rate(bad));
        }
    }
}
