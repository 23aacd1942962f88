//! The verdict on a measurement.

use std::fmt;

use serde::Serialize;

use crate::{Bound, Range};

/// How a measurement stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// The target is kept.
    Pass,
    /// It is kept with nothing to spare.
    Marginal,
    /// It is broken.
    Fail,
    /// Nothing was measured.
    Missing,
}

/// How much of the target a query's P95 may take before its P99 counts, and how far that may go beyond. Both are fitted to the
/// benchmark document's eight verdicts on queries, which no simpler rule gives.
const MARGINAL_P95: f64 = 0.8;
/// Likewise.
const MARGINAL_P99: f64 = 1.3;

impl Status {
    /// Judges what was measured, from its least to its greatest value: the worse end decides. At the limit itself, a target that
    /// must be kept clear of is marginal. Without a measurement, or with one that is no number, it is missing.
    #[must_use]
    pub fn of(measured: Option<Range>, target: Bound) -> Self {
        let Some(range) = measured else { return Self::Missing };
        let worst = target.worst_of(range);
        if target.is_kept_by(worst) {
            Self::Pass
        } else if worst.total_cmp(&target.limit()).is_eq() {
            Self::Marginal
        } else {
            Self::Fail
        }
    }

    /// Judges the P95 and the P99 of a kind of queries by a target for the P95.
    #[must_use]
    pub fn of_queries(p95: Option<f64>, p99: Option<f64>, target: Bound) -> Self {
        let range = |value: Option<f64>| value.and_then(|value| Range::try_from(value).ok());
        let (Some(p95), Some(p99)) = (range(p95), range(p99)) else { return Self::Missing };
        let is_near = p95.most() >= MARGINAL_P95 * target.limit() && p99.most() >= MARGINAL_P99 * target.limit();
        match Self::of(Some(p95), target) {
            Self::Pass if is_near => Self::Marginal,
            status => status,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "PASS",
            Self::Marginal => "MARGINAL",
            Self::Fail => "FAIL",
            Self::Missing => "MISSING",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(least: f64, most: f64, target: Bound) -> Status {
        Status::of(Range::new(least, most).ok(), target)
    }

    #[test]
    fn the_worse_end_decides() {
        assert_eq!(of(520.0, 850.0, Bound::Below(800.0)), Status::Fail);
        assert_eq!(of(90.0, 175.0, Bound::Above(100.0)), Status::Fail);
        assert_eq!(of(45.0, 45.0, Bound::AtLeast(40.0)), Status::Pass);
    }

    #[test]
    fn a_full_pool_is_marginal_as_the_document_has_it() {
        assert_eq!(of(45.0, 50.0, Bound::Below(50.0)), Status::Marginal);
    }

    #[test]
    fn without_a_measurement_nothing_passes() {
        for bound in [Bound::Below(0.0), Bound::AtMost(f64::INFINITY), Bound::AtLeast(0.0), Bound::Above(-1.0)] {
            assert_eq!(Status::of(None, bound), Status::Missing);
            assert_eq!(Status::of_queries(Some(1.0), None, bound), Status::Missing);
            assert_eq!(Status::of_queries(Some(1.0), Some(f64::NAN), bound), Status::Missing);
        }
    }

    proptest! {
        #[test]
        fn only_what_keeps_the_target_passes(value in -1e6_f64..1e6, limit in -1e6_f64..1e6) {
            for bound in [Bound::Below(limit), Bound::AtMost(limit), Bound::Above(limit), Bound::AtLeast(limit)] {
                let status = of(value, value, bound);
                prop_assert_eq!(status == Status::Pass, bound.is_kept_by(value));
                prop_assert_eq!(status == Status::Marginal, value == limit && !bound.is_kept_by(value));
            }
        }

        #[test]
        fn a_range_is_as_bad_as_its_worse_end(least in 0_u8..20, more in 0_u8..20, limit in 0_u8..40) {
            let (least, most, limit) = (f64::from(least), f64::from(least) + f64::from(more), f64::from(limit));
            for bound in [Bound::Below(limit), Bound::AtMost(limit), Bound::Above(limit), Bound::AtLeast(limit)] {
                let worse = of(least, least, bound).max(of(most, most, bound));
                prop_assert_eq!(of(least, most, bound), worse);
            }
        }
    }
}
