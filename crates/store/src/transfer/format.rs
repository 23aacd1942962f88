//! The form of a backup: a line that says what it is, a zlib stream of frames, and the SHA-256 of all that.
//!
//! A frame is a letter, the length of its content as a 32-bit little-endian integer, and the content: `H` the header
//! (JSON), `T` the name of the table whose rows follow, `R` a row in its canonical encoding, and at last `E` the header
//! once more with the count and the checksum of every table (JSON).

use chrono::{DateTime, Utc};
use sea_orm_migration::MigratorTrait as _;
use serde::{Deserialize, Serialize};

use super::digest::TableSum;
use super::table::tables;
use crate::migration::Migrator;

/// How the first line of every backup begins.
pub(super) const NAME: &[u8] = b"VoiceAssist backup ";
/// What follows is of the version that the first line names.
pub(super) const VERSION: &[u8] = b"1\n";

/// What a frame holds.
pub(super) const HEADER: u8 = b'H';
pub(super) const TABLE: u8 = b'T';
pub(super) const ROW: u8 = b'R';
pub(super) const END: u8 = b'E';

/// Bytes of the sum that a backup ends with.
pub(super) const SUM: usize = 32;

/// Who wrote a backup, when, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Version of the program.
    pub(super) program: String,
    /// The last change of the tables that it knew.
    pub(super) schema: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) tables: Vec<Columns>,
}

/// A table and its columns, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Columns {
    pub(super) name: String,
    columns: Vec<String>,
}

/// The end of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) header: Header,
    pub(super) sums: Vec<TableSum>,
}

impl Header {
    /// The header of a backup that this program writes now.
    pub(super) fn new(created_at: DateTime<Utc>) -> Self {
        let columns = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        let tables = tables()
            .iter()
            .map(|table| Columns { name: table.name.to_owned(), columns: columns(table.column_names()) })
            .collect();
        let schema = Migrator::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default();
        Self { program: env!("CARGO_PKG_VERSION").to_owned(), schema, created_at, tables }
    }
}
