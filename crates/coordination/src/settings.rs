//! Which Redis is used, and how.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::RedisUrl;

/// The `redis` section of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where Redis is; see [`RedisUrl`] for the forms. Without it, this process coordinates with nobody.
    pub url: Option<RedisUrl>,
    /// How long an operation may take, in milliseconds.
    pub timeout_ms: u64,
    /// What every key begins with, so that several installations can share one Redis.
    pub key_prefix: String,
    /// File with the certificates (PEM) of the authorities that may vouch for Redis, instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { url: None, timeout_ms: 50, key_prefix: "voiceassist:".to_owned(), ca_file: None }
    }
}

/// A setting with a value that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("redis.{key} {problem}")]
pub struct InvalidSetting {
    /// The key within the section.
    pub key: &'static str,
    /// What is wrong with its value, and what would be right.
    pub problem: String,
}

/// Longest prefix of keys; every entry carries it.
const PREFIX_BYTES: usize = 64;
/// Longest timeout, in milliseconds: a request waits that long.
const MAX_TIMEOUT_MS: u64 = 10_000;

impl Settings {
    /// Checks every value; the error names the first key that is wrong.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let invalid = |key, problem| Err(InvalidSetting { key, problem });
        if let Some(url) = &self.url
            && let Err(problem) = url.config()
        {
            return invalid("url", problem);
        }
        if !(1..=MAX_TIMEOUT_MS).contains(&self.timeout_ms) {
            return invalid("timeout_ms", format!("must be between 1 and {MAX_TIMEOUT_MS}, not {}", self.timeout_ms));
        }
        // Braces would decide which node of a cluster holds a key, and spaces make keys unreadable.
        let fits = |c: char| c.is_ascii_alphanumeric() || ":._-".contains(c);
        if self.key_prefix.len() > PREFIX_BYTES || !self.key_prefix.chars().all(fits) {
            let problem = format!("must be at most {PREFIX_BYTES} letters, digits, or any of : . _ -");
            return invalid("key_prefix", format!("{problem}, not {:?}", self.key_prefix));
        }
        if self.ca_file.is_some() && !self.url.as_ref().is_some_and(RedisUrl::is_encrypted) {
            return invalid("ca_file", "needs a redis.url that begins with rediss".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(settings: &Settings) -> Result<(), String> {
        settings.validate().map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(message(&Settings::default()), Ok(()));
    }

    #[test]
    fn a_message_names_the_key() {
        let none = Settings { timeout_ms: 0, ..Settings::default() };
        assert_eq!(message(&none), Err("redis.timeout_ms must be between 1 and 10000, not 0".to_owned()));
        for key_prefix in ["{a}", "a b", "a\n", &"a".repeat(65)] {
            let settings = Settings { key_prefix: key_prefix.to_owned(), ..Settings::default() };
            assert!(message(&settings).is_err_and(|text| text.starts_with("redis.key_prefix must")), "{key_prefix}");
        }
        let plain = Settings {
            url: Some(RedisUrl::new("redis://localhost")),
            ca_file: Some(PathBuf::from("ca.pem")),
            ..Settings::default()
        };
        assert_eq!(message(&plain), Err("redis.ca_file needs a redis.url that begins with rediss".to_owned()));
        let http = Settings { url: Some(RedisUrl::new("http://localhost")), ..Settings::default() };
        assert!(message(&http).is_err_and(|text| text.starts_with("redis.url must begin with redis://")));
    }
}
