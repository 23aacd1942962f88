//! What entries are called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Names an entry: the SHA-256 hash of everything that a value depends on. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 32]);

const PART: u8 = 1;
const LIST: u8 = 2;

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 64 hexadecimal digits")]
pub struct NotAKey;

impl Key {
    /// Begins a key of a kind of values; keys of different kinds are different.
    #[must_use]
    pub fn builder(kind: &str) -> KeyBuilder {
        KeyBuilder(Sha256::new()).bytes(kind.as_bytes())
    }

    /// The hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key with this hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// A key in the making. Each part says what it is and how long its name and its value are, so that no two sequences of parts
/// are the same bytes.
#[derive(Clone, Debug)]
pub struct KeyBuilder(Sha256);

impl KeyBuilder {
    /// Adds a part: what it is, and what it is written as.
    #[must_use]
    pub fn part(self, name: &str, value: &(impl fmt::Display + ?Sized)) -> Self {
        self.tag(PART).bytes(name.as_bytes()).bytes(value.to_string().as_bytes())
    }

    /// Adds a part that is a list.
    #[must_use]
    pub fn list<T: fmt::Display>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        let mut builder = self.tag(LIST).bytes(name.as_bytes());
        builder.0.update((values.len() as u64).to_le_bytes());
        values.iter().fold(builder, |builder, value| builder.bytes(value.as_bytes()))
    }

    /// The key.
    #[must_use]
    pub fn finish(self) -> Key {
        Key(self.0.finalize().into())
    }

    fn tag(mut self, tag: u8) -> Self {
        self.0.update([tag]);
        self
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: every lookup in Redis writes one.
        let mut text = [0; 64];
        let halves = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        text.iter_mut()
            .zip(halves)
            .for_each(|(place, half)| *place = if half < 10 { b'0' + half } else { b'a' + half - 10 });
        formatter.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({self})")
    }
}

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NotAKey);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().try_fold(0, |byte, digit| Some(byte << 4 | digit_value(*digit)?)).ok_or(NotAKey)?;
        }
        Ok(Self(bytes))
    }
}

fn digit_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(kind: &str, parts: &[(String, String)]) -> Key {
        parts.iter().fold(Key::builder(kind), |key, (name, value)| key.part(name, value)).finish()
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let digits = "0".repeat(64);
        for text in ["", "00", &digits[1..], &format!("{digits}0"), &format!("g{}", &digits[1..]), &"é".repeat(32)] {
            assert_eq!(text.parse::<Key>(), Err(NotAKey), "{text}");
        }
    }

    #[test]
    fn a_key_is_the_same_tomorrow() {
        let key = Key::builder("answer").part("model", "a").list("documents", [1, 2]).finish();
        assert_eq!(key.to_string(), "e4651ef648323a01a20459ffa63eea58fb1529fb177a8895a02be2d915e115ec");
    }

    #[test]
    fn a_list_is_not_its_concatenation() {
        let list = |values: &[&str]| Key::builder("k").list("l", values).finish();
        assert_ne!(list(&["a", "b"]), list(&["ab"]));
        assert_ne!(list(&[]), list(&[""]));
        assert_ne!(
            Key::builder("k").list("l", ["a"]).part("x", "y").finish(),
            Key::builder("k").list("l", ["a", "x", "y"]).finish()
        );
    }

    proptest! {
        #[test]
        fn different_parts_have_different_keys(
            kind in "[ab]{0,2}", parts in proptest::collection::vec(("[ab]{0,2}", "[ab]{0,2}"), 0..4),
            other_kind in "[ab]{0,2}", others in proptest::collection::vec(("[ab]{0,2}", "[ab]{0,2}"), 0..4),
        ) {
            let same = kind == other_kind && parts == others;
            prop_assert_eq!(of(&kind, &parts) == of(&other_kind, &others), same);
        }

        #[test]
        fn a_key_reads_what_it_writes(bytes in any::<[u8; 32]>()) {
            let key = Key::from_bytes(bytes);
            prop_assert_eq!(key.to_string().parse(), Ok(key));
            prop_assert_eq!(key.to_string().to_uppercase().parse(), Ok(key));
            prop_assert_eq!(serde_json::from_str::<Key>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
        }
    }
}
