//! Keyword search by `SQLite` FTS5.
//!
//! Words are split, folded and stemmed before they get here; the tokenizer only has to leave them as they are.
//! The index holds no text of its own (`content=''`); its rows are the numbers of `chunk` and `message`.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};
use uuid::Uuid;

use super::keywords::{AnalysedChunk, ChunkFields, ChunkTerms, Ranked, places, ranked, statement};
use crate::Reader;
use crate::batches::batches;

pub(super) const CREATE: &[&str] = &[
    "CREATE VIRTUAL TABLE chunk_fts USING fts5(title, heading_path, body,
        content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 0 tokenchars '_.'\")",
    "CREATE VIRTUAL TABLE chunk_terms USING fts5vocab(chunk_fts, row)",
    "CREATE VIRTUAL TABLE message_fts USING fts5(body,
        content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 0 tokenchars '_.'\")",
];

pub(super) async fn index_chunks<C: ConnectionTrait>(
    connection: &C,
    title: &[String],
    chunks: &[AnalysedChunk],
) -> Result<(), DbErr> {
    let title = title.join(" ");
    for rows in batches(chunks) {
        let values = rows.iter().flat_map(|chunk| -> [Value; 4] {
            let ChunkTerms { heading_path, body } = &chunk.terms;
            [chunk.number.into(), title.as_str().into(), heading_path.join(" ").into(), body.join(" ").into()]
        });
        let places = places(connection, rows.len(), 4);
        let insert = format!("INSERT INTO chunk_fts(rowid, title, heading_path, body) VALUES {places}");
        connection.execute_raw(statement(connection, &insert, values)).await?;
    }
    Ok(())
}

pub(super) async fn forget_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<(), DbErr> {
    let delete = "DELETE FROM chunk_fts WHERE rowid IN (SELECT number FROM chunk WHERE document_id = ?)";
    connection.execute_raw(statement(connection, delete, [document_id.into()])).await?;
    Ok(())
}

pub(super) async fn index_messages<C: ConnectionTrait>(
    connection: &C,
    messages: &[(i64, &[String])],
) -> Result<(), DbErr> {
    for rows in batches(messages) {
        let values =
            rows.iter().flat_map(|(number, terms)| -> [Value; 2] { [(*number).into(), terms.join(" ").into()] });
        let insert = format!("INSERT INTO message_fts(rowid, body) VALUES {}", places(connection, rows.len(), 2));
        connection.execute_raw(statement(connection, &insert, values)).await?;
    }
    Ok(())
}

pub(super) async fn forget_messages<C: ConnectionTrait>(connection: &C, conversation_id: Uuid) -> Result<(), DbErr> {
    let delete = "DELETE FROM message_fts WHERE rowid IN (SELECT number FROM message WHERE conversation_id = ?)";
    connection.execute_raw(statement(connection, delete, [conversation_id.into()])).await?;
    Ok(())
}

pub(super) fn matching(words: &[String], beginning: &str) -> SimpleExpr {
    let mut query: Vec<String> = words.iter().map(|term| quoted(term)).collect();
    query.push(format!("{}*", quoted(beginning)));
    let matching = "\"conversation\".\"id\" IN (SELECT conversation_id FROM message WHERE number IN \
                    (SELECT rowid FROM message_fts WHERE message_fts MATCH ?))";
    Expr::cust_with_values(matching, [query.join(" ")])
}

/// The best `wanted` of all, each with whether the reader may read it.
pub(super) async fn best<C: ConnectionTrait>(
    connection: &C,
    reader: Reader,
    terms: &[String],
    fields: ChunkFields,
    wanted: usize,
) -> Result<Ranked, DbErr> {
    let query: Vec<String> = terms.iter().map(|term| quoted(term)).collect();
    let ChunkFields { title, heading_path, body } = fields;
    // FTS5 returns BM25 negated, so that the best sorts first.
    let sql = format!(
        "WITH best AS MATERIALIZED (
            SELECT rowid AS number, bm25(chunk_fts, {title}, {heading_path}, {body}) AS score
            FROM chunk_fts WHERE chunk_fts MATCH ? ORDER BY score LIMIT ?)
        SELECT best.number, -best.score AS score, (SELECT count(*) FROM best) AS ranked,
            chunk.document_id, document.scope IN (?, ?) AS readable,
            document.embedded_chunks < document.chunks AS waiting
        FROM best JOIN chunk ON chunk.number = best.number JOIN document ON document.id = chunk.document_id
        ORDER BY best.score, best.number"
    );
    let [shared, own] = reader.scopes();
    let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
    let values: [Value; 4] = [query.join(" OR ").into(), limit.into(), shared.into(), own.into()];
    ranked(&connection.query_all_raw(statement(connection, &sql, values)).await?)
}

/// The best of some documents' chunks. FTS5 goes straight to a range of rows: a document's chunks have numbers in a row.
pub(super) fn with_terms(reader: Reader, documents: &[Uuid], terms: &[(String, f32)], limit: usize) -> Statement {
    let row = |columns: usize, count: usize| vec![format!("({})", vec!["?"; columns].join(", ")); count].join(", ");
    let sql = format!(
        "WITH wanted (term, weight) AS (VALUES {wanted}), waiting (document_id) AS (VALUES {waiting}),
        span AS MATERIALIZED (
            SELECT document_id, min(number) AS first, max(number) AS last
            FROM waiting CROSS JOIN chunk USING (document_id) CROSS JOIN document ON document.id = document_id
            WHERE document.scope IN (?, ?) GROUP BY document_id)
        SELECT chunk.number, sum(weight) AS score, chunk.document_id, true AS waiting
        FROM span CROSS JOIN wanted CROSS JOIN chunk_fts CROSS JOIN chunk ON chunk.number = chunk_fts.rowid
        WHERE chunk_fts MATCH wanted.term AND chunk_fts.rowid BETWEEN span.first AND span.last
            AND chunk.document_id = span.document_id
        GROUP BY chunk.number ORDER BY score DESC, chunk.number LIMIT ?",
        wanted = row(2, terms.len()),
        waiting = row(1, documents.len()),
    );
    let mut values: Vec<Value> =
        terms.iter().flat_map(|(term, weight)| [quoted(term).into(), f64::from(*weight).into()]).collect();
    values.extend(documents.iter().map(|id| Value::from(*id)));
    values.extend(reader.scopes().map(Value::from));
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// A term as an FTS5 string, in which only the quotation mark has a meaning.
fn quoted(term: &str) -> String {
    format!("\"{}\"", term.replace('"', "\"\""))
}
