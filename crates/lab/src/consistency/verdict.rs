//! Whether a figure keeps its target: the worse end of a range decides. Within half of the last printed place nothing
//! is certain.
//!
//! It is written anew, not taken from the crate `slo`: who checks a verdict does not ask the one who gave it.

use super::number::{Quantity, Sign, Unit};

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Pass,
    Marginal,
    Fail,
}

/// A limit, and its side.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    sign: Sign,
    /// Where it lies.
    pub(super) limit: f64,
    unit: Unit,
}

impl Status {
    /// The verdict that a cell begins with.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.split(|character: char| !character.is_alphabetic()).find(|word| !word.is_empty())? {
            "PASS" => Some(Self::Pass),
            "MARGINAL" => Some(Self::Marginal),
            "FAIL" | "MISS" => Some(Self::Fail),
            _ => None,
        }
    }

    /// How it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Marginal => "MARGINAL",
            Self::Fail => "FAIL",
        }
    }
}

impl Bound {
    /// The bound that a target sets. Without a sign it is a least value where more is better, and nothing elsewhere.
    pub(super) fn of(target: Quantity, label: &str) -> Option<Self> {
        let label = label.to_lowercase();
        let more_is_better = ["availability", "throughput", "hit rate"].iter().any(|name| label.contains(name));
        let sign = target.sign.or(more_is_better.then_some(Sign::AtLeast))?;
        let limit = if matches!(sign, Sign::Below | Sign::AtMost) { target.most } else { target.least };
        Some(Self { sign, limit, unit: target.unit })
    }

    /// Whether less is better.
    pub(super) const fn is_upper(self) -> bool {
        matches!(self.sign, Sign::Below | Sign::AtMost)
    }

    /// Whether a figure goes beyond it by more than rounding can hide.
    pub(super) fn is_broken_by(self, figure: Quantity) -> bool {
        self.verdict(figure) == Some(Status::Fail)
    }

    /// The verdict on a figure; nothing where rounding decides it, or where the two measure different things.
    pub(super) fn verdict(self, figure: Quantity) -> Option<Status> {
        if figure.unit != self.unit && figure.unit != Unit::Count && self.unit != Unit::Count {
            return None;
        }
        let room = if self.is_upper() { self.limit - figure.most } else { figure.least - self.limit };
        if room.abs() <= figure.step / 2.0 {
            return None;
        }
        Some(if room > 0.0 { Status::Pass } else { Status::Fail })
    }
}
