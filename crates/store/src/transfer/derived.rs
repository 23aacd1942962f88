//! What the target makes from the rows that were moved: indexes, and where its counters stand.

use std::sync::Arc;

use sea_orm::sqlx::{self, Connection as _};
use sea_orm::{ConnectionTrait as _, DbErr, RuntimeErr, Statement, Value};
use uuid::Uuid;

use super::error::Result;
use super::writer::begin;
use crate::database::{Transaction, scalar};
use crate::{Store, search, vectors};

/// Chunks to a transaction; a larger document makes one of its own.
const BATCH_CHUNKS: i64 = 2_000;
/// Documents that are looked for at once.
const PAGE: usize = 500;

/// A document that no index knows yet.
struct Unindexed {
    id: Uuid,
    title: String,
    scope: String,
    chunks: i64,
}

/// Indexes the documents that are not indexed yet: by keywords, and on PostgreSQL by meaning where all chunks have a
/// vector. Each document is indexed in one transaction, so that one that was begun is never half done.
pub(super) async fn index_documents(store: &Store, mut done: impl FnMut(u64)) -> Result<()> {
    let dimensions = dimensions(store).await?;
    if let Some(dimensions) = dimensions {
        store.prepare_vector_search(dimensions).await?;
    }
    let mut after = Uuid::nil();
    loop {
        let found = unindexed(store, after).await?;
        let Some(last) = found.last() else { break };
        after = last.id;
        let mut batch = begin(store).await?;
        let mut in_batch = 0;
        for document in found {
            if in_batch > 0 && in_batch + document.chunks > BATCH_CHUNKS {
                batch.commit().await?;
                batch = begin(store).await?;
                in_batch = 0;
            }
            in_batch += document.chunks;
            index(store, &batch, &document, dimensions).await?;
            done(u64::try_from(document.chunks).unwrap_or_default());
        }
        batch.commit().await?;
    }
    let counting = begin(store).await?;
    search::count_all(&counting).await?;
    counting.commit().await?;
    Ok(())
}

async fn index(
    store: &Store,
    transaction: &Transaction,
    document: &Unindexed,
    dimensions: Option<usize>,
) -> Result<()> {
    let terms = search::terms_of_stored(transaction, document.id).await?;
    search::index_chunks(transaction, document.id, &document.scope, &document.title, terms).await?;
    let Some(dimensions) = dimensions.filter(|_| !store.is_sqlite()) else { return Ok(()) };
    // Vectors of another model wait to be made anew by the next start.
    let fitting = "SELECT count(*) FROM chunk JOIN chunk_vector ON chunk_number = number
        WHERE document_id = $1 AND octet_length(codes) = $2";
    let values: [Value; 2] = [document.id.into(), i32::try_from(dimensions).unwrap_or(i32::MAX).into()];
    let fitting = Statement::from_sql_and_values(transaction.get_database_backend(), fitting, values);
    let fitting: Option<i64> =
        transaction.query_one_raw(fitting).await?.map(|row| row.try_get_by_index(0)).transpose()?;
    if fitting == Some(document.chunks) {
        let private_to =
            vectors::private_to(&document.scope).map_err(|_| crate::Error::Corrupt { what: "document scope" })?;
        search::index_meanings(transaction, document.id, private_to).await?;
    }
    Ok(())
}

/// How many components the vectors have: those of the newest chunk that has one.
async fn dimensions(store: &Store) -> Result<Option<usize>> {
    let select = "SELECT coalesce((SELECT length(codes) FROM chunk_vector ORDER BY chunk_number DESC LIMIT 1), 0)";
    let dimensions = if store.is_sqlite() {
        scalar::<i64>(&store.write("transfer.index"), select).await?
    } else {
        scalar::<i32>(&store.write("transfer.index"), select).await?.into()
    };
    Ok(usize::try_from(dimensions).ok().filter(|dimensions| *dimensions > 0))
}

/// The next documents that have chunks and are in no index.
async fn unindexed(store: &Store, after: Uuid) -> Result<Vec<Unindexed>> {
    let select = format!(
        "SELECT id, title, scope, (SELECT count(*) FROM chunk WHERE document_id = document.id) AS chunks FROM document
        WHERE id > $1 AND EXISTS (SELECT 1 FROM chunk WHERE document_id = document.id) 
            AND NOT EXISTS (SELECT 1 FROM document_keywords WHERE document_id = document.id)
        ORDER BY id LIMIT {PAGE}"
    );
    let connection = store.write("transfer.index");
    let select = Statement::from_sql_and_values(connection.get_database_backend(), select, [after.into()]);
    let rows = connection.query_all_raw(select).await?;
    let read = rows.iter().map(|row| {
        Ok(Unindexed {
            id: row.try_get("", "id")?,
            title: row.try_get("", "title")?,
            scope: row.try_get("", "scope")?,
            chunks: row.try_get("", "chunks")?,
        })
    });
    Ok(read.collect::<Result<_, DbErr>>()?)
}

/// The numbers of new chunks and messages go on after those that were moved. `SQLite` sees to that itself.
pub(super) async fn set_sequences(transaction: &Transaction) -> Result<()> {
    if transaction.get_database_backend() == sea_orm::DbBackend::Postgres {
        for table in ["chunk", "message"] {
            let set = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'number'), coalesce(max(number), 1), count(*) > 0)
                FROM {table}"
            );
            transaction.execute_unprepared(&set).await?;
        }
    }
    Ok(())
}

/// Does what PostgreSQL does by itself some minutes after many changes: until then, questions would take three times as long.
pub(super) async fn settle(store: &Store) -> Result<()> {
    if store.is_sqlite() {
        return Ok(());
    }
    let (_, connection) = store.connections();
    let failed = |error| DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)));
    // A connection of its own, because it may take longer than a statement usually may.
    let mut connection = connection.get_postgres_connection_pool().acquire().await.map_err(failed)?.detach();
    for statement in ["SET statement_timeout = 0", "VACUUM (ANALYZE)"] {
        sqlx::raw_sql(statement).execute(&mut connection).await.map_err(failed)?;
    }
    connection.close().await.map_err(failed)?;
    Ok(())
}
