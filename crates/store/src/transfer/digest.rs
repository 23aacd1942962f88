//! Counts and checksums of tables.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// The table's name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over the canonical encoding of all rows in the order of their keys, in hexadecimal digits.
    pub sha256: String,
}

/// A file that is being written, with the sum of what was written so far.
pub(super) struct Summing<W> {
    pub(super) inner: W,
    pub(super) sha256: Sha256,
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A sum that is being made.
#[derive(Debug, Default)]
pub(super) struct Digest {
    rows: u64,
    sha256: Sha256,
}

impl Digest {
    /// Adds a row's encoding.
    pub(super) fn add(&mut self, encoded: &[u8]) {
        self.rows += 1;
        // With its length: no two sequences of rows are summed alike.
        self.sha256.update((encoded.len() as u64).to_le_bytes());
        self.sha256.update(encoded);
    }

    pub(super) fn finish(self, name: &str) -> TableSum {
        TableSum { name: name.to_owned(), rows: self.rows, sha256: hexadecimal(&self.sha256.finalize()) }
    }
}

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    sum.finalize().into()
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
