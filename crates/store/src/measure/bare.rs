//! The same statements, sent by sqlx alone.

use std::hint::black_box;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{
    self, AssertSqlSafe, Column as _, PgPool, Postgres, Row, Sqlite, SqlitePool, TypeInfo as _, ValueRef as _,
};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use uuid::Uuid;

use crate::Store;

/// A value of a statement.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    Id(Uuid),
    Text(String),
    Number(i64),
    Double(f64),
    Bytes(Vec<u8>),
    Time(DateTime<Utc>),
    NoTime,
    /// Only PostgreSQL has lists.
    Texts(Vec<String>),
}

/// A statement with its values.
pub(super) type Call = (Arc<str>, Vec<Argument>);

/// The connections of a store.
#[derive(Debug)]
pub(super) enum Bare {
    Postgres(PgPool),
    Sqlite { read: SqlitePool, write: SqlitePool },
}

/// How the statements of an operation are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Reading,
    Writing,
    Transaction,
}

/// Sends the statements one after the other, decodes every column of what comes back, and counts the rows.
macro_rules! send {
    ($calls:expr, $connection:expr, $bind:ident, $decode:ident) => {{
        let mut count = 0;
        for (sql, arguments) in $calls {
            let query = arguments.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), $bind);
            let rows = query.fetch_all($connection).await?;
            rows.iter().try_for_each($decode)?;
            count += rows.len();
        }
        count
    }};
}

impl Bare {
    pub(super) fn of(store: &Store) -> Self {
        let (read, write) = store.connections();
        if store.is_sqlite() {
            let pool = |connection: &DatabaseConnection| connection.get_sqlite_connection_pool().clone();
            return Self::Sqlite { read: pool(read), write: pool(write) };
        }
        Self::Postgres(read.get_postgres_connection_pool().clone())
    }

    /// Sends the statements of an operation, and returns how many rows came back.
    pub(super) async fn send(&self, manner: Manner, calls: Vec<Call>) -> crate::Result<usize> {
        let failed = |error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)));
        Ok(self.try_send(manner, calls).await.map_err(failed)?)
    }

    async fn try_send(&self, manner: Manner, calls: Vec<Call>) -> Result<usize, sqlx::Error> {
        match (self, manner) {
            (Self::Postgres(pool), Manner::Transaction) => {
                let mut transaction = pool.begin().await?;
                let rows = send!(calls, &mut *transaction, bind_postgres, decode_postgres);
                transaction.commit().await?;
                Ok(rows)
            }
            (Self::Postgres(pool), _) => Ok(send!(calls, pool, bind_postgres, decode_postgres)),
            (Self::Sqlite { write, .. }, Manner::Transaction) => {
                let mut transaction = write.begin_with("BEGIN IMMEDIATE").await?;
                let rows = send!(calls, &mut *transaction, bind_sqlite, decode_sqlite);
                transaction.commit().await?;
                Ok(rows)
            }
            (Self::Sqlite { read, write }, _) => {
                let pool = if manner == Manner::Reading { read } else { write };
                Ok(send!(calls, pool, bind_sqlite, decode_sqlite))
            }
        }
    }
}

type PostgresQuery = Query<'static, Postgres, sqlx::postgres::PgArguments>;
type SqliteQuery = Query<'static, Sqlite, sqlx::sqlite::SqliteArguments>;

fn bind_postgres(query: PostgresQuery, argument: Argument) -> PostgresQuery {
    match argument {
        Argument::Id(value) => query.bind(value),
        Argument::Text(value) => query.bind(value),
        Argument::Number(value) => query.bind(value),
        Argument::Double(value) => query.bind(value),
        Argument::Bytes(value) => query.bind(value),
        Argument::Time(value) => query.bind(value),
        Argument::NoTime => query.bind(None::<DateTime<Utc>>),
        Argument::Texts(value) => query.bind(value),
    }
}

fn bind_sqlite(query: SqliteQuery, argument: Argument) -> SqliteQuery {
    match argument {
        Argument::Id(value) => query.bind(value),
        Argument::Text(value) => query.bind(value),
        Argument::Number(value) => query.bind(value),
        Argument::Double(value) => query.bind(value),
        Argument::Bytes(value) => query.bind(value),
        Argument::Time(value) => query.bind(value),
        Argument::NoTime | Argument::Texts(_) => query.bind(None::<DateTime<Utc>>),
    }
}

fn decode_postgres(row: &sqlx::postgres::PgRow) -> Result<(), sqlx::Error> {
    for place in 0..row.len() {
        let raw = row.try_get_raw(place)?;
        if raw.is_null() {
            continue;
        }
        match raw.type_info().name() {
            "UUID" => drop(black_box(row.try_get::<Uuid, _>(place)?)),
            "TIMESTAMPTZ" => drop(black_box(row.try_get::<DateTime<Utc>, _>(place)?)),
            "INT8" => drop(black_box(row.try_get::<i64, _>(place)?)),
            "INT4" => drop(black_box(row.try_get::<i32, _>(place)?)),
            "FLOAT8" => drop(black_box(row.try_get::<f64, _>(place)?)),
            "FLOAT4" => drop(black_box(row.try_get::<f32, _>(place)?)),
            "BOOL" => drop(black_box(row.try_get::<bool, _>(place)?)),
            "BYTEA" => drop(black_box(row.try_get::<Vec<u8>, _>(place)?)),
            _ => drop(black_box(row.try_get::<String, _>(place)?)),
        }
    }
    Ok(())
}

/// `SQLite` knows neither ids nor times: the names of the columns tell them.
fn decode_sqlite(row: &sqlx::sqlite::SqliteRow) -> Result<(), sqlx::Error> {
    for (place, column) in row.columns().iter().enumerate() {
        let raw = row.try_get_raw(place)?;
        if raw.is_null() {
            continue;
        }
        match (column.name(), raw.type_info().name()) {
            (name, "BLOB") if name.ends_with("id") => drop(black_box(row.try_get::<Uuid, _>(place)?)),
            (name, _) if name.ends_with("_at") => drop(black_box(row.try_get::<DateTime<Utc>, _>(place)?)),
            (_, "INTEGER") => drop(black_box(row.try_get::<i64, _>(place)?)),
            (_, "REAL") => drop(black_box(row.try_get::<f64, _>(place)?)),
            (_, "BLOB") => drop(black_box(row.try_get::<Vec<u8>, _>(place)?)),
            _ => drop(black_box(row.try_get::<String, _>(place)?)),
        }
    }
    Ok(())
}
