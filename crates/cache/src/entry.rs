//! What is kept: a value with everything that decides whether, to whom and until when it may be given.
//!
//! As bytes, an entry is a format version, a CRC-32 of all that follows, the fields, and the value as JSON. JSON, because it
//! describes itself: a value may use all of serde (fields left out, untagged enums), which compact formats cannot read back,
//! and a field that a later version adds with a default does not spoil the entries that are there. It also tells a
//! value of another type by its field names.

use std::sync::Arc;

use uuid::Uuid;

use crate::{Key, Value};

/// Names the format and its version. Bytes that begin otherwise are of another version, which is a miss.
const FORMAT: [u8; 4] = *b"VAe2";
const QUESTION_FORMAT: [u8; 4] = *b"VAq1";

/// A value in the cache.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    /// What it was computed under.
    pub(crate) key: Key,
    /// Whose it is.
    pub(crate) scope: Uuid,
    /// The question that it answers.
    pub(crate) question: Box<str>,
    /// What only matches the same.
    pub(crate) context: Box<str>,
    /// When it was computed, in milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// When the second tier gives it up.
    pub(crate) expires_ms: u64,
    /// The value.
    pub(crate) value: Arc<V>,
    /// How long it is as bytes.
    pub(crate) encoded_bytes: u64,
}

/// A question that has an answer, as gateways tell each other and keep it for the next start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    /// What its answer is called.
    pub(crate) key: Key,
    /// Whose it is.
    pub(crate) scope: Uuid,
    /// In words.
    pub(crate) text: Arc<str>,
    /// What only matches the same.
    pub(crate) context: Box<str>,
    /// Until when it is compared, in milliseconds since 1970.
    pub(crate) expires_ms: u64,
    /// Its vector's direction in steps of 1/127 of its largest component.
    pub(crate) codes: Vec<i8>,
}

impl<V: Value> Entry<V> {
    /// Makes an entry and its bytes; `None` when the value cannot be written as JSON.
    pub(crate) fn encode(mut self, as_of: u64) -> Option<(Self, Vec<u8>)> {
        let bytes = self.encoded(&self.key, as_of)?;
        self.encoded_bytes = bytes.len() as u64;
        Some((self, bytes))
    }

    /// The bytes of an entry that is to stand under this key: its own, or that of a question that says the same.
    pub(crate) fn encoded(&self, under: &Key, as_of: u64) -> Option<Vec<u8>> {
        let mut bytes = begin(FORMAT);
        bytes.extend(under.as_bytes());
        bytes.extend(self.key.as_bytes());
        bytes.extend(self.scope.as_bytes());
        for number in [self.created_ms, self.expires_ms, as_of] {
            bytes.extend(number.to_le_bytes());
        }
        put_text(&mut bytes, &self.question)?;
        put_text(&mut bytes, &self.context)?;
        serde_json::to_writer(&mut bytes, &*self.value).ok()?;
        seal(&mut bytes);
        Some(bytes)
    }

    /// Reads an entry that stands under this key, and the `as_of` that it was written with; `None` when the bytes are damaged,
    /// or another key's, version's or type's.
    pub(crate) fn decode(under: &Key, bytes: &[u8]) -> Option<(Self, u64)> {
        let mut rest = Rest(opened(FORMAT, bytes)?);
        if Key::from_bytes(rest.array()?) != *under {
            return None;
        }
        let key = Key::from_bytes(rest.array()?);
        let scope = Uuid::from_bytes(rest.array()?);
        let [created_ms, expires_ms, as_of] = [rest.number()?, rest.number()?, rest.number()?];
        let (question, context) = (rest.text()?.into(), rest.text()?.into());
        let value = Arc::new(serde_json::from_slice(rest.0).ok()?);
        let encoded_bytes = bytes.len() as u64;
        Some((Self { key, scope, question, context, created_ms, expires_ms, value, encoded_bytes }, as_of))
    }
}

impl Question {
    /// As bytes; `None` for a text of more than 4 GiB.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = begin(QUESTION_FORMAT);
        bytes.extend(self.key.as_bytes());
        bytes.extend(self.scope.as_bytes());
        bytes.extend(self.expires_ms.to_le_bytes());
        put_text(&mut bytes, &self.text)?;
        put_text(&mut bytes, &self.context)?;
        bytes.extend(self.codes.iter().map(|code| code.cast_unsigned()));
        seal(&mut bytes);
        Some(bytes)
    }

    /// `None` when the bytes are damaged or another version's.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(opened(QUESTION_FORMAT, bytes)?);
        Some(Self {
            key: Key::from_bytes(rest.array()?),
            scope: Uuid::from_bytes(rest.array()?),
            expires_ms: rest.number()?,
            text: rest.text()?.into(),
            context: rest.text()?.into(),
            codes: rest.0.iter().map(|code| code.cast_signed()).collect(),
        })
    }
}

/// Where the checksum ends.
const SEALED: usize = 8;

fn begin(format: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1_024);
    bytes.extend(format);
    bytes.extend([0; SEALED - 4]);
    bytes
}

fn seal(bytes: &mut [u8]) {
    if let Some((head, body)) = bytes.split_at_mut_checked(SEALED) {
        let checksum = crc32fast::hash(body).to_le_bytes();
        head.iter_mut().skip(4).zip(checksum).for_each(|(place, byte)| *place = byte);
    }
}

fn opened(format: [u8; 4], bytes: &[u8]) -> Option<&[u8]> {
    let (head, body) = bytes.split_at_checked(SEALED)?;
    let (is, checksum) = head.split_at_checked(4)?;
    (is == format && checksum == crc32fast::hash(body).to_le_bytes()).then_some(body)
}

fn put_text(bytes: &mut Vec<u8>, text: &str) -> Option<()> {
    bytes.extend(u32::try_from(text.len()).ok()?.to_le_bytes());
    bytes.extend(text.as_bytes());
    Some(())
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).ok()?;
        str::from_utf8(self.take(length)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::testing::Note;

    fn entry(text: &str, question: &str) -> Entry<Note> {
        Entry {
            key: Key::builder("k").part("q", question).finish(),
            scope: Uuid::from_u128(7),
            question: question.into(),
            context: "simple".into(),
            created_ms: 1,
            expires_ms: 2,
            value: Arc::new(Note::new(text, &[3])),
            encoded_bytes: 0,
        }
    }

    /// Another type of value.
    #[derive(Debug, Serialize, Deserialize)]
    struct Other {
        count: u32,
    }

    impl Value for Other {
        type Change = ();
        fn altered_by(&self, _change: &()) -> Option<&'static str> {
            None
        }
        fn sources(&self) -> &[Uuid] {
            &[]
        }
        fn is_negative(&self) -> bool {
            self.count == 0
        }
    }

    #[test]
    fn bytes_of_another_kind_are_nothing() {
        let (_, bytes) = entry("text", "question").encode(5).unwrap();
        let key = Key::builder("k").part("q", "question").finish();
        assert!(Entry::<Note>::decode(&key, &bytes).is_some());
        assert!(Entry::<Note>::decode(&Key::from_bytes([9; 32]), &bytes).is_none());
        assert!(Entry::<Other>::decode(&key, &bytes).is_none());
        assert!(Question::decode(&bytes).is_none());
        assert!(Entry::<Note>::decode(&key, &[]).is_none());
        let mut newer = bytes.clone();
        newer[3] += 1;
        assert!(Entry::<Note>::decode(&key, &newer).is_none());
    }

    proptest! {
        #[test]
        fn an_entry_reads_what_it_writes(text in any::<String>(), question in any::<String>(), as_of in any::<u64>()) {
            let (written, bytes) = entry(&text, &question).encode(as_of).unwrap();
            let (read, as_of_read) = Entry::<Note>::decode(&written.key, &bytes).unwrap();
            prop_assert_eq!(as_of_read, as_of);
            prop_assert_eq!((read.key, read.scope, &read.question), (written.key, written.scope, &written.question));
            prop_assert_eq!((read.created_ms, read.expires_ms), (written.created_ms, written.expires_ms));
            prop_assert_eq!((&read.context, &read.value), (&written.context, &written.value));
            prop_assert_eq!((read.encoded_bytes, written.encoded_bytes), (bytes.len() as u64, bytes.len() as u64));
        }

        #[test]
        fn a_damaged_entry_is_nothing(place in any::<prop::sample::Index>(), bit in 0_u8..8, cut in any::<prop::sample::Index>()) {
            let (Entry { key, .. }, bytes) = entry("some text", "some question").encode(5).unwrap();
            let mut damaged = bytes.clone();
            damaged[place.index(bytes.len())] ^= 1 << bit;
            prop_assert!(Entry::<Note>::decode(&key, &damaged).is_none());
            prop_assert!(Entry::<Note>::decode(&key, &bytes[..cut.index(bytes.len())]).is_none());
        }

        #[test]
        fn a_question_reads_what_it_writes(text in any::<String>(), codes in any::<Vec<i8>>(), expires_ms in any::<u64>()) {
            let question = Question {
                key: Key::from_bytes([9; 32]),
                scope: Uuid::from_u128(1),
                text: text.into(),
                context: "c".into(),
                expires_ms,
                codes,
            };
            let bytes = question.encode().unwrap();
            prop_assert_eq!(Question::decode(&bytes).unwrap(), question);
            prop_assert!(Question::decode(&bytes[..bytes.len() - 1]).is_none());
        }
    }
}
