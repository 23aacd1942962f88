//! Keyword search by SQLite FTS5.
//!
//! Words are split, folded and stemmed before they get here; the tokenizer only has to leave them as they are.
//! The index holds no text of its own (`content=''`); its rows are the numbers of `chunk` and `message`.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use sea_orm_migration::SchemaManager;
use uuid::Uuid;

use super::terms::terms;
use crate::{Reader, Result, Store};

const CREATE: &str = "
CREATE VIRTUAL TABLE chunk_fts USING fts5(title, heading_path, body,
    content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 0 tokenchars '_.'\");
CREATE VIRTUAL TABLE chunk_terms USING fts5vocab(chunk_fts, row);
CREATE VIRTUAL TABLE message_fts USING fts5(body,
    content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 0 tokenchars '_.'\");
";

/// Whole documents, each under the number of its first chunk: a number that ends with the document.
const CREATE_DOCUMENTS: &str = "CREATE VIRTUAL TABLE document_fts USING fts5(title, body,
    content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 0 tokenchars '_.'\")";

/// An index to search, with how much an occurrence in each field counts.
#[derive(Clone, Copy, Debug)]
pub enum KeywordIndex {
    /// Chunks, one by one.
    Chunks {
        /// In the document's title.
        title: f64,
        /// In the headings above the chunk.
        heading_path: f64,
        /// In the chunk's text.
        body: f64,
    },
    /// Documents as a whole.
    Documents {
        /// In the title.
        title: f64,
        /// In the headings and the text.
        body: f64,
    },
}

impl KeywordIndex {
    /// The table, and its score as an SQL expression.
    fn ranking(self) -> (&'static str, String) {
        match self {
            Self::Chunks { title, heading_path, body } => {
                ("chunk_fts", format!("bm25(chunk_fts, {title}, {heading_path}, {body})"))
            }
            Self::Documents { title, body } => ("document_fts", format!("bm25(document_fts, {title}, {body})")),
        }
    }
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

pub(crate) async fn create_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for statement in CREATE.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Makes the index of whole documents, and indexes those that are there.
pub(crate) async fn create_document_index(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    connection.execute_unprepared(CREATE_DOCUMENTS).await?;
    for row in connection.query_all_raw(statement(connection, "SELECT id, title FROM document", [])).await? {
        let (id, title): (Uuid, String) = (row.try_get("", "id")?, row.try_get("", "title")?);
        let chunks = analysed_chunks(connection, id).await?;
        index_document(connection, &terms(&title).join(" "), &chunks).await?;
    }
    Ok(())
}

/// A chunk's terms, joined with spaces.
struct AnalysedChunk {
    number: i64,
    heading_path: String,
    body: String,
}

/// Indexes a document's chunks, and the document as a whole.
pub(crate) async fn index_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid, title: &str) -> Result<()> {
    let title = terms(title).join(" ");
    let chunks = analysed_chunks(connection, document_id).await?;
    for chunk in &chunks {
        let values: [Value; 4] =
            [chunk.number.into(), title.clone().into(), chunk.heading_path.clone().into(), chunk.body.clone().into()];
        let insert = "INSERT INTO chunk_fts(rowid, title, heading_path, body) VALUES (?, ?, ?, ?)";
        connection.execute_raw(statement(connection, insert, values)).await?;
    }
    Ok(index_document(connection, &title, &chunks).await?)
}

async fn analysed_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<Vec<AnalysedChunk>, DbErr> {
    let select = "SELECT number, heading_path, text FROM chunk WHERE document_id = ? ORDER BY number";
    let rows = connection.query_all_raw(statement(connection, select, [document_id.into()])).await?;
    let analysed = |row: QueryResult| {
        let (heading_path, text): (String, String) = (row.try_get("", "heading_path")?, row.try_get("", "text")?);
        let number = row.try_get("", "number")?;
        Ok(AnalysedChunk { number, heading_path: terms(&heading_path).join(" "), body: terms(&text).join(" ") })
    };
    rows.into_iter().map(analysed).collect()
}

/// A document without chunks has no words to be found by.
async fn index_document<C: ConnectionTrait>(
    connection: &C,
    title: &str,
    chunks: &[AnalysedChunk],
) -> Result<(), DbErr> {
    let Some(first) = chunks.first() else { return Ok(()) };
    let body: Vec<&str> = chunks.iter().flat_map(|chunk| [chunk.heading_path.as_str(), chunk.body.as_str()]).collect();
    let values: [Value; 3] = [first.number.into(), title.into(), body.join(" ").into()];
    let insert = "INSERT INTO document_fts(rowid, title, body) VALUES (?, ?, ?)";
    connection.execute_raw(statement(connection, insert, values)).await?;
    Ok(())
}

pub(crate) async fn forget_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<()> {
    for table in ["chunk_fts", "document_fts"] {
        let delete = format!("DELETE FROM {table} WHERE rowid IN (SELECT number FROM chunk WHERE document_id = ?)");
        connection.execute_raw(statement(connection, &delete, [document_id.into()])).await?;
    }
    Ok(())
}

pub(crate) async fn index_messages<C: ConnectionTrait>(connection: &C, messages: &[(i64, &str)]) -> Result<()> {
    for (number, text) in messages {
        let values: [Value; 2] = [(*number).into(), terms(text).join(" ").into()];
        let insert = "INSERT INTO message_fts(rowid, body) VALUES (?, ?)";
        connection.execute_raw(statement(connection, insert, values)).await?;
    }
    Ok(())
}

pub(crate) async fn forget_messages<C: ConnectionTrait>(connection: &C, conversation_id: Uuid) -> Result<()> {
    let delete = "DELETE FROM message_fts WHERE rowid IN (SELECT number FROM message WHERE conversation_id = ?)";
    connection.execute_raw(statement(connection, delete, [conversation_id.into()])).await?;
    Ok(())
}

/// The condition that a conversation has a message with all words of `text`, the last one as a beginning (it may
/// still be being typed); `None` when there are no words.
pub(crate) fn conversations_matching(text: &str) -> Option<SimpleExpr> {
    let words = terms(text);
    let (last, others) = words.split_last()?;
    let mut query: Vec<String> = others.iter().map(|term| quoted(term)).collect();
    query.push(format!("{}*", quoted(last)));
    let matching = "\"conversation\".\"id\" IN (SELECT conversation_id FROM message WHERE number IN \
                    (SELECT rowid FROM message_fts WHERE message_fts MATCH ?))";
    Some(Expr::cust_with_values(matching, [query.join(" ")]))
}

impl Store {
    /// The best chunks or documents for these terms (normalised by [`terms`](super::terms)), any of which may
    /// occur, among those that the reader may read: BM25 with a weight per field. Source: Robertson and Zaragoza, "The
    /// Probabilistic Relevance Framework: BM25 and Beyond" (2009), as implemented by FTS5.
    pub async fn keyword_search(
        &self,
        reader: Reader,
        terms: &[String],
        index: KeywordIndex,
        limit: usize,
    ) -> Result<Vec<KeywordHit>> {
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let query: Vec<String> = terms.iter().map(|term| quoted(term)).collect();
        let query = query.join(" OR ");
        // Ranking without the permission join is an order of magnitude faster, and most chunks are readable. The
        // permission is checked on the best ones; where too few remain, more are ranked.
        let mut ranked = limit.saturating_mul(2);
        loop {
            let hits = self.ranked_and_readable(reader, &query, index, ranked, limit).await?;
            if hits.rows.len() >= limit || hits.ranked < ranked {
                return Ok(hits.rows);
            }
            ranked = ranked.saturating_mul(10);
        }
    }

    async fn ranked_and_readable(
        &self,
        reader: Reader,
        query: &str,
        index: KeywordIndex,
        ranked: usize,
        limit: usize,
    ) -> Result<Ranked> {
        let [shared, own] = reader.scopes();
        let (table, score) = index.ranking();
        let sql = format!(
            "WITH best AS MATERIALIZED (
                SELECT rowid AS number, {score} AS score FROM {table} WHERE {table} MATCH ? ORDER BY score LIMIT ?)
            SELECT best.number, best.score, (SELECT count(*) FROM best) AS ranked,
                chunk.document_id, document.scope IN (?, ?) AS readable,
                document.embedded_chunks < document.chunks AS waiting
            FROM best JOIN chunk ON chunk.number = best.number JOIN document ON document.id = chunk.document_id
            ORDER BY best.score, best.number"
        );
        let ranked = i64::try_from(ranked).unwrap_or(i64::MAX);
        let values: [Value; 4] = [query.into(), ranked.into(), shared.into(), own.into()];
        let rows = self.read().query_all_raw(statement(self.read(), &sql, values)).await?;
        let total = rows.first().map_or(Ok(0), |row| row.try_get::<i64>("", "ranked"))?;
        let mut hits = Vec::with_capacity(limit);
        for row in rows {
            if row.try_get::<bool>("", "readable")? && hits.len() < limit {
                // FTS5 returns BM25 negated, so that the best sorts first.
                #[expect(clippy::cast_possible_truncation, reason = "a score needs no more than seven digits")]
                let score = -row.try_get::<f64>("", "score")? as f32;
                hits.push(KeywordHit {
                    number: row.try_get("", "number")?,
                    document_id: row.try_get("", "document_id")?,
                    score,
                    waiting: row.try_get("", "waiting")?,
                });
            }
        }
        Ok(Ranked { rows: hits, ranked: usize::try_from(total).unwrap_or_default() })
    }

    /// In how many chunks each of these terms occurs, in the order of the terms.
    pub async fn term_frequencies(&self, terms: &[String]) -> Result<Vec<u64>> {
        let mut frequencies = vec![0; terms.len()];
        if terms.is_empty() {
            return Ok(frequencies);
        }
        let marks = vec!["?"; terms.len()].join(", ");
        let sql = format!("SELECT term, doc FROM chunk_terms WHERE term IN ({marks})");
        let values = terms.iter().map(|term| Value::from(term.as_str()));
        for row in self.read().query_all_raw(statement(self.read(), &sql, values)).await? {
            let (term, count): (String, i64) = (row.try_get("", "term")?, row.try_get("", "doc")?);
            for (wanted, frequency) in terms.iter().zip(&mut frequencies) {
                if *wanted == term {
                    *frequency = u64::try_from(count).unwrap_or_default();
                }
            }
        }
        Ok(frequencies)
    }

    /// How many chunks the keyword index holds.
    pub async fn count_chunks(&self) -> Result<u64> {
        let row = self.read().query_one_raw(statement(self.read(), "SELECT count(*) AS n FROM chunk", [])).await?;
        let count = row.map_or(Ok(0), |row| row.try_get::<i64>("", "n"))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

struct Ranked {
    rows: Vec<KeywordHit>,
    ranked: usize,
}

/// A term as an FTS5 string, in which only the quotation mark has a meaning.
fn quoted(term: &str) -> String {
    format!("\"{}\"", term.replace('"', "\"\""))
}

fn statement<C: ConnectionTrait>(connection: &C, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}
