//! Keyword search in PostgreSQL.
//!
//! Chunks and messages are `tsvector`s under GIN indexes. PostgreSQL's own ranking knows neither how rare a word is nor
//! how long a text, so the score is computed here, as FTS5 does it: `ts_rank_cd` of a single word is the sum of the
//! weights of its occurrences, BM25's term frequency.

use std::collections::HashMap;
use std::fmt::Write as _;

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};
use uuid::Uuid;

use super::documents::{indexable, to_i32};
use super::keywords::{AnalysedChunk, ChunkFields, Ranked, ranked, statement};
use crate::Reader;

pub(super) const CREATE: &[&str] = &[
    "CREATE TABLE chunk_keywords (number bigint PRIMARY KEY REFERENCES chunk(number) ON DELETE CASCADE,
        keywords tsvector NOT NULL, length integer NOT NULL)",
    // Without a list of pending entries, which every search would have to read through.
    "CREATE INDEX chunk_keywords_keywords ON chunk_keywords USING gin (keywords) WITH (fastupdate = off)",
    "CREATE TABLE message_keywords (number bigint PRIMARY KEY REFERENCES message(number) ON DELETE CASCADE,
        keywords tsvector NOT NULL)",
    "CREATE INDEX message_keywords_keywords ON message_keywords USING gin (keywords) WITH (fastupdate = off)",
];

/// How many chunks there are and how long they are: kept in sixteen places, by the last digit of the document's id, so that
/// workers seldom wait for each other to count.
pub(super) const CREATE_CHUNK_STATISTICS: &[&str] = &[
    "CREATE TABLE chunk_statistics (slot integer PRIMARY KEY, chunks bigint NOT NULL, terms bigint NOT NULL)",
    "INSERT INTO chunk_statistics SELECT generate_series(1, 15), 0, 0",
    "INSERT INTO chunk_statistics SELECT 0, count(*), coalesce(sum(length), 0) FROM chunk_keywords",
];

/// Most positions of a word in a `tsvector`.
const MAX_POSITIONS: u32 = 255;

pub(super) async fn index_chunks<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    title: &[String],
    chunks: &[AnalysedChunk],
) -> Result<(), DbErr> {
    let mut numbers: Vec<i64> = Vec::with_capacity(chunks.len());
    let mut vectors: Vec<String> = Vec::with_capacity(chunks.len());
    let mut lengths: Vec<i32> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        numbers.push(chunk.number);
        vectors.push(Occurrences::of(title, chunk).as_tsvector());
        lengths.push(to_i32(title.len() + chunk.terms.heading_path.len() + chunk.terms.body.len()));
    }
    let terms: i64 = lengths.iter().copied().map(i64::from).sum();
    let insert = "INSERT INTO chunk_keywords (number, keywords, length)
        SELECT number, keywords::tsvector, length FROM unnest($1::bigint[], $2::text[], $3::integer[])
            AS new (number, keywords, length)";
    connection.execute_raw(statement(connection, insert, [numbers.into(), vectors.into(), lengths.into()])).await?;
    count_chunks(connection, document_id, to_i32(chunks.len()).into(), terms).await
}

pub(super) async fn forget_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<(), DbErr> {
    let delete =
        "WITH gone AS (DELETE FROM chunk_keywords WHERE number IN (SELECT number FROM chunk WHERE document_id = $1)
            RETURNING length)
        SELECT count(*) AS chunks, coalesce(sum(length), 0)::bigint AS terms FROM gone";
    let row = connection.query_one_raw(statement(connection, delete, [document_id.into()])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a count".to_owned()))?;
    let (chunks, terms): (i64, i64) = (row.try_get("", "chunks")?, row.try_get("", "terms")?);
    count_chunks(connection, document_id, -chunks, -terms).await
}

async fn count_chunks<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    chunks: i64,
    terms: i64,
) -> Result<(), DbErr> {
    if chunks == 0 {
        return Ok(());
    }
    // The first digits of a UUIDv7 are its time; the last ones are random.
    let slot = document_id.as_bytes().last().map_or(0, |last| i32::from(last % 16));
    let update = "UPDATE chunk_statistics SET chunks = chunks + $2, terms = terms + $3 WHERE slot = $1";
    let values: [Value; 3] = [slot.into(), chunks.into(), terms.into()];
    connection.execute_raw(statement(connection, update, values)).await?;
    Ok(())
}

pub(super) async fn index_message<C: ConnectionTrait>(
    connection: &C,
    number: i64,
    terms: &[String],
) -> Result<(), DbErr> {
    let insert = "INSERT INTO message_keywords (number, keywords) VALUES ($1, array_to_tsvector($2::text[]))";
    let terms: Vec<String> = terms.iter().filter_map(|term| indexable(term)).map(str::to_owned).collect();
    connection.execute_raw(statement(connection, insert, [number.into(), terms.into()])).await?;
    Ok(())
}

pub(super) fn matching(words: &[String], beginning: &str) -> SimpleExpr {
    let mut query: Vec<String> = words.iter().map(|term| quoted(term)).collect();
    query.push(format!("{}:*", quoted(beginning)));
    let matching = "\"conversation\".\"id\" IN (SELECT message.conversation_id FROM message_keywords \
                    JOIN message ON message.number = message_keywords.number \
                    WHERE message_keywords.keywords @@ $1::tsquery)";
    Expr::cust_with_values(matching, [query.join(" & ")])
}

/// The best `wanted` of all, each with whether the reader may read it.
pub(super) async fn best<C: ConnectionTrait>(
    connection: &C,
    reader: Reader,
    terms: &[String],
    fields: ChunkFields,
    wanted: usize,
) -> Result<Ranked, DbErr> {
    let [shared, own] = reader.scopes();
    let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
    let ChunkFields { title, heading_path, body } = fields;
    // PostgreSQL takes weights up to 1.
    let largest = title.max(heading_path).max(body).max(f64::MIN_POSITIVE);
    let weights = format!("{{{},0,{},{}}}", body / largest, heading_path / largest, title / largest);
    let terms: Vec<String> = terms.iter().map(|term| quoted(term)).collect();
    let values: [Value; 7] = [
        limit.into(),
        shared.into(),
        own.into(),
        terms.join(" | ").into(),
        terms.into(),
        largest.into(),
        weights.into(),
    ];
    let sql = format!(
        "WITH occurrence AS MATERIALIZED ({OCCURRENCES}),
        total AS (SELECT sum(chunks)::float8 AS rows,
            greatest(sum(terms)::float8 / greatest(sum(chunks), 1)::float8, 1) AS average FROM chunk_statistics),
        rarity AS (SELECT term, greatest(ln((greatest(max(total.rows) - count(*), 0) + 0.5) / (count(*) + 0.5)), 1e-6) AS idf
            FROM occurrence, total GROUP BY term),
        best AS MATERIALIZED (
            SELECT number, sum(idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / total.average))) AS score
            FROM occurrence JOIN rarity USING (term), total
            GROUP BY number ORDER BY score DESC, number LIMIT $1)
        SELECT best.number, best.score, (SELECT count(*) FROM best) AS ranked,
            chunk.document_id, document.scope IN ($2, $3) AS readable,
            document.embedded_chunks < document.chunks AS waiting
        FROM best JOIN chunk ON chunk.number = best.number JOIN document ON document.id = chunk.document_id
        ORDER BY best.score DESC, best.number"
    );
    ranked(&connection.query_all_raw(statement(connection, &sql, values)).await?)
}

/// The best of some documents' chunks.
pub(super) fn with_terms(reader: Reader, documents: &[Uuid], terms: &[(String, f32)], limit: usize) -> Statement {
    const SQL: &str = "WITH wanted (term, weight) AS (SELECT * FROM unnest($1::text[], $2::float8[]))
        SELECT chunk.number, sum(weight) AS score, chunk.document_id, true AS waiting
        FROM document JOIN chunk ON chunk.document_id = document.id JOIN chunk_keywords USING (number)
            JOIN wanted ON chunk_keywords.keywords @@ wanted.term::tsquery
        WHERE document.id = ANY($3) AND document.scope IN ($4, $5)
        GROUP BY chunk.number, chunk.document_id ORDER BY score DESC, chunk.number LIMIT $6";
    let [shared, own] = reader.scopes();
    let (terms, weights): (Vec<String>, Vec<f64>) =
        terms.iter().map(|(term, weight)| (quoted(term), f64::from(*weight))).unzip();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values: [Value; 6] =
        [terms.into(), weights.into(), documents.to_vec().into(), shared.into(), own.into(), limit.into()];
    Statement::from_sql_and_values(DbBackend::Postgres, SQL, values)
}

/// Each of the terms in each chunk that has it: how often, by weight, and how long the chunk is.
const OCCURRENCES: &str =
    "SELECT term, number, $6::float8 * ts_rank_cd($7::real[], keywords, term::tsquery) AS tf, length
    FROM chunk_keywords JOIN unnest($5::text[]) AS wanted (term) ON keywords @@ term::tsquery
    WHERE keywords @@ $4::tsquery";

/// How often each term occurs in a chunk: in the title, in the headings, in the text.
struct Occurrences<'a> {
    by_term: HashMap<&'a str, [u32; 3]>,
}

impl<'a> Occurrences<'a> {
    fn of(title: &'a [String], chunk: &'a AnalysedChunk) -> Self {
        let mut by_term: HashMap<&str, [u32; 3]> = HashMap::new();
        for (field, terms) in [title, &chunk.terms.heading_path, &chunk.terms.body].into_iter().enumerate() {
            for term in terms.iter().filter_map(|term| indexable(term)) {
                let counts = by_term.entry(term).or_default();
                counts.iter_mut().skip(field).take(1).for_each(|count| *count += 1);
            }
        }
        Self { by_term }
    }

    /// The text form of a `tsvector` in which a word's positions are its occurrences, counted from 1, each with the
    /// label of its field: nothing here searches by distance.
    fn as_tsvector(&self) -> String {
        let mut text = String::new();
        for (term, counts) in &self.by_term {
            text.push_str(&quoted(term));
            let labelled =
                counts.iter().zip(["A", "B", "D"]).flat_map(|(count, label)| (0..*count).map(move |_| label));
            for (position, label) in (1..=MAX_POSITIONS).zip(labelled) {
                let separator = if position == 1 { ':' } else { ',' };
                // Writing to a string cannot fail.
                let _ = write!(text, "{separator}{position}{label}");
            }
            text.push(' ');
        }
        text
    }
}

/// A term within the text form of a `tsvector` or a `tsquery`.
fn quoted(term: &str) -> String {
    format!("'{}'", term.replace('\\', "\\\\").replace('\'', "''"))
}
