//! Everything that is kept, moved as a whole: from one database to another, into a backup, and out of it.
//!
//! What is read (`snapshot`, or `contents` of a file) are the rows of all entities, each in a form that is the
//! same for both databases and for a file (`row`, `format`); what is filled (`writer`) then makes its indexes (`derived`) itself. In the end
//! both sides are compared by counts and checksums (`digest`).

mod contents;
mod derived;
mod digest;
mod error;
mod format;
mod recorder;
mod row;
mod snapshot;
mod table;
mod writer;

use std::path::Path;

use contents::Contents;
use digest::Digest;
pub use digest::TableSum;
pub use error::Error;
use error::Result;
use recorder::Recorder;
use row::Row;
use snapshot::Snapshot;
use table::tables;
use writer::Writer;

use crate::Store;

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is being done.
    pub phase: Phase,
    /// Rows or chunks that are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// The parts of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Rows are read and written.
    Copying,
    /// Chunks are indexed.
    Indexing,
    /// The rows of the target are read again and compared.
    Checking,
}

/// Who is told how far it has come.
pub type Watch<'a> = &'a mut (dyn FnMut(Step) + Send);

/// Copies everything from one database into another, empty one; begun again after an interruption, it goes on where it
/// was. The source must stand still until it is done: what is written there meanwhile stays behind.
pub async fn copy(source: &Store, target: &Store, watch: Watch<'_>) -> Result<Vec<TableSum>> {
    let snapshot = Snapshot::of(source).await?;
    snapshot.must_be_whole().await?;
    let mut writer = Writer::claim(target, &snapshot.identity().await?).await?;
    let mut progress = Progress { watch, phase: Phase::Copying, done: 0, total: snapshot.count_all().await? };
    let mut sums = Vec::new();
    for table in tables() {
        writer.begin_table(&table).await?;
        let (mut digest, mut after) = (Digest::default(), None);
        loop {
            let rows = snapshot.page(&table, after.as_ref()).await?;
            let Some(last) = rows.last() else { break };
            after = last.key(&table).cloned();
            let count = rows.len() as u64;
            for row in rows {
                let encoded = row.encode();
                digest.add(&encoded);
                writer.write(&table, row, encoded.len()).await?;
            }
            progress.advance(count);
        }
        writer.end_table(&table).await?;
        sums.push(digest.finish(table.name));
    }
    complete(target, writer, sums, progress.watch).await
}

/// Writes everything into a file, as it is at this moment; others may go on writing into the database.
pub async fn backup(source: &Store, file: &Path, watch: Watch<'_>) -> Result<Vec<TableSum>> {
    let snapshot = Snapshot::of(source).await?;
    snapshot.must_be_whole().await?;
    let mut progress = Progress { watch, phase: Phase::Copying, done: 0, total: snapshot.count_all().await? };
    let mut recorder = Recorder::begin(file, source.clock().now());
    for table in tables() {
        recorder.table(&table).await?;
        let mut after = None;
        loop {
            let rows = snapshot.page(&table, after.as_ref()).await?;
            let Some(last) = rows.last() else { break };
            after = last.key(&table).cloned();
            progress.advance(rows.len() as u64);
            recorder.rows(rows.iter().map(Row::encode).collect()).await?;
        }
    }
    recorder.finish().await
}

/// Fills an empty database from a file; begun again after an interruption, it goes on where it was. The whole file is
/// checked before anything is written.
pub async fn restore(file: &Path, target: &Store, watch: Watch<'_>) -> Result<Vec<TableSum>> {
    let contents = Contents::check(file).await?;
    let mut writer = Writer::claim(target, &contents.identity()?).await?;
    let sums = contents.sums().to_vec();
    let total = sums.iter().map(|sum| sum.rows).sum();
    let mut progress = Progress { watch, phase: Phase::Copying, done: 0, total };
    let mut rows = contents.rows();
    for table in tables() {
        writer.begin_table(&table).await?;
        while let Some((row, bytes)) = rows.next(&table).await? {
            writer.write(&table, row, bytes).await?;
            progress.advance(1);
        }
        writer.end_table(&table).await?;
    }
    complete(target, writer, sums, progress.watch).await
}

/// Fails when a transfer into this database has not ended: whatever is still missing would be missing in answers.
pub async fn must_be_whole(store: &Store) -> Result<()> {
    Snapshot::of(store).await?.must_be_whole().await
}

/// Makes the target's indexes and compares it with what should be in it.
async fn complete(target: &Store, writer: Writer<'_>, sums: Vec<TableSum>, watch: Watch<'_>) -> Result<Vec<TableSum>> {
    let of = |name: &str| sums.iter().find(|sum| sum.name == name).map_or(0, |sum| sum.rows);
    let mut progress = Progress { watch, phase: Phase::Indexing, done: 0, total: of("chunk") };
    derived::index_documents(target, |chunks| progress.advance(chunks)).await?;
    let total = sums.iter().map(|sum| sum.rows).sum();
    let mut progress = Progress { watch: progress.watch, phase: Phase::Checking, done: 0, total };
    let snapshot = Snapshot::of(target).await?;
    for (table, expected) in tables().iter().zip(&sums) {
        let found = snapshot.sum(table, |rows| progress.advance(rows)).await?;
        if found != *expected {
            return Err(differs(expected, &found));
        }
    }
    derived::settle(target).await?;
    writer.finish().await?;
    Ok(sums)
}

fn differs(expected: &TableSum, found: &TableSum) -> Error {
    Error::Differs {
        table: expected.name.clone(),
        source_rows: expected.rows,
        source_checksum: expected.sha256.clone(),
        target_rows: found.rows,
        target_checksum: found.sha256.clone(),
    }
}

struct Progress<'a> {
    watch: Watch<'a>,
    phase: Phase,
    done: u64,
    total: u64,
}

impl Progress<'_> {
    fn advance(&mut self, by: u64) {
        self.done += by;
        (self.watch)(Step { phase: self.phase, done: self.done, total: self.total });
    }
}
