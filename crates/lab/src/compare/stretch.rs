//! What is compared: stretches of a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What happened in a stretch of a run: a second or so of a load, or one turn of a binary in an A/B comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were not.
    pub failed: u64,
    /// Latencies of what was answered, in microseconds, and how often each was seen. Upper bounds of buckets will do.
    #[serde(default)]
    pub latencies_us: BTreeMap<u64, u64>,
    /// What adds up over stretches: `cpu_seconds`, `queries`, `l1_hits`, `l1_lookups`.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
    /// The most of what does not add up, and is averaged over stretches: `memory_bytes`.
    #[serde(default)]
    pub peaks: BTreeMap<String, f64>,
}

/// A run, in the order of time.
pub type Series = Vec<Stretch>;

/// Both binaries, one right after the other, in either order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The turn of the binary that is compared with.
    pub before: Stretch,
    /// The turn of the other one.
    pub after: Stretch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_survives_a_file() {
        let stretch = Stretch {
            seconds: 1.5,
            answered: 3,
            failed: 1,
            latencies_us: BTreeMap::from([(900, 2), (12_000, 1)]),
            figures: BTreeMap::from([("cpu_seconds".to_owned(), 0.25)]),
            peaks: BTreeMap::from([("memory_bytes".to_owned(), 3e8)]),
        };
        let written = serde_json::to_string(&stretch).unwrap();
        assert_eq!(serde_json::from_str::<Stretch>(&written).unwrap(), stretch);
        let least = r#"{"seconds":1,"answered":0,"failed":0}"#;
        assert_eq!(serde_json::from_str::<Stretch>(least).unwrap(), Stretch { seconds: 1.0, ..Stretch::default() });
    }
}
