//! How much the tiers keep, and for how long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The `cache` section of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether anything is cached.
    pub enabled: bool,
    /// Most bytes in this process.
    pub l1_bytes: u64,
    /// Most entries in this process.
    pub l1_entries: usize,
    /// How long this process keeps an entry, in seconds.
    pub l1_ttl_s: u64,
    /// Most bytes on disk or in Redis.
    pub l2_bytes: u64,
    /// How long an entry stays on disk or in Redis, in seconds.
    pub l2_ttl_s: u64,
    /// Most questions that are compared by meaning.
    pub rag_entries: usize,
    /// Most bytes that these questions take in this process.
    pub rag_bytes: u64,
    /// How long a question is compared by meaning, in seconds.
    pub rag_ttl_s: u64,
    /// How long "there is nothing" is kept, in seconds, in every tier.
    pub negative_ttl_s: u64,
    /// How long the others wait for a gateway that died while it computed, in milliseconds.
    pub flight_lease_ms: u64,
    /// Least cosine similarity of questions that may be the same.
    pub min_similarity: f32,
    /// The most that the 95 % upper bound of the rate of false hits by meaning may be. Whoever compares questions raises
    /// `min_similarity` until it is.
    pub max_false_hit_rate: f64,
    /// Most changes that the journal keeps.
    pub journal_changes: usize,
    /// Most bytes that these changes take.
    pub journal_bytes: u64,
    /// Most questions that are remembered for warming.
    pub popular_questions: usize,
}

const MIB: u64 = 1 << 20;

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            l1_bytes: 64 * MIB,
            l1_entries: 50_000,
            l1_ttl_s: 3_600,
            l2_bytes: 512 * MIB,
            l2_ttl_s: 24 * 3_600,
            rag_entries: 100_000,
            rag_bytes: 128 * MIB,
            rag_ttl_s: 24 * 3_600,
            negative_ttl_s: 60,
            flight_lease_ms: 5_000,
            min_similarity: 0.88,
            max_false_hit_rate: 0.01,
            journal_changes: 10_000,
            journal_bytes: 32 * MIB,
            popular_questions: 1_000,
        }
    }
}

/// A setting with a value that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cache.{key} {problem}")]
pub struct InvalidSetting {
    /// The key within the section.
    pub key: &'static str,
    /// What is wrong with its value, and what would be right.
    pub problem: String,
}

/// The longest time to live: a year.
const MAX_TTL_S: u64 = 366 * 24 * 3_600;
/// The most bytes: a tebibyte.
const MAX_BYTES: u64 = 1 << 40;
const MAX_ENTRIES: u64 = 10_000_000;

impl Settings {
    /// Checks every value; the error names the first key that is wrong.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let within = |key, value: u64, least: u64, most: u64| {
            let problem = || format!("must be between {least} and {most}, not {value}");
            if (least..=most).contains(&value) { Ok(()) } else { Err(InvalidSetting { key, problem: problem() }) }
        };
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        within("l1_bytes", self.l1_bytes, 0, MAX_BYTES)?;
        within("l1_entries", count(self.l1_entries), 0, MAX_ENTRIES)?;
        within("l1_ttl_s", self.l1_ttl_s, 1, MAX_TTL_S)?;
        within("l2_bytes", self.l2_bytes, 0, MAX_BYTES)?;
        within("l2_ttl_s", self.l2_ttl_s, 1, MAX_TTL_S)?;
        within("rag_entries", count(self.rag_entries), 0, MAX_ENTRIES)?;
        within("rag_bytes", self.rag_bytes, 0, MAX_BYTES)?;
        within("rag_ttl_s", self.rag_ttl_s, 1, MAX_TTL_S)?;
        within("negative_ttl_s", self.negative_ttl_s, 1, MAX_TTL_S)?;
        within("flight_lease_ms", self.flight_lease_ms, 100, 600_000)?;
        within("journal_changes", count(self.journal_changes), 1, MAX_ENTRIES)?;
        within("journal_bytes", self.journal_bytes, 1, MAX_BYTES)?;
        within("popular_questions", count(self.popular_questions), 0, 100_000)?;
        if !(0.0..=1.0).contains(&self.min_similarity) {
            let problem = format!("must be between 0 and 1, not {}", self.min_similarity);
            return Err(InvalidSetting { key: "min_similarity", problem });
        }
        if !(0.0..=1.0).contains(&self.max_false_hit_rate) {
            let problem = format!("must be between 0 and 1, not {}", self.max_false_hit_rate);
            return Err(InvalidSetting { key: "max_false_hit_rate", problem });
        }
        Ok(())
    }

    pub(crate) fn flight_lease(&self) -> Duration {
        Duration::from_millis(self.flight_lease_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Settings::default().validate(), Ok(()));
    }

    #[test]
    fn what_cannot_work_is_named() {
        let message = |settings: Settings| settings.validate().map_err(|error| error.to_string());
        let short = Settings { l2_ttl_s: 0, ..Settings::default() };
        assert_eq!(message(short), Err("cache.l2_ttl_s must be between 1 and 31622400, not 0".to_owned()));
        let unlike = Settings { min_similarity: 1.5, ..Settings::default() };
        assert_eq!(message(unlike), Err("cache.min_similarity must be between 0 and 1, not 1.5".to_owned()));
        let never = Settings { min_similarity: f32::NAN, ..Settings::default() };
        assert_eq!(message(never), Err("cache.min_similarity must be between 0 and 1, not NaN".to_owned()));
        let rate = Settings { max_false_hit_rate: -0.1, ..Settings::default() };
        assert!(message(rate).is_err_and(|text| text.starts_with("cache.max_false_hit_rate must")));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let read = serde_json::from_str::<Settings>(r#"{"l1_byte": 1}"#);
        assert!(read.is_err_and(|error| error.to_string().contains("l1_byte")));
    }
}
