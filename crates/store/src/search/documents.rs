//! Keyword search over whole documents: an inverted index in tables, the same ones in both databases.
//!
//! How rare a word is and how long a document usually is are figures of the collection, and with them every document's
//! score depends on every other one. Two rules keep that in bounds: a reader's collection is what that reader may read, so
//! that nobody's private documents move another one's scores; and how large it is counts in steps of a twentieth, so that
//! one document more does not change what it has no word in common with.

use std::collections::HashMap;

use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{ConnectionTrait, DbErr, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keywords::{AnalysedChunk, KeywordHit, analysed_chunks, execute_each, hit, is_postgres, statement};
use super::terms::terms;
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

/// How much there is of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Documents.
    pub documents: u64,
    /// Their terms.
    pub terms: u64,
    /// Their chunks.
    pub chunks: u64,
}

/// How much a reader may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readable {
    /// What everybody may.
    pub shared: Sizes,
    /// What only the reader may.
    pub private: Sizes,
}

/// The size of what a reader may read, rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Documents.
    pub documents: u64,
    /// Terms of a document, on average.
    pub average_terms: u64,
    /// Chunks.
    pub chunks: u64,
}

impl Readable {
    /// Both together, rounded.
    #[must_use]
    pub fn collection(self) -> Collection {
        let documents = self.shared.documents + self.private.documents;
        let terms = self.shared.terms + self.private.terms;
        Collection {
            documents: rounded(documents),
            average_terms: rounded(terms / documents.max(1)),
            chunks: rounded(self.shared.chunks + self.private.chunks),
        }
    }
}

/// Where a term occurs in what a reader may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TermStatistics {
    /// In how many documents.
    pub documents: u64,
    /// In how many chunks.
    pub chunks: u64,
}

/// BM25's constants, those of `SQLite`'s FTS5.
const K1: f64 = 1.2;
const K1_PLUS_1: f64 = K1 + 1.0;
const B: f64 = 0.75;
/// Places in which shared documents are counted.
const SLOTS: u8 = 16;
/// Rows to a statement: SQLite takes 32,766 parameters, a posting has seven.
const ROWS_PER_INSERT: usize = 2_000;
/// Longest term in bytes: a B-tree's key has to fit into a third of a page.
const MAX_TERM_BYTES: usize = 1_000;

/// Documents stand under the number of their first chunk. How many shared ones there are is kept in sixteen places, by the
/// last digit of the document's id, so that workers seldom wait for each other to count.
const CREATE: &[&str] = &[
    "CREATE TABLE document_keywords (document_id uuid PRIMARY KEY REFERENCES document(id) ON DELETE CASCADE,
        number bigint NOT NULL, length integer NOT NULL, chunks integer NOT NULL, private_to uuid)",
    "CREATE INDEX document_keywords_private ON document_keywords (private_to) WHERE private_to IS NOT NULL",
    "CREATE INDEX document_posting_number ON document_posting (number)",
    "CREATE TABLE keyword_statistics (slot integer PRIMARY KEY, documents bigint NOT NULL, document_terms bigint NOT NULL,
        chunks bigint NOT NULL)",
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
    for slot in 0..SLOTS {
        let insert = format!("INSERT INTO keyword_statistics VALUES ({slot}, 0, 0, 0)");
        connection.execute_unprepared(&insert).await?;
    }
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
    let bodies: usize = chunks.iter().map(|chunk| chunk.heading_path.len() + chunk.body.len()).sum();
    let length = to_i32(title.len() + bodies);
    let insert = "INSERT INTO document_keywords (document_id, number, length, chunks, private_to)
        VALUES ($1, $2, $3, $4, $5)";
    let count_of_chunks = to_i32(chunks.len());
    let values: [Value; 5] =
        [document_id.into(), first.number.into(), length.into(), count_of_chunks.into(), private_to.into()];
    connection.execute_raw(statement(connection, insert, values)).await?;
    let mut postings: Vec<(&str, Posting)> = postings(title, chunks).into_iter().collect();
    // Neighbours in the index are written one after the other.
    postings.sort_unstable_by_key(|(term, _)| *term);
    for rows in postings.chunks(ROWS_PER_INSERT) {
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
    if private_to.is_none() {
        count(connection, document_id, [1, length.into(), count_of_chunks.into()]).await?;
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
        for term in chunk.heading_path.iter().chain(&chunk.body).filter_map(|term| indexable(term)) {
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
    let delete = "DELETE FROM document_keywords WHERE document_id = $1 RETURNING number, length, chunks, private_to";
    let Some(row) = connection.query_one_raw(statement(connection, delete, [document_id.into()])).await? else {
        return Ok(());
    };
    let (number, length): (i64, i32) = (row.try_get("", "number")?, row.try_get("", "length")?);
    let chunks: i32 = row.try_get("", "chunks")?;
    let private_to: Option<Uuid> = row.try_get("", "private_to")?;
    let delete = "DELETE FROM document_posting WHERE number = $1";
    connection.execute_raw(statement(connection, delete, [number.into()])).await?;
    if private_to.is_none() {
        count(connection, document_id, [-1, -i64::from(length), -i64::from(chunks)]).await?;
    }
    Ok(())
}

/// Changes who alone may find a document. One without words is fine.
pub(super) async fn change_readers<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    private_to: Option<Uuid>,
) -> Result<(), DbErr> {
    let select = "SELECT number, length, chunks, private_to FROM document_keywords WHERE document_id = $1";
    let row = connection.query_one_raw(statement(connection, select, [document_id.into()])).await?;
    let Some(row) = row else { return Ok(()) };
    let (number, length): (i64, i32) = (row.try_get("", "number")?, row.try_get("", "length")?);
    let chunks: i32 = row.try_get("", "chunks")?;
    let before: Option<Uuid> = row.try_get("", "private_to")?;
    let update = "UPDATE document_keywords SET private_to = $2 WHERE document_id = $1";
    connection.execute_raw(statement(connection, update, [document_id.into(), private_to.into()])).await?;
    let update = "UPDATE document_posting SET private_to = $2 WHERE number = $1";
    connection.execute_raw(statement(connection, update, [number.into(), private_to.into()])).await?;
    let shared = i64::from(private_to.is_none()) - i64::from(before.is_none());
    if shared != 0 {
        count(connection, document_id, [shared, shared * i64::from(length), shared * i64::from(chunks)]).await?;
    }
    Ok(())
}

/// Counts a shared document in, or out.
async fn count<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    [documents, terms, chunks]: [i64; 3],
) -> Result<(), DbErr> {
    // The first digits of a UUIDv7 are its time; the last ones are random.
    let slot = document_id.as_bytes().last().map_or(0, |last| i32::from(last % SLOTS));
    let update = "UPDATE keyword_statistics SET documents = documents + $2, document_terms = document_terms + $3,
        chunks = chunks + $4 WHERE slot = $1";
    let values: [Value; 4] = [slot.into(), documents.into(), terms.into(), chunks.into()];
    connection.execute_raw(statement(connection, update, values)).await?;
    Ok(())
}

impl Store {
    /// How much a reader may read, and where each of these terms occurs in it, in their order.
    pub async fn term_statistics(&self, reader: Reader, terms: &[String]) -> Result<(Readable, Vec<TermStatistics>)> {
        const SHARED: &str = "";
        const PRIVATE: &str = " ";
        let connection = &self.read_documents_for(reader, "search.term_statistics").await;
        let sum = |what: &str| format!("CAST(coalesce(sum({what}), 0) AS bigint)");
        let sizes = |whose: &str, documents: &str, terms: &str, from: &str| {
            format!(
                "SELECT '{whose}' AS term, {} AS documents, {} AS chunks, {} AS terms FROM {from}",
                sum(documents),
                sum("chunks"),
                sum(terms)
            )
        };
        let mut sql = format!(
            "{} UNION ALL {}",
            sizes(SHARED, "documents", "document_terms", "keyword_statistics"),
            sizes(PRIVATE, "1", "length", "document_keywords WHERE private_to = $1"),
        );
        if !terms.is_empty() {
            let marks: Vec<String> = (2..terms.len() + 2).map(|number| format!("${number}")).collect();
            let of_terms = format!(
                " UNION ALL SELECT term, count(*), {}, 0 FROM document_posting
                WHERE term IN ({}) AND (private_to IS NULL OR private_to = $1) GROUP BY term",
                sum("chunks"),
                marks.join(", "),
            );
            sql.push_str(&of_terms);
        }
        let mut values: Vec<Value> = vec![reader.account_id.into()];
        values.extend(terms.iter().map(|term| Value::from(term.as_str())));
        let mut readable = Readable::default();
        let mut found: HashMap<String, TermStatistics> = HashMap::new();
        for row in connection.query_all_raw(statement(connection, &sql, values)).await? {
            let number = |name: &str| Ok::<_, DbErr>(u64::try_from(row.try_get::<i64>("", name)?).unwrap_or_default());
            let (term, documents, chunks) =
                (row.try_get::<String>("", "term")?, number("documents")?, number("chunks")?);
            match term.as_str() {
                SHARED => readable.shared = Sizes { documents, terms: number("terms")?, chunks },
                PRIVATE => readable.private = Sizes { documents, terms: number("terms")?, chunks },
                _ => drop(found.insert(term, TermStatistics { documents, chunks })),
            }
        }
        let of_each = terms.iter().map(|term| found.get(term).copied().unwrap_or_default()).collect();
        Ok((readable, of_each))
    }

    /// The best documents for these terms (normalised by [`terms`](super::terms), each once), any of which may occur, among
    /// those that the reader may read: BM25 with a weight per field. Source: Robertson and Zaragoza, "The Probabilistic
    /// Relevance Framework: BM25 and Beyond" (2009), as implemented by `SQLite`'s FTS5.
    pub async fn documents_by_keywords(
        &self,
        reader: Reader,
        terms: &[(String, TermStatistics)],
        collection: Collection,
        fields: DocumentFields,
        limit: usize,
    ) -> Result<Vec<KeywordHit>> {
        let terms: Vec<&(String, TermStatistics)> = terms.iter().filter(|(_, of_term)| of_term.documents > 0).collect();
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let wanted: Vec<String> = (0..terms.len())
            .map(|place| format!("(CAST(${} AS text), CAST(${} AS double precision))", 2 * place + 3, 2 * place + 4))
            .collect();
        let average = collection.average_terms.max(1);
        let DocumentFields { title, body } = fields;
        let sql = format!(
            "WITH wanted (term, rarity) AS (VALUES {wanted}),
            occurrence AS (
                SELECT number, rarity, length, {title:?} * title + {body:?} * body AS tf
                FROM wanted CROSS JOIN document_posting
                WHERE document_posting.term = wanted.term AND (private_to IS NULL OR private_to = $2)),
            best AS MATERIALIZED (
                SELECT number, sum(rarity * tf * {K1_PLUS_1:?} / (tf + {K1:?} * (1 - {B:?} + {B:?} * length / {average}.0))) AS score
                FROM occurrence GROUP BY number ORDER BY score DESC, number LIMIT $1)
            SELECT best.number, CAST(best.score AS double precision) AS score, chunk.document_id,
                document.embedded_chunks < document.chunks AS waiting
            FROM best JOIN chunk ON chunk.number = best.number JOIN document ON document.id = chunk.document_id
            ORDER BY best.score DESC, best.number",
            wanted = wanted.join(", "),
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![limit.into(), reader.account_id.into()];
        for (term, of_term) in &terms {
            values.extend([term.as_str().into(), rarity(collection.documents, of_term.documents).into()]);
        }
        let connection = &self.read_documents_for(reader, "search.documents_by_keywords").await;
        let rows = connection.query_all_raw(statement(connection, &sql, values)).await?;
        Ok(rows.iter().map(hit).collect::<Result<_, _>>()?)
    }
}

/// `ln((N - n + 0.5) / (n + 0.5))` for a term that `n` of `N` documents have, and never below FTS5's least.
fn rarity(documents: u64, with_term: u64) -> f64 {
    let (all, with) = (documents as f64, with_term as f64);
    (((all - with).max(0.0) + 0.5) / (with + 0.5)).ln().max(1e-6)
}

/// A number to the nearest step of a scale whose steps are a twentieth; up to twenty it is the number itself.
fn rounded(number: u64) -> u64 {
    const STEP: f64 = 1.05;
    if number <= 20 {
        return number;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is near a number that fits")]
    let rounded = STEP.powf(((number as f64).ln() / STEP.ln()).round()).round() as u64;
    rounded
}

/// Terms that no index could hold are not words.
pub(super) fn indexable(term: &str) -> Option<&str> {
    (!term.is_empty() && term.len() <= MAX_TERM_BYTES).then_some(term)
}

pub(super) fn to_i32(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_in_steps_of_a_twentieth() {
        assert!((0..=20).all(|number| rounded(number) == number));
        for number in 21..100_000_u64 {
            let (low, high) = (number as f64 / 1.05, number as f64 * 1.05);
            assert!((low..=high).contains(&(rounded(number) as f64)), "{number}: {}", rounded(number));
        }
        let different = (1_000..2_000).map(rounded).collect::<std::collections::HashSet<_>>();
        assert!(different.len() < 20, "{different:?}");
    }
}
