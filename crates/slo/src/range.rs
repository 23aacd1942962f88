//! A value, or the values between two.

use std::fmt;

use serde::{Deserialize, Serialize};

/// From the least to the most; both are the same where there is one value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Range {
    least: f64,
    most: f64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, or the least and the most as in [2, 3]")]
enum Written {
    One(f64),
    Two([f64; 2]),
}

/// Why there is no such range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the least, {least}, must not be more than the most, {most}, and both must be numbers")]
pub struct NoRange {
    least: f64,
    most: f64,
}

impl Range {
    /// From `least` to `most`.
    pub fn new(least: f64, most: f64) -> Result<Self, NoRange> {
        // Not a number is not in order either.
        if least <= most && least.is_finite() && most.is_finite() {
            Ok(Self { least, most })
        } else {
            Err(NoRange { least, most })
        }
    }

    /// The least value.
    #[must_use]
    pub const fn least(self) -> f64 {
        self.least
    }

    /// The greatest value.
    #[must_use]
    pub const fn most(self) -> f64 {
        self.most
    }
}

impl TryFrom<f64> for Range {
    type Error = NoRange;

    fn try_from(value: f64) -> Result<Self, NoRange> {
        Self::new(value, value)
    }
}

impl TryFrom<Written> for Range {
    type Error = NoRange;

    fn try_from(written: Written) -> Result<Self, NoRange> {
        match written {
            Written::One(value) => Self::new(value, value),
            Written::Two([least, most]) => Self::new(least, most),
        }
    }
}

impl From<Range> for Written {
    fn from(Range { least, most }: Range) -> Self {
        if least < most { Self::Two([least, most]) } else { Self::One(least) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least < self.most { write!(f, "{}-{}", self.least, self.most) } else { write!(f, "{}", self.least) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_range_is_refused() {
        for (least, most) in [(2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
            assert!(Range::new(least, most).is_err(), "{least} to {most}");
        }
        assert!(Range::try_from(f64::NAN).is_err());
    }

    #[test]
    fn it_is_shown_as_people_write_it() -> Result<(), NoRange> {
        assert_eq!(Range::new(2.0, 3.0)?.to_string(), "2-3");
        assert_eq!(Range::try_from(0.5)?.to_string(), "0.5");
        Ok(())
    }
}
