//! Filling a target: batch by batch, each a transaction, so that it can go on where it was killed.

use std::cmp::Ordering;

use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait as _, DbErr, EntityTrait as _, Value};

use super::error::Result;
use super::row::{self, Row};
use super::table::{MARK, Table, tables};
use super::{Error, derived};
use crate::database::{Rule, Transaction};
use crate::entity::setting;
use crate::{Store, search};

/// Rows to a batch: `SQLite` takes 32,766 parameters to a statement, a document has 15.
const BATCH_ROWS: usize = 1_000;
/// Bytes to a batch; a larger row makes one of its own.
const BATCH_BYTES: usize = 8 << 20;

/// The target of a transfer.
pub(super) struct Writer<'a> {
    store: &'a Store,
    pending: Vec<Row>,
    pending_bytes: usize,
    /// The greatest key of the table that is in the target already.
    present: Option<Value>,
}

impl<'a> Writer<'a> {
    /// Takes an empty target, or one that was half filled from the same source.
    pub(super) async fn claim(store: &'a Store, identity: &[u8; 32]) -> Result<Self> {
        let transaction = begin(store).await?;
        let mark = setting::Entity::find_by_id(MARK.to_owned()).one(&transaction).await?;
        match mark {
            Some(mark) if mark.value == identity => {}
            Some(_) => return Err(Error::OtherTransfer),
            None => {
                // A server that was started once to see whether it runs has left settings, and nothing else.
                for table in tables().iter().filter(|table| table.name != "setting") {
                    if greatest(&transaction, table).await?.is_some() {
                        return Err(Error::NotEmpty { table: table.name });
                    }
                }
                setting::Entity::delete_many().exec(&transaction).await?;
                let mark = setting::Model { name: MARK.to_owned(), value: identity.to_vec() };
                setting::Entity::insert(setting::ActiveModel::from(mark)).exec_without_returning(&transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(Self { store, pending: Vec::new(), pending_bytes: 0, present: None })
    }

    /// Turns to the next table.
    pub(super) async fn begin_table(&mut self, table: &Table) -> Result<()> {
        let transaction = begin(self.store).await?;
        self.present = greatest(&transaction, table).await?;
        Ok(())
    }

    /// Writes a row, unless it is there already.
    pub(super) async fn write(&mut self, table: &Table, row: Row, bytes: usize) -> Result<()> {
        if let (Some(key), Some(present)) = (row.key(table), &self.present)
            && order(key, present) != Ordering::Greater
        {
            return Ok(());
        }
        if self.pending_bytes + bytes > BATCH_BYTES || self.pending.len() >= BATCH_ROWS {
            self.flush(table).await?;
        }
        self.pending.push(row);
        self.pending_bytes += bytes;
        Ok(())
    }

    /// Writes what is left of a table.
    pub(super) async fn end_table(&mut self, table: &Table) -> Result<()> {
        self.flush(table).await
    }

    async fn flush(&mut self, table: &Table) -> Result<()> {
        self.pending_bytes = 0;
        let rows = std::mem::take(&mut self.pending);
        if rows.is_empty() {
            return Ok(());
        }
        let transaction = begin(self.store).await?;
        let numbered = if table.name == "message" { numbered_texts(table, &rows) } else { Vec::new() };
        insert(&transaction, table, rows).await?;
        let numbered: Vec<(i64, &str)> = numbered.iter().map(|(number, text)| (*number, text.as_str())).collect();
        search::index_messages(&transaction, &numbered).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Everything is there and as it should be: the target is a database like any other.
    pub(super) async fn finish(self) -> Result<()> {
        let transaction = begin(self.store).await?;
        derived::set_sequences(&transaction).await?;
        setting::Entity::delete_by_id(MARK.to_owned()).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Begins a transaction that may take its time. What a transfer that was killed had last sent may still be under way in a
/// PostgreSQL server: this one waits until that is written or undone, and only then looks how far it had come.
pub(super) async fn begin(store: &Store) -> Result<Transaction> {
    let transaction = store.begin_alone("transfer.write", Rule::Transfer).await?;
    if !store.is_sqlite() {
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    }
    Ok(transaction)
}

async fn insert(transaction: &Transaction, table: &Table, rows: Vec<Row>) -> Result<()> {
    let backend = transaction.get_database_backend();
    let mut insert = Query::insert();
    insert.into_table(table.iden()).columns(table.column_names());
    for row in rows {
        let values = table.columns.iter().zip(row.0);
        let values = values.map(|(column, value)| Table::written(column, value, backend));
        insert.values(values).map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    transaction.execute(&insert).await?;
    Ok(())
}

/// The greatest key of a table; `None` when it has no rows.
async fn greatest(transaction: &Transaction, table: &Table) -> Result<Option<Value>> {
    let select = table.select_greatest_key(transaction.get_database_backend());
    let found = transaction.query_one(&select).await?;
    let key = found.zip(table.key_column()).map(|(found, column)| row::value(column, &found));
    Ok(key.transpose()?)
}

fn numbered_texts(table: &Table, rows: &[Row]) -> Vec<(i64, String)> {
    let numbered = |row: &Row| match (row.get(table, "number")?, row.get(table, "text")?) {
        (Value::BigInt(Some(number)), Value::String(Some(text))) => Some((*number, text.clone())),
        _ => None,
    };
    rows.iter().filter_map(numbered).collect()
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::BigInt(a), Value::BigInt(b)) => a.cmp(b),
        (Value::Uuid(a), Value::Uuid(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => Ordering::Greater,
    }
}
