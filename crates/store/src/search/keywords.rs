//! Keyword search, whichever the database.

use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use sea_orm_migration::SchemaManager;
use uuid::Uuid;

use super::terms::terms;
use super::{documents, pgvector, postgres, sqlite};
use crate::vectors::private_to;
use crate::{Error, Reader, Result, Store};

/// How much an occurrence in each field of a chunk counts.
#[derive(Clone, Copy, Debug)]
pub struct ChunkFields {
    /// In the document's title.
    pub title: f64,
    /// In the headings above the chunk.
    pub heading_path: f64,
    /// In the chunk's text.
    pub body: f64,
}

/// A chunk or a document found by keywords.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeywordHit {
    /// The chunk, or the document's first chunk.
    pub number: i64,
    /// The document.
    pub document_id: Uuid,
    /// BM25, higher is better.
    pub score: f32,
    /// Whether some of the document's vectors are still to be computed.
    pub waiting: bool,
}

/// A chunk's terms.
pub(crate) struct ChunkTerms {
    pub(super) heading_path: Vec<String>,
    pub(super) body: Vec<String>,
}

impl ChunkTerms {
    /// Takes time in proportion to the text, some milliseconds for the chunks of a book: not to be done within a transaction,
    /// for which others wait.
    pub(crate) fn of(heading_path: &str, body: &str) -> Self {
        Self { heading_path: terms(heading_path), body: terms(body) }
    }
}

/// The terms of a chunk that is stored.
pub(super) struct AnalysedChunk {
    pub(super) number: i64,
    pub(super) terms: ChunkTerms,
}

/// The best rows of an index, and how many were ranked.
pub(super) struct Ranked {
    pub(super) readable: Vec<KeywordHit>,
    pub(super) ranked: usize,
}

pub(crate) async fn create_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let statements = if is_postgres(connection) { postgres::CREATE } else { sqlite::CREATE };
    execute_each(connection, statements).await
}

/// Makes the index of whole documents in place of one of an earlier form, and counts the chunks.
pub(crate) async fn create_document_index(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    for table in ["document_fts", "document_posting", "document_keywords", "keyword_statistics"] {
        connection.execute_unprepared(&format!("DROP TABLE IF EXISTS {table}")).await?;
    }
    if is_postgres(connection) {
        execute_each(connection, postgres::CREATE_CHUNK_STATISTICS).await?;
    }
    documents::create(connection).await
}

/// Indexes a document's chunks, and the document as a whole. These are the terms of all of its chunks, in their order.
pub(crate) async fn index_chunks<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    scope: &str,
    title: &str,
    chunks: Vec<ChunkTerms>,
) -> Result<()> {
    let title = terms(title);
    let select = "SELECT number FROM chunk WHERE document_id = $1 ORDER BY number";
    let rows = connection.query_all_raw(statement(connection, select, [document_id.into()])).await?;
    let numbered =
        |(row, terms): (&QueryResult, ChunkTerms)| Ok(AnalysedChunk { number: row.try_get("", "number")?, terms });
    let chunks: Vec<AnalysedChunk> = rows.iter().zip(chunks).map(numbered).collect::<Result<_, DbErr>>()?;
    if is_postgres(connection) {
        postgres::index_chunks(connection, document_id, &title, &chunks).await?;
    } else {
        sqlite::index_chunks(connection, &title, &chunks).await?;
    }
    let private_to = private_to(scope).map_err(|_| Error::Corrupt { what: "document scope" })?;
    Ok(documents::index(connection, document_id, private_to, &title, &chunks).await?)
}

/// Changes who alone may find a document; `None` for everybody.
pub(crate) async fn change_readers<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    private_to: Option<Uuid>,
    by_meaning: bool,
) -> Result<()> {
    documents::change_readers(connection, document_id, private_to).await?;
    if by_meaning {
        pgvector::change_readers(connection, document_id, private_to).await?;
    }
    Ok(())
}

/// The terms of chunks that were stored before, in their order.
pub(crate) async fn terms_of_stored<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<Vec<ChunkTerms>> {
    Ok(analysed_chunks(connection, document_id).await?.into_iter().map(|chunk| chunk.terms).collect())
}

pub(super) async fn analysed_chunks<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
) -> Result<Vec<AnalysedChunk>, DbErr> {
    let select = "SELECT number, heading_path, text FROM chunk WHERE document_id = $1 ORDER BY number";
    let rows = connection.query_all_raw(statement(connection, select, [document_id.into()])).await?;
    let analysed = |row: QueryResult| {
        let (heading_path, text): (String, String) = (row.try_get("", "heading_path")?, row.try_get("", "text")?);
        Ok(AnalysedChunk { number: row.try_get("", "number")?, terms: ChunkTerms::of(&heading_path, &text) })
    };
    rows.into_iter().map(analysed).collect()
}

pub(crate) async fn forget_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<()> {
    documents::forget(connection, document_id).await?;
    if is_postgres(connection) {
        return Ok(postgres::forget_chunks(connection, document_id).await?);
    }
    Ok(sqlite::forget_chunks(connection, document_id).await?)
}

pub(crate) async fn index_messages<C: ConnectionTrait>(connection: &C, messages: &[(i64, &str)]) -> Result<()> {
    let analysed: Vec<(i64, Vec<String>)> = messages.iter().map(|(number, text)| (*number, terms(text))).collect();
    let analysed: Vec<(i64, &[String])> = analysed.iter().map(|(number, terms)| (*number, terms.as_slice())).collect();
    index_terms_of_messages(connection, &analysed).await
}

pub(crate) async fn index_terms_of_messages<C: ConnectionTrait>(
    connection: &C,
    messages: &[(i64, &[String])],
) -> Result<()> {
    if is_postgres(connection) {
        for (number, terms) in messages {
            postgres::index_message(connection, *number, terms).await?;
        }
    } else {
        sqlite::index_messages(connection, messages).await?;
    }
    Ok(())
}

pub(crate) async fn forget_messages<C: ConnectionTrait>(connection: &C, conversation_id: Uuid) -> Result<()> {
    if is_postgres(connection) {
        // They go with their messages.
        return Ok(());
    }
    Ok(sqlite::forget_messages(connection, conversation_id).await?)
}

impl Store {
    /// The condition that a conversation has a message with all words of `text`, the last one as a beginning (it may
    /// still be being typed); `None` when there are no words.
    pub(crate) fn conversations_matching(&self, text: &str) -> Option<SimpleExpr> {
        let words = terms(text);
        let (last, others) = words.split_last()?;
        Some(if self.is_sqlite() { sqlite::matching(others, last) } else { postgres::matching(others, last) })
    }

    /// The best chunks for these terms (normalised by [`terms`](super::terms), each once), any of which may occur, among
    /// those that the reader may read: BM25 with a weight per field, as for documents; but over all chunks, whoever may
    /// read them.
    pub async fn chunks_by_keywords(
        &self,
        reader: Reader,
        terms: &[String],
        fields: ChunkFields,
        limit: usize,
    ) -> Result<Vec<KeywordHit>> {
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        // Ranking without the permission join is an order of magnitude faster, and most chunks are readable. The permission is
        // checked on the best ones; where too few remain, more are ranked.
        let mut ranked = limit.saturating_mul(2);
        loop {
            let connection = &self.read_documents_for(reader, "search.chunks_by_keywords").await;
            let mut best = if self.is_sqlite() {
                sqlite::best(connection, reader, terms, fields, ranked).await?
            } else {
                postgres::best(connection, reader, terms, fields, ranked).await?
            };
            if best.readable.len() >= limit || best.ranked < ranked {
                best.readable.truncate(limit);
                return Ok(best.readable);
            }
            ranked = ranked.saturating_mul(10);
        }
    }

    /// The chunks of these documents that have any of these terms (normalised by [`terms`](super::terms), each once), best
    /// first. The score is the sum of the weights of the terms that a chunk has, anywhere: unlike BM25, it depends on no
    /// other document.
    pub async fn chunks_with_terms(
        &self,
        reader: Reader,
        documents: &[Uuid],
        terms: &[(String, f32)],
        limit: usize,
    ) -> Result<Vec<KeywordHit>> {
        if documents.is_empty() || terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let connection = &self.read_documents_for(reader, "search.chunks_with_terms").await;
        let statement = if self.is_sqlite() {
            sqlite::with_terms(reader, documents, terms, limit)
        } else {
            postgres::with_terms(reader, documents, terms, limit)
        };
        Ok(connection.query_all_raw(statement).await?.iter().map(hit).collect::<Result<_, _>>()?)
    }
}

/// Reads the rows of both backends' ranking queries, best first.
pub(super) fn ranked(rows: &[QueryResult]) -> Result<Ranked, DbErr> {
    let total = rows.first().map_or(Ok(0), |row| row.try_get::<i64>("", "ranked"))?;
    let mut readable = Vec::with_capacity(rows.len());
    for row in rows {
        if row.try_get::<bool>("", "readable")? {
            readable.push(hit(row)?);
        }
    }
    Ok(Ranked { readable, ranked: usize::try_from(total).unwrap_or_default() })
}

pub(super) fn hit(row: &QueryResult) -> Result<KeywordHit, DbErr> {
    #[expect(clippy::cast_possible_truncation, reason = "a score needs no more than seven digits")]
    let score = row.try_get::<f64>("", "score")? as f32;
    Ok(KeywordHit {
        number: row.try_get("", "number")?,
        document_id: row.try_get("", "document_id")?,
        score,
        waiting: row.try_get("", "waiting")?,
    })
}

pub(super) fn is_postgres(connection: &impl ConnectionTrait) -> bool {
    connection.get_database_backend() == DbBackend::Postgres
}

pub(super) async fn execute_each(connection: &impl ConnectionTrait, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// The places of the values of so many rows, `(?, ?), (?, ?)` or `($1, $2), ($3, $4)`. SQLite looks a numbered place up among all
/// before it, which takes a time that grows with the square of their number.
pub(super) fn places<C: ConnectionTrait>(connection: &C, rows: usize, columns: usize) -> String {
    let numbered = is_postgres(connection);
    let place = |at: usize| if numbered { format!("${}", at + 1) } else { "?".to_owned() };
    let row = |row: usize| (row * columns..(row + 1) * columns).map(place).collect::<Vec<_>>().join(", ");
    (0..rows).map(|at| format!("({})", row(at))).collect::<Vec<_>>().join(", ")
}

pub(crate) fn statement<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}
