//! A length of time, written as Prometheus does: `30s`, `5m`, `1h`, `30d`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time in whole seconds, minutes, hours or days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window(u64);

/// The units, the largest first, with their seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// It is not written as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a length of time such as 30s, 5m, 1h or 30d")]
pub struct NoWindow(String);

impl Window {
    /// So many seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// As the standard library has it.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl TryFrom<String> for Window {
    type Error = NoWindow;

    fn try_from(text: String) -> Result<Self, NoWindow> {
        let read = UNITS.iter().find_map(|(unit, seconds)| {
            let count: u64 = text.strip_suffix(*unit)?.parse().ok()?;
            count.checked_mul(*seconds).filter(|seconds| *seconds > 0)
        });
        read.map(Self).ok_or(NoWindow(text))
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, seconds) =
            UNITS.into_iter().find(|(_, seconds)| self.0.is_multiple_of(*seconds)).unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in ["", "5", "m", "0m", "-1m", "5 m", "1.5h", "5w", "99999999999999999d"] {
            assert!(Window::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_it_writes(seconds in 1_u64..10_000_000) {
            let window = Window::from_seconds(seconds);
            prop_assert_eq!(Window::try_from(window.to_string()), Ok(window));
        }
    }
}
