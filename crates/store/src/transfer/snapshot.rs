//! Reading everything as it was at one moment, while others go on writing.

use sea_orm::{ConnectionTrait as _, Value};

use super::Error;
use super::digest::{Digest, TableSum, sha256};
use super::error::Result;
use super::row::Row;
use super::table::{MARK, Table, tables};
use crate::Store;
use crate::database::{Transaction, scalar};

/// The signing key: no two installations have the same.
const SIGNING_KEY: &str = "jwt_key";

/// A database at one moment.
pub(super) struct Snapshot {
    transaction: Transaction,
}

impl Snapshot {
    pub(super) async fn of(store: &Store) -> Result<Self> {
        Ok(Self { transaction: store.begin_snapshot("transfer.read").await? })
    }

    /// The next rows after a key, in the order of their keys; none when there are no more.
    pub(super) async fn page(&self, table: &Table, after: Option<&Value>) -> Result<Vec<Row>> {
        let select = table.select_after(after, self.transaction.get_database_backend());
        let results = self.transaction.query_all(&select).await?;
        let mut rows = Vec::with_capacity(results.len());
        for result in results {
            let mut row = Row::read(table, &result)?;
            settle(table, &mut row);
            rows.push(row);
        }
        Ok(rows)
    }

    /// How many rows there are.
    pub(super) async fn count_all(&self) -> Result<u64> {
        let mut all = 0;
        for table in tables() {
            let count = format!("SELECT count(*) FROM \"{}\"", table.name);
            let count: i64 = scalar(&self.transaction, &count).await?;
            all += u64::try_from(count).unwrap_or_default();
        }
        Ok(all)
    }

    /// What tells this installation from every other one.
    pub(super) async fn identity(&self) -> Result<[u8; 32]> {
        let (mut key, mut first) = (Vec::new(), Vec::new());
        for table in tables() {
            match table.name {
                "setting" => {
                    for row in self.page(&table, None).await? {
                        if row.key(&table) == Some(&SIGNING_KEY.into()) {
                            key = row.encode();
                        }
                    }
                }
                "account" => first = self.page(&table, None).await?.first().map(Row::encode).unwrap_or_default(),
                _ => {}
            }
        }
        Ok(sha256(&[&key, first.get(..17).unwrap_or_default()]))
    }

    /// Fails when the database is itself the half-filled target of a transfer.
    pub(super) async fn must_be_whole(&self) -> Result<()> {
        let marks = format!("SELECT count(*) FROM setting WHERE name = '{MARK}'");
        let marks: i64 = scalar(&self.transaction, &marks).await?;
        if marks == 0 { Ok(()) } else { Err(Error::HalfFilled) }
    }

    pub(super) async fn sum(&self, table: &Table, mut done: impl FnMut(u64)) -> Result<TableSum> {
        let (mut digest, mut after) = (Digest::default(), None);
        loop {
            let rows = self.page(table, after.as_ref()).await?;
            let Some(last) = rows.last() else { return Ok(digest.finish(table.name)) };
            after = last.key(table).cloned();
            done(rows.len() as u64);
            for row in rows {
                digest.add(&row.encode());
            }
        }
    }
}

/// A job that is in hand belongs to a process of the source; in the target it waits for a worker.
fn settle(table: &Table, row: &mut Row) {
    if table.name == "job" {
        if row.get(table, "state") == Some(&"running".into()) {
            row.set(table, "state", "queued".into());
        }
        row.set(table, "lease_holder", Value::Uuid(None));
        row.set(table, "lease_until", Value::ChronoDateTimeUtc(None));
    }
}
