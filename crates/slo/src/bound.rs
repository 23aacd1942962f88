//! What a value must not go beyond.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Range;

/// A bound, written `{ below = 200 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The value must be less.
    Below(f64),
    /// The value must not be more.
    AtMost(f64),
    /// The value must be more.
    Above(f64),
    /// The value must not be less.
    AtLeast(f64),
}

impl Bound {
    /// Where it lies.
    #[must_use]
    pub const fn limit(self) -> f64 {
        let (Self::Below(limit) | Self::AtMost(limit) | Self::Above(limit) | Self::AtLeast(limit)) = self;
        limit
    }

    /// Whether less is better.
    #[must_use]
    pub const fn is_upper(self) -> bool {
        matches!(self, Self::Below(_) | Self::AtMost(_))
    }

    /// Whether a value keeps it. What is not a number keeps nothing.
    #[must_use]
    pub fn is_kept_by(self, value: f64) -> bool {
        match self {
            Self::Below(limit) => value < limit,
            Self::AtMost(limit) => value <= limit,
            Self::Above(limit) => value > limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    /// The end of a range that is nearest to breaking it.
    #[must_use]
    pub fn worst_of(self, range: Range) -> f64 {
        if self.is_upper() { range.most() } else { range.least() }
    }

    /// The sign between a value that breaks it and the limit, as in `value > limit`.
    #[must_use]
    pub const fn broken_by(self) -> &'static str {
        match self {
            Self::Below(_) => ">=",
            Self::AtMost(_) => ">",
            Self::Above(_) => "<=",
            Self::AtLeast(_) => "<",
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self {
            Self::Below(_) => "<",
            Self::AtMost(_) => "≤ ",
            Self::Above(_) => ">",
            Self::AtLeast(_) => "≥ ",
        };
        write!(f, "{sign}{}", self.limit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_belongs_to_two_of_the_four() {
        let kept = [Bound::Below(5.0), Bound::AtMost(5.0), Bound::Above(5.0), Bound::AtLeast(5.0)]
            .map(|bound| [4.0, 5.0, 6.0].map(|value| bound.is_kept_by(value)));
        assert_eq!(kept, [[true, false, false], [true, true, false], [false, false, true], [false, true, true]]);
    }

    #[test]
    fn what_is_not_a_number_keeps_nothing() {
        let bounds = [Bound::Below(5.0), Bound::AtMost(5.0), Bound::Above(5.0), Bound::AtLeast(5.0)];
        assert!(bounds.into_iter().all(|bound| !bound.is_kept_by(f64::NAN)));
    }

    #[test]
    fn the_sign_of_a_breach_is_the_opposite() {
        for (bound, value) in
            [(Bound::Below(5.0), 5.0), (Bound::AtMost(5.0), 5.1), (Bound::Above(5.0), 5.0), (Bound::AtLeast(5.0), 4.9)]
        {
            let breaks = match bound.broken_by() {
                ">=" => value >= bound.limit(),
                ">" => value > bound.limit(),
                "<=" => value <= bound.limit(),
                _ => value < bound.limit(),
            };
            assert!(breaks && !bound.is_kept_by(value), "{bound}");
        }
    }
}
