//! Keyword search over whole documents: an inverted index in tables, the same ones in both databases. What a score rests on
//! beside the document itself are the figures of `statistics`.

use std::collections::HashMap;

use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{ConnectionTrait, DbErr, Value};
use uuid::Uuid;

use super::keywords::{AnalysedChunk, KeywordHit, analysed_chunks, execute_each, hit, is_postgres, statement};
use super::terms::terms;
use super::{Collection, Frequency};
use crate::batches::batches;
use crate::vectors::private_to;
use crate::{Reader, Result, Store};

/// How much an occurrence in each field of a document counts.
#[derive(Clone, Copy, Debug)]
pub struct DocumentFields {
    /// In the title.
    pub title: f64,
    /// In the headings and the text.
    pub body: f64,
}

/// BM25's constants, those of `SQLite`'s FTS5.
const K1: f64 = 1.2;
const K1_PLUS_1: f64 = K1 + 1.0;
const B: f64 = 0.75;
/// Longest term in bytes: a B-tree's key has to fit into a third of a page.
const MAX_TERM_BYTES: usize = 1_000;

/// Documents stand under the number of their first chunk.
const CREATE: &[&str] = &[
    "CREATE TABLE document_keywords (document_id uuid PRIMARY KEY REFERENCES document(id) ON DELETE CASCADE,
        number bigint NOT NULL, length integer NOT NULL, chunks integer NOT NULL, private_to uuid)",
    "CREATE INDEX document_keywords_private ON document_keywords (private_to) WHERE private_to IS NOT NULL",
    "CREATE INDEX document_posting_number ON document_posting (number)",
];
const CREATE_POSTINGS: &str = "CREATE TABLE document_posting (term text NOT NULL, number bigint NOT NULL,
    title integer NOT NULL, body integer NOT NULL, chunks integer NOT NULL, length integer NOT NULL,
    private_to uuid, PRIMARY KEY (term, number)) WITHOUT ROWID";
const CREATE_POSTINGS_IN_POSTGRES: &str =
    "CREATE TABLE document_posting (term text COLLATE \"C\" NOT NULL, number bigint NOT NULL,
    title integer NOT NULL, body integer NOT NULL, chunks integer NOT NULL, length integer NOT NULL,
    private_to uuid, PRIMARY KEY (term, number) INCLUDE (title, body, chunks, length, private_to))";

/// Makes the index, and indexes the documents that are there.
pub(super) async fn create<C: ConnectionTrait>(connection: &C) -> Result<(), DbErr> {
    let postings = if is_postgres(connection) { CREATE_POSTINGS_IN_POSTGRES } else { CREATE_POSTINGS };
    connection.execute_unprepared(postings).await?;
    execute_each(connection, CREATE).await?;
    for row in connection.query_all_raw(statement(connection, "SELECT id, title, scope FROM document", [])).await? {
        let (id, title): (Uuid, String) = (row.try_get("", "id")?, row.try_get("", "title")?);
        let scope: String = row.try_get("", "scope")?;
        let chunks = analysed_chunks(connection, id).await?;
        let private_to = private_to(&scope).map_err(|error| DbErr::Custom(format!("document {id}: {error}")))?;
        index(connection, id, private_to, &terms(&title), &chunks).await?;
    }
    Ok(())
}

/// A document without chunks has no words to be found by.
pub(super) async fn index<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    private_to: Option<Uuid>,
    title: &[String],
    chunks: &[AnalysedChunk],
) -> Result<(), DbErr> {
    let Some(first) = chunks.first() else { return Ok(()) };
    let bodies: usize = chunks.iter().map(|chunk| chunk.terms.heading_path.len() + chunk.terms.body.len()).sum();
    let length = to_i32(title.len() + bodies);
    let insert = "INSERT INTO document_keywords (document_id, number, length, chunks, private_to)
        VALUES ($1, $2, $3, $4, $5)";
    let values: [Value; 5] =
        [document_id.into(), first.number.into(), length.into(), to_i32(chunks.len()).into(), private_to.into()];
    connection.execute_raw(statement(connection, insert, values)).await?;
    let mut postings: Vec<(&str, Posting)> = postings(title, chunks).into_iter().collect();
    // Neighbours in the index are written one after the other.
    postings.sort_unstable_by_key(|(term, _)| *term);
    for rows in batches(&postings) {
        let mut insert = Query::insert();
        insert.into_table(Alias::new("document_posting"));
        insert.columns(["term", "number", "title", "body", "chunks", "length", "private_to"].map(Alias::new));
        for (term, posting) in rows {
            let counts = [posting.title, posting.body, posting.chunks].map(|count| Expr::value(to_i32(count)));
            let mut values = vec![Expr::value(*term), Expr::value(first.number)];
            values.extend(counts);
            values.extend([Expr::value(length), Expr::value(private_to)]);
            insert.values_panic(values);
        }
        connection.execute(&insert).await?;
    }
    Ok(())
}

/// How often a term occurs in a document.
#[derive(Clone, Copy, Default)]
struct Posting {
    title: usize,
    body: usize,
    /// In how many of its chunks, title included.
    chunks: usize,
}

fn postings<'a>(title: &'a [String], chunks: &'a [AnalysedChunk]) -> HashMap<&'a str, Posting> {
    let mut postings: HashMap<&str, Posting> = HashMap::new();
    let mut last_chunk: HashMap<&str, usize> = HashMap::new();
    for (place, chunk) in chunks.iter().enumerate() {
        for term in chunk.terms.heading_path.iter().chain(&chunk.terms.body).filter_map(|term| indexable(term)) {
            let posting = postings.entry(term).or_default();
            posting.body += 1;
            posting.chunks += usize::from(last_chunk.insert(term, place) != Some(place));
        }
    }
    for term in title.iter().filter_map(|term| indexable(term)) {
        let posting = postings.entry(term).or_default();
        posting.title += 1;
        posting.chunks = chunks.len();
    }
    postings
}

/// Forgets a document; one that is not in the index is fine.
pub(super) async fn forget<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<(), DbErr> {
    let postings = "DELETE FROM document_posting WHERE number =
        (SELECT number FROM document_keywords WHERE document_id = $1)";
    for delete in [postings, "DELETE FROM document_keywords WHERE document_id = $1"] {
        connection.execute_raw(statement(connection, delete, [document_id.into()])).await?;
    }
    Ok(())
}

/// Changes who alone may find a document. One without words is fine.
pub(super) async fn change_readers<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    private_to: Option<Uuid>,
) -> Result<(), DbErr> {
    let postings = "UPDATE document_posting SET private_to = $2 WHERE number =
        (SELECT number FROM document_keywords WHERE document_id = $1)";
    for update in [postings, "UPDATE document_keywords SET private_to = $2 WHERE document_id = $1"] {
        let values: [Value; 2] = [document_id.into(), private_to.into()];
        connection.execute_raw(statement(connection, update, values)).await?;
    }
    Ok(())
}

impl Store {
    /// The best documents for these terms (normalised by [`terms`](super::terms), each once), any of which may occur, among
    /// those that the reader may read: BM25 with a weight per field. With each term stands
    /// its [frequency](super::TermStatistics::frequency). Source: Robertson and Zaragoza, "The Probabilistic
    /// Relevance Framework: BM25 and Beyond" (2009), as implemented by `SQLite`'s FTS5.
    pub async fn documents_by_keywords(
        &self,
        reader: Reader,
        terms: &[(String, Frequency)],
        collection: Collection,
        fields: DocumentFields,
        limit: usize,
    ) -> Result<Vec<KeywordHit>> {
        let terms: Vec<&(String, Frequency)> = terms.iter().filter(|(_, frequency)| frequency.documents > 0).collect();
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let wanted: Vec<String> = (0..terms.len())
            .map(|place| format!("(CAST(${} AS text), CAST(${} AS double precision))", 2 * place + 4, 2 * place + 5))
            .collect();
        // A value and not a part of the text: the collection changes, and the statement stays prepared.
        let average = collection.average_terms.max(1) as f64;
        let DocumentFields { title, body } = fields;
        let sql = format!(
            "WITH wanted (term, rarity) AS (VALUES {wanted}),
            occurrence AS (
                SELECT number, rarity, length, {title:?} * title + {body:?} * body AS tf
                FROM wanted CROSS JOIN document_posting
                WHERE document_posting.term = wanted.term AND (private_to IS NULL OR private_to = $2)),
            best AS MATERIALIZED (
                SELECT number, sum(rarity * tf * {K1_PLUS_1:?} / (tf + {K1:?} * (1 - {B:?} + {B:?} * length / CAST($3 AS double precision)))) AS score
                FROM occurrence GROUP BY number ORDER BY score DESC, number LIMIT $1)
            SELECT best.number, CAST(best.score AS double precision) AS score, chunk.document_id,
                document.embedded_chunks < document.chunks AS waiting
            FROM best JOIN chunk ON chunk.number = best.number JOIN document ON document.id = chunk.document_id
            ORDER BY best.score DESC, best.number",
            wanted = wanted.join(", "),
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![limit.into(), reader.account_id.into(), average.into()];
        for (term, frequency) in terms {
            values.extend([term.as_str().into(), collection.rarity(*frequency).into()]);
        }
        let connection = &self.read_documents_for(reader, "search.documents_by_keywords").await;
        let rows = connection.query_all_raw(statement(connection, &sql, values)).await?;
        Ok(rows.iter().map(hit).collect::<Result<_, _>>()?)
    }
}

/// The score that [`Store::documents_by_keywords`] gives to a document of so many terms. Of each term that it was searched for
/// and has stand how rare it is and how often it occurs in the title and elsewhere.
pub fn document_score(
    terms: impl Iterator<Item = (f64, f64, f64)>,
    length: u32,
    collection: Collection,
    fields: DocumentFields,
) -> f64 {
    let relative_length = f64::from(length) / collection.average_terms.max(1) as f64;
    let score = |(rarity, title, body): (f64, f64, f64)| {
        let tf = fields.title * title + fields.body * body;
        rarity * tf * K1_PLUS_1 / (tf + K1 * (1.0 - B + B * relative_length))
    };
    terms.map(score).sum()
}

/// Terms that no index could hold are not words.
pub(super) fn indexable(term: &str) -> Option<&str> {
    (!term.is_empty() && term.len() <= MAX_TERM_BYTES).then_some(term)
}

pub(super) fn to_i32(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
