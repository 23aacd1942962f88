//! Keyword search in PostgreSQL.
//!
//! Chunks and messages are `tsvector`s under GIN indexes. PostgreSQL's own ranking knows neither how rare a word is nor
//! how long a text, so the score is computed here, as FTS5 does it: `ts_rank_cd` of a single word is the sum of the
//! weights of its occurrences, BM25's term frequency. Whole documents, which every question ranks, are an inverted index in
//! a table: reading the vectors of all matching documents would take fifty times as long.

use std::collections::HashMap;
use std::fmt::Write as _;

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

use super::keywords::{AnalysedChunk, KeywordIndex, Ranked, ranked, statement};
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

/// Whole documents, each under the number of its first chunk. How many there are and how long they are is kept in sixteen
/// places, by the first digit of the document's id, so that workers seldom wait for each other to count.
pub(super) const CREATE_DOCUMENTS: &[&str] = &[
    "CREATE TABLE document_keywords (document_id uuid PRIMARY KEY REFERENCES document(id) ON DELETE CASCADE,
        number bigint NOT NULL, length integer NOT NULL)",
    "CREATE TABLE document_posting (term text COLLATE \"C\" NOT NULL, number bigint NOT NULL, title integer NOT NULL,
        body integer NOT NULL, chunks integer NOT NULL, length integer NOT NULL,
        PRIMARY KEY (term, number) INCLUDE (title, body, chunks, length))",
    "CREATE INDEX document_posting_number ON document_posting (number)",
    "CREATE TABLE keyword_statistics (slot integer PRIMARY KEY, documents bigint NOT NULL DEFAULT 0,
        document_terms bigint NOT NULL DEFAULT 0, chunks bigint NOT NULL DEFAULT 0,
        chunk_terms bigint NOT NULL DEFAULT 0)",
    "INSERT INTO keyword_statistics (slot) SELECT generate_series(0, 15)",
];

pub(super) const COUNT_CHUNKS: &str = "SELECT coalesce(sum(chunks), 0)::bigint FROM keyword_statistics";

/// Longest term in bytes: a B-tree's key has to fit into a third of a page.
const MAX_TERM_BYTES: usize = 1_000;
/// Most positions of a word in a `tsvector`.
const MAX_POSITIONS: u32 = 255;

pub(super) async fn index_chunks<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    title: &[String],
    chunks: &[AnalysedChunk],
) -> Result<(), DbErr> {
    let Some(first) = chunks.first() else { return Ok(()) };
    let mut numbers: Vec<i64> = Vec::with_capacity(chunks.len());
    let mut vectors: Vec<String> = Vec::with_capacity(chunks.len());
    let mut lengths: Vec<i32> = Vec::with_capacity(chunks.len());
    let mut postings: HashMap<&str, Posting> = HashMap::new();
    for chunk in chunks {
        let occurrences = Occurrences::of(title, chunk);
        numbers.push(chunk.number);
        vectors.push(occurrences.as_tsvector());
        lengths.push(to_i32(title.len() + chunk.heading_path.len() + chunk.body.len()));
        for (term, [_, heading_path, body]) in &occurrences.by_term {
            let posting = postings.entry(term).or_default();
            posting.body += heading_path + body;
            posting.chunks += 1;
        }
    }
    for term in title.iter().filter_map(|term| indexable(term)) {
        postings.entry(term).or_default().title += 1;
    }
    let chunk_terms: i64 = lengths.iter().copied().map(i64::from).sum();
    let bodies: usize = chunks.iter().map(|chunk| chunk.heading_path.len() + chunk.body.len()).sum();
    let document_terms = to_i32(title.len() + bodies);
    let insert = "INSERT INTO chunk_keywords (number, keywords, length)
        SELECT number, keywords::tsvector, length FROM unnest($1::bigint[], $2::text[], $3::integer[])
            AS new (number, keywords, length)";
    connection.execute_raw(statement(connection, insert, [numbers.into(), vectors.into(), lengths.into()])).await?;
    let insert = "INSERT INTO document_keywords (document_id, number, length) VALUES ($1, $2, $3)";
    let values: [Value; 3] = [document_id.into(), first.number.into(), document_terms.into()];
    connection.execute_raw(statement(connection, insert, values)).await?;
    insert_postings(connection, first.number, document_terms, postings).await?;
    let count = to_i32(chunks.len());
    change_statistics(connection, document_id, [1, document_terms.into(), count.into(), chunk_terms]).await
}

/// How often a term occurs in a document.
#[derive(Clone, Copy, Default)]
struct Posting {
    title: u32,
    body: u32,
    /// In how many of its chunks, title included.
    chunks: u32,
}

async fn insert_postings<C: ConnectionTrait>(
    connection: &C,
    number: i64,
    length: i32,
    postings: HashMap<&str, Posting>,
) -> Result<(), DbErr> {
    let mut postings: Vec<(&str, Posting)> = postings.into_iter().collect();
    postings.sort_unstable_by_key(|(term, _)| *term);
    let count = |count: fn(&Posting) -> u32| -> Vec<i32> {
        postings.iter().map(|(_, posting)| i32::try_from(count(posting)).unwrap_or(i32::MAX)).collect()
    };
    let terms: Vec<String> = postings.iter().map(|(term, _)| (*term).to_owned()).collect();
    let (title, body, chunks) = (count(|of| of.title), count(|of| of.body), count(|of| of.chunks));
    let insert = "INSERT INTO document_posting (term, number, title, body, chunks, length)
        SELECT term, $1, title, body, chunks, $2 FROM unnest($3::text[], $4::integer[], $5::integer[], $6::integer[])
            AS new (term, title, body, chunks)";
    let values: [Value; 6] = [number.into(), length.into(), terms.into(), title.into(), body.into(), chunks.into()];
    connection.execute_raw(statement(connection, insert, values)).await?;
    Ok(())
}

pub(super) async fn forget_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<(), DbErr> {
    let delete = "DELETE FROM document_keywords WHERE document_id = $1 RETURNING number, length";
    let Some(row) = connection.query_one_raw(statement(connection, delete, [document_id.into()])).await? else {
        return Ok(());
    };
    let (number, document_terms): (i64, i32) = (row.try_get("", "number")?, row.try_get("", "length")?);
    let delete = "DELETE FROM document_posting WHERE number = $1";
    connection.execute_raw(statement(connection, delete, [number.into()])).await?;
    let delete =
        "WITH gone AS (DELETE FROM chunk_keywords WHERE number IN (SELECT number FROM chunk WHERE document_id = $1)
            RETURNING length)
        SELECT count(*) AS chunks, coalesce(sum(length), 0)::bigint AS terms FROM gone";
    let row = connection.query_one_raw(statement(connection, delete, [document_id.into()])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a count".to_owned()))?;
    let (chunks, chunk_terms): (i64, i64) = (row.try_get("", "chunks")?, row.try_get("", "terms")?);
    change_statistics(connection, document_id, [-1, -i64::from(document_terms), -chunks, -chunk_terms]).await
}

async fn change_statistics<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    [documents, document_terms, chunks, chunk_terms]: [i64; 4],
) -> Result<(), DbErr> {
    // The first digits of a UUIDv7 are its time; the last ones are random.
    let slot = document_id.as_bytes().last().map_or(0, |last| i32::from(last % 16));
    let update = "UPDATE keyword_statistics SET documents = documents + $2, document_terms = document_terms + $3,
        chunks = chunks + $4, chunk_terms = chunk_terms + $5 WHERE slot = $1";
    let values: [Value; 5] = [slot.into(), documents.into(), document_terms.into(), chunks.into(), chunk_terms.into()];
    connection.execute_raw(statement(connection, update, values)).await?;
    Ok(())
}

pub(super) async fn index_message<C: ConnectionTrait>(
    connection: &C,
    number: i64,
    terms: Vec<String>,
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
    index: KeywordIndex,
    wanted: usize,
) -> Result<Ranked, DbErr> {
    let [shared, own] = reader.scopes();
    let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![limit.into(), shared.into(), own.into()];
    let (rows, average, occurrences) = match index {
        KeywordIndex::Documents { title, body } => {
            values.extend([terms.to_vec().into(), title.into(), body.into()]);
            ("documents", "document_terms", DOCUMENT_OCCURRENCES)
        }
        KeywordIndex::Chunks { title, heading_path, body } => {
            // PostgreSQL takes weights up to 1.
            let largest = title.max(heading_path).max(body).max(f64::MIN_POSITIVE);
            let weights = format!("{{{},0,{},{}}}", body / largest, heading_path / largest, title / largest);
            let terms: Vec<String> = terms.iter().map(|term| quoted(term)).collect();
            values.extend([terms.join(" | ").into(), terms.into(), largest.into(), weights.into()]);
            ("chunks", "chunk_terms", CHUNK_OCCURRENCES)
        }
    };
    let sql = format!(
        "WITH occurrence AS MATERIALIZED ({occurrences}),
        total AS (SELECT sum({rows})::float8 AS rows,
            greatest(sum({average})::float8 / greatest(sum({rows}), 1)::float8, 1) AS average FROM keyword_statistics),
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

/// Each of the terms in each document that has it: how often, by weight, and how long the document is.
const DOCUMENT_OCCURRENCES: &str = "SELECT term, number, $5::float8 * title + $6::float8 * body AS tf, length
    FROM document_posting WHERE term = ANY($4::text[])";

/// The same of chunks.
const CHUNK_OCCURRENCES: &str =
    "SELECT term, number, $6::float8 * ts_rank_cd($7::real[], keywords, term::tsquery) AS tf, length
    FROM chunk_keywords JOIN unnest($5::text[]) AS wanted (term) ON keywords @@ term::tsquery
    WHERE keywords @@ $4::tsquery";

pub(super) async fn term_frequencies<C: ConnectionTrait>(
    connection: &C,
    terms: &[String],
) -> Result<Vec<QueryResult>, DbErr> {
    let sql =
        "SELECT term, sum(chunks)::bigint AS chunks FROM document_posting WHERE term = ANY($1::text[]) GROUP BY term";
    connection.query_all_raw(statement(connection, sql, [terms.to_vec().into()])).await
}

/// How often each term occurs in a chunk: in the title, in the headings, in the text.
struct Occurrences<'a> {
    by_term: HashMap<&'a str, [u32; 3]>,
}

impl<'a> Occurrences<'a> {
    fn of(title: &'a [String], chunk: &'a AnalysedChunk) -> Self {
        let mut by_term: HashMap<&str, [u32; 3]> = HashMap::new();
        for (field, terms) in [title, &chunk.heading_path, &chunk.body].into_iter().enumerate() {
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

/// Terms that no index could hold are not words.
fn indexable(term: &str) -> Option<&str> {
    (!term.is_empty() && term.len() <= MAX_TERM_BYTES).then_some(term)
}

/// A term within the text form of a `tsvector` or a `tsquery`.
fn quoted(term: &str) -> String {
    format!("'{}'", term.replace('\\', "\\\\").replace('\'', "''"))
}

fn to_i32(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
