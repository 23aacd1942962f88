//! What is compared, and which way is better.

use serde::Serialize;

use super::Stretch;

/// The least change of a time or a rate that is worth a verdict.
const SMALLEST_RATIO: f64 = 0.01;

/// Likewise of memory. One start of a process differs from the next, which one run does not show: two of the same program by 18 %
/// (`lab ab --rounds 60 --seconds 3` with one program twice, 27 November 2026).
const SMALLEST_MEMORY_RATIO: f64 = 0.3;

/// Likewise of the error rate, in percentage points.
const SMALLEST_ERROR_POINTS: f64 = 0.05;

/// Likewise of a hit rate, in percentage points.
const SMALLEST_HIT_POINTS: f64 = 1.0;

/// One row of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// What it is called.
    pub name: &'static str,
    /// What it is shown in.
    pub unit: &'static str,
    /// How many of these units are one of the stretches' own: microseconds, bytes, cores, shares.
    pub factor: f64,
    /// Which way is better.
    pub better: Better,
    /// How it is computed.
    pub of: Of,
    /// What a change of it is.
    pub scale: Scale,
    /// The least change that is worth a verdict: a ratio less one, or a difference in the unit.
    pub smallest: f64,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More.
    Higher,
    /// Less.
    Lower,
}

/// How a measure is computed from stretches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Of {
    /// The latency that this share of what was answered stayed below, of all stretches together.
    Quantile(f64),
    /// The sum of one amount over the sum of another, of all stretches that know both.
    Quotient(Amount, Amount),
}

/// What a stretch has so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Requests that were answered.
    Answered,
    /// Requests that were not.
    Failed,
    /// Requests.
    Requests,
    /// Time.
    Seconds,
    /// One: the mean over stretches is the sum over these.
    Stretches,
    /// One of [`Stretch::figures`].
    Figure(&'static str),
    /// One of [`Stretch::peaks`].
    Peak(&'static str),
}

/// What a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// After over before, less one.
    Ratio,
    /// After less before, in the unit of the row; in percentage points if that is a percentage.
    Difference,
}

impl Amount {
    /// So much; `None` if the stretch does not know.
    #[must_use]
    pub fn of(self, stretch: &Stretch) -> Option<f64> {
        match self {
            Self::Answered => Some(stretch.answered as f64),
            Self::Failed => Some(stretch.failed as f64),
            Self::Requests => Some((stretch.answered + stretch.failed) as f64),
            Self::Seconds => Some(stretch.seconds),
            Self::Stretches => Some(1.0),
            Self::Figure(name) => stretch.figures.get(name).copied(),
            Self::Peak(name) => stretch.peaks.get(name).copied(),
        }
    }
}

impl Measure {
    /// The rows of the seed's table "Performance Comparison (100 Users)" that a run measures, for people who come at their own
    /// pace: then what the server spends in a second is what they cost.
    #[must_use]
    pub fn at_a_given_load() -> Vec<Self> {
        let mut measures = Self::of_requests();
        measures.extend([
            Self::spent("CPU", "% of a core", 100.0, "cpu_seconds", Amount::Seconds),
            Self::memory(),
            Self::spent("DB queries", "/s", 1.0, "queries", Amount::Seconds),
            Self::l1_hit_rate(),
        ]);
        measures
    }

    /// The same for a load that takes all that the server can give: then a slower server also spends less in a second, and
    /// what a request costs is compared instead.
    #[must_use]
    pub fn at_saturation() -> Vec<Self> {
        let mut measures = Self::of_requests();
        measures.extend([
            Self::spent("CPU for a request", "ms", 1_000.0, "cpu_seconds", Amount::Requests),
            Self::memory(),
            Self::spent("DB queries for a request", "", 1.0, "queries", Amount::Requests),
            Self::l1_hit_rate(),
        ]);
        measures
    }

    fn of_requests() -> Vec<Self> {
        vec![
            Self::response_time("P50 response time", 0.5),
            Self::response_time("P95 response time", 0.95),
            Self::response_time("P99 response time", 0.99),
            Self {
                name: "Throughput",
                unit: "req/s",
                factor: 1.0,
                better: Better::Higher,
                of: Of::Quotient(Amount::Answered, Amount::Seconds),
                scale: Scale::Ratio,
                smallest: SMALLEST_RATIO,
            },
            Self {
                name: "Error rate",
                unit: "%",
                factor: 100.0,
                better: Better::Lower,
                of: Of::Quotient(Amount::Failed, Amount::Requests),
                scale: Scale::Difference,
                smallest: SMALLEST_ERROR_POINTS,
            },
        ]
    }

    fn response_time(name: &'static str, quantile: f64) -> Self {
        Self {
            name,
            unit: "ms",
            factor: 0.001,
            better: Better::Lower,
            of: Of::Quantile(quantile),
            scale: Scale::Ratio,
            smallest: SMALLEST_RATIO,
        }
    }

    fn spent(name: &'static str, unit: &'static str, factor: f64, figure: &'static str, over: Amount) -> Self {
        Self {
            name,
            unit,
            factor,
            better: Better::Lower,
            of: Of::Quotient(Amount::Figure(figure), over),
            scale: Scale::Ratio,
            smallest: SMALLEST_RATIO,
        }
    }

    fn memory() -> Self {
        Self {
            name: "Memory",
            unit: "MiB",
            factor: 1.0 / 1_048_576.0,
            better: Better::Lower,
            of: Of::Quotient(Amount::Peak("memory_bytes"), Amount::Stretches),
            scale: Scale::Ratio,
            smallest: SMALLEST_MEMORY_RATIO,
        }
    }

    fn l1_hit_rate() -> Self {
        Self {
            name: "Cache hit rate (L1)",
            unit: "%",
            factor: 100.0,
            better: Better::Higher,
            of: Of::Quotient(Amount::Figure("l1_hits"), Amount::Figure("l1_lookups")),
            scale: Scale::Difference,
            smallest: SMALLEST_HIT_POINTS,
        }
    }
}
