//! What entries are called in Redis, and how long they live.

use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// Names an entry of a kind. A key may be anything, an e-mail address or a question: only its SHA-256 hash is said to
/// Redis, which also bounds its length.
#[must_use]
pub(crate) fn name(prefix: &str, kind: &str, key: &str) -> String {
    let hash = hash(key);
    let mut name = String::with_capacity(prefix.len() + kind.len() + 1 + 2 * hash.len());
    name.push_str(prefix);
    name.push_str(kind);
    name.push(':');
    for byte in hash {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The hash by which a key is known.
#[must_use]
pub(crate) fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// A time to live as Redis takes it: whole milliseconds, at least one.
#[must_use]
pub(crate) fn lifetime_ms(lifetime: Duration) -> i64 {
    i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_of_the_key_is_in_the_name() {
        let name = name("voiceassist:", "limit:login", "anna@example.org");
        assert_eq!(name, "voiceassist:limit:login:a3bf86238a1c59bd2f0a648af9293620f90d18dad133d8fe2341cf9664a5d6d0");
    }

    proptest! {
        #[test]
        fn every_key_has_a_short_plain_name_of_its_own(key in any::<String>(), other in any::<String>()) {
            let named = name("p:", "kind", &key);
            prop_assert!(named.len() == 2 + 5 + 64);
            prop_assert!(named.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == ':'));
            prop_assert_eq!(named == name("p:", "kind", &other), key == other);
        }
    }
}
