//! Pairs of questions: labelled ones, contradictions, paraphrases, and corrections of labels.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use crate::{Error, Result};

/// Two questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The question that was answered.
    pub a: String,
    /// The question that is asked now.
    pub b: String,
}

/// Two questions, and whether people found them to be the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The questions.
    pub pair: Pair,
    /// Whether the answer to one answers the other.
    pub same: bool,
}

/// Two questions that are worded alike and answered differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// In what they differ.
    pub kind: String,
    /// The questions.
    pub pair: Pair,
}

/// A name of a pair that does not tell its text: the FNV-1a hash of both questions with a tab between them (Fowler, Noll
/// and Vo, RFC 9923).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// Which half of the pairs this one is in: the half to choose a threshold on, or the half to report on.
    #[must_use]
    pub fn is_for_calibration(self) -> bool {
        // The upper half of the bits is mixed in: the lowest bit of the hash is the parity of the text's lowest bits.
        (self.0 ^ (self.0 >> 32)) & 1 == 0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Pair {
    /// The name of this pair.
    #[must_use]
    pub fn key(&self) -> Key {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let bytes = self.a.bytes().chain(*b"\t").chain(self.b.bytes());
        Key(bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
    }
}

/// Reads labelled pairs: `label<TAB>question<TAB>question`, label 1 for the same and 0 for different, after a heading.
pub fn read_labelled(path: &Path) -> Result<Vec<Labelled>> {
    read(path, "label (0 or 1), tab, question, tab, question", |columns| match columns {
        ["label", "question_a", "question_b"] => Ok(None),
        ["1", a, b] => Ok(Some(Labelled { pair: pair(a, b)?, same: true })),
        ["0", a, b] => Ok(Some(Labelled { pair: pair(a, b)?, same: false })),
        [_, _, _] => Err("the label is neither 0 nor 1"),
        _ => Err("there are not three columns"),
    })
}

/// Reads contradictions: `kind<TAB>question<TAB>question`, after a heading.
pub fn read_contradictions(path: &Path) -> Result<Vec<Contradiction>> {
    read(path, "kind, tab, question, tab, question", |columns| match columns {
        ["kind", "question_a", "question_b"] => Ok(None),
        ["", ..] => Err("the kind is missing"),
        [kind, a, b] => Ok(Some(Contradiction { kind: (*kind).to_owned(), pair: pair(a, b)? })),
        _ => Err("there are not three columns"),
    })
}

/// Reads paraphrases: `question<TAB>question`, after a heading.
pub fn read_paraphrases(path: &Path) -> Result<Vec<Pair>> {
    read(path, "question, tab, question", |columns| match columns {
        ["question_a", "question_b"] => Ok(None),
        [a, b] => pair(a, b).map(Some),
        _ => Err("there are not two columns"),
    })
}

/// Reads corrections of labels: `pair<TAB>label<TAB>reason`, the pair by its [`Key`], after a heading.
pub fn read_corrections(path: &Path) -> Result<HashMap<Key, bool>> {
    let corrections = read(path, "pair (16 hexadecimal digits), tab, label (0 or 1), tab, reason", |columns| {
        let [key, label, ..] = columns else { return Err("there are not three columns") };
        if *key == "pair" {
            return Ok(None);
        }
        let key = u64::from_str_radix(key, 16).map_err(|_| "the pair is not a hexadecimal number")?;
        match *label {
            "0" => Ok(Some((Key(key), false))),
            "1" => Ok(Some((Key(key), true))),
            _ => Err("the label is neither 0 nor 1"),
        }
    })?;
    Ok(corrections.into_iter().collect())
}

fn pair(a: &str, b: &str) -> Result<Pair, &'static str> {
    if a.is_empty() || b.is_empty() {
        return Err("a question is missing");
    }
    Ok(Pair { a: a.to_owned(), b: b.to_owned() })
}

/// Reads a file line by line; `line_of` gives `None` for a heading.
fn read<T>(
    path: &Path,
    columns: &'static str,
    line_of: impl Fn(&[&str]) -> Result<Option<T>, &'static str>,
) -> Result<Vec<T>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: name.clone(), source })?;
    let mut read = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let parts: Vec<&str> = line.split('\t').map(str::trim).collect();
        match line_of(&parts) {
            Ok(item) => read.extend(item),
            Err(detail) => return Err(Error::Pair { path: name, line: index + 1, detail, columns }),
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn labels_are_read_and_a_wrong_one_is_named() {
        let good = file("label\tquestion_a\tquestion_b\n1\tHow far?\tHow far is it?\n0\tHow far?\tHow long?\n");
        let labels: Vec<bool> = read_labelled(good.path()).unwrap().iter().map(|pair| pair.same).collect();
        assert_eq!(labels, [true, false]);
        let error = read_labelled(file("1\tHow far?\tHow far?\nyes\ta\tb\n").path()).unwrap_err().to_string();
        assert!(error.contains("line 2: the label is neither 0 nor 1"), "{error}");
    }

    #[test]
    fn a_kind_may_be_called_kind() {
        let file = file("kind\tquestion_a\tquestion_b\nkind\tWho pays?\tWhen is it paid?\n");
        assert_eq!(read_contradictions(file.path()).unwrap().len(), 1);
    }

    #[test]
    fn half_a_contradiction_is_refused() {
        let error = read_contradictions(file("kind\ta\tb\nunit\tHow far?\t\n").path()).unwrap_err().to_string();
        assert!(error.contains("line 2: a question is missing"), "{error}");
    }

    #[test]
    fn corrections_are_found_by_the_key_that_is_shown() {
        let pair = Pair { a: "How far?".to_owned(), b: "How long?".to_owned() };
        let corrections = file(&format!("pair\tlabel\treason\n{}\t1\tsame to a child\n", pair.key()));
        assert_eq!(read_corrections(corrections.path()).unwrap().get(&pair.key()), Some(&true));
    }

    #[test]
    fn the_key_is_the_published_hash() {
        // From the test vectors of RFC 9923: FNV-1a of "foobar".
        let pair = Pair { a: "foobar".to_owned(), b: String::new() };
        let foobar = 0x8594_4171_f739_67e8_u64;
        assert_eq!(pair.key(), Key((foobar ^ 9).wrapping_mul(0x0000_0100_0000_01b3)));
    }

    #[test]
    fn the_halves_are_of_a_size() {
        let pair = |number: usize| Pair { a: format!("What is {number}?"), b: format!("What is {}?", number + 1) };
        let calibrating = (0..1000).filter(|number| pair(*number).key().is_for_calibration()).count();
        assert!((430..570).contains(&calibrating), "{calibrating}");
    }
}
