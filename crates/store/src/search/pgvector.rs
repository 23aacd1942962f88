//! Vector search by pgvector: an HNSW index over the shared documents' chunks; each person's private ones are scanned, so
//! that a permission is never a filter within the index.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

use super::keywords::statement;
use super::meaning::{Meanings, Near, decoded};
use crate::database::{Rule, scalar};
use crate::{Error, Reader, Result, Store};

/// Chunks that are found of a document that is wanted for other reasons than its meaning.
const OF_ONE_DOCUMENT: i64 = 2;
/// Rows to a statement; the text of one has some kilobytes.
const ROWS_PER_INSERT: usize = 250;

const CREATE: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS document_meaning (document_id uuid PRIMARY KEY REFERENCES document(id) ON DELETE CASCADE,
        meaning halfvec NOT NULL)",
    "CREATE TABLE IF NOT EXISTS chunk_meaning (
        number bigint PRIMARY KEY REFERENCES chunk_vector(chunk_number) ON DELETE CASCADE,
        document_id uuid NOT NULL, private_to uuid, own halfvec NOT NULL, meaning halfvec NOT NULL)",
    "CREATE INDEX IF NOT EXISTS chunk_meaning_document ON chunk_meaning (document_id)",
    "CREATE INDEX IF NOT EXISTS chunk_meaning_private ON chunk_meaning (private_to) WHERE private_to IS NOT NULL",
];

impl Store {
    /// Sees that vectors of this many dimensions can be searched for. Fails when the server has no pgvector. `SQLite` needs
    /// no preparation: its vectors are searched in process.
    pub async fn prepare_vector_search(&self, dimensions: usize) -> Result<()> {
        if self.is_sqlite() {
            return Ok(());
        }
        self.create_extension().await?;
        let transaction = self.begin_alone("schema.vectors", Rule::Schema).await?;
        for create in CREATE {
            transaction.execute_unprepared(create).await?;
        }
        let index = format!("chunk_meaning_hnsw_{dimensions}");
        let exists = format!("SELECT to_regclass('{index}') IS NOT NULL");
        if !scalar::<bool>(&transaction, &exists).await? {
            // Vectors of another model can neither be compared with this one's nor stand in the same index.
            let others =
                "SELECT relname FROM pg_class WHERE relkind = 'i' AND relname LIKE 'chunk\\_meaning\\_hnsw\\_%'";
            for row in transaction.query_all_raw(statement(&transaction, others, [])).await? {
                let other: String = row.try_get("", "relname")?;
                transaction.execute_unprepared(&format!("DROP INDEX \"{other}\"")).await?;
            }
            let foreign = format!("DELETE FROM chunk_meaning WHERE vector_dims(own) <> {dimensions}");
            transaction.execute_unprepared(&foreign).await?;
            let lengthened = dimensions + 1;
            let create = format!(
                "CREATE INDEX {index} ON chunk_meaning USING hnsw ((meaning::halfvec({lengthened})) halfvec_cosine_ops)
                WHERE private_to IS NULL"
            );
            transaction.execute_unprepared(&create).await?;
        }
        transaction.commit().await?;
        self.set_searches_vectors();
        Ok(())
    }

    async fn create_extension(&self) -> Result<()> {
        let transaction = self.begin_alone("schema.extension", Rule::Schema).await?;
        // Asked first: an ordinary user may use an extension that is there, and not make it.
        let exists = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')";
        if scalar(&transaction, exists).await? {
            return Ok(());
        }
        if let Err(error) = transaction.execute_unprepared("CREATE EXTENSION vector").await {
            let version = "SELECT current_setting('server_version_num')::int4 / 10000";
            let version = scalar(&self.read("server.version"), version).await?;
            return Err(Error::NoVectors { version, problem: error.to_string() });
        }
        transaction.commit().await
    }

    /// The `wanted` nearest chunks among the shared ones and the reader's own, best first, and then the nearest of each
    /// document in `also`, where they are not among them. Only PostgreSQL searches here.
    pub async fn nearest(&self, reader: Reader, vector: &[f32], wanted: usize, also: &[Uuid]) -> Result<Vec<Near>> {
        let lengthened = vector.len() + 1;
        let order = format!("ORDER BY meaning::halfvec({lengthened}) <=> $1::halfvec({lengthened})");
        let sql = format!(
            "WITH shared AS MATERIALIZED (
                SELECT number FROM chunk_meaning WHERE private_to IS NULL {order} LIMIT $4),
            own AS MATERIALIZED (SELECT number FROM chunk_meaning WHERE private_to = $3 {order} LIMIT $4),
            also AS MATERIALIZED (
                SELECT best.number FROM unnest($5::uuid[]) AS wanted (document_id), LATERAL (
                    SELECT number FROM chunk_meaning WHERE chunk_meaning.document_id = wanted.document_id
                        AND (private_to IS NULL OR private_to = $3) {order} LIMIT {OF_ONE_DOCUMENT}) AS best)
            SELECT chunk.number, chunk.document_id, 1 - (chunk.own <=> $2::halfvec) AS cosine,
                1 - (chunk.meaning <=> $1::halfvec) AS meaning, 1 - (document.meaning <=> $2::halfvec) AS document,
                chunk.number IN (SELECT number FROM also) AS also
            FROM (SELECT number FROM shared UNION SELECT number FROM own UNION SELECT number FROM also) AS found
                JOIN chunk_meaning AS chunk USING (number)
                JOIN document_meaning AS document USING (document_id)"
        );
        let question = literal(vector);
        let question_lengthened = literal(&[vector, &[0.0]].concat());
        let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
        let values: [Value; 5] =
            [question_lengthened.into(), question.into(), reader.account_id.into(), limit.into(), also.to_vec().into()];
        let connection = &self.read_documents_for(reader, "search.nearest").await;
        let rows = connection.query_all_raw(statement(connection, &sql, values)).await?;
        let mut found: Vec<(Near, bool)> =
            rows.iter().map(|row| Ok((near(row)?, row.try_get("", "also")?))).collect::<Result<_, DbErr>>()?;
        found.sort_unstable_by(|(a, _), (b, _)| Near::best_first(a, b));
        let kept = found.into_iter().enumerate().filter(|(place, (_, also))| *place < wanted || *also);
        Ok(kept.map(|(_, (near, _))| near).collect())
    }
}

fn near(row: &QueryResult) -> Result<Near, DbErr> {
    #[expect(clippy::cast_possible_truncation, reason = "a similarity needs no more than seven digits")]
    let similarity = |name| row.try_get::<f64>("", name).map(|value| value as f32);
    let (meaning, document) = (similarity("meaning")?, similarity("document")?);
    Ok(Near {
        number: row.try_get("", "number")?,
        document_id: row.try_get("", "document_id")?,
        cosine: similarity("cosine")?,
        blended: 2.0 * meaning - document,
        document,
    })
}

/// Makes a document's chunks findable by meaning, once all of them have a vector. On `SQLite` nothing is to be done.
pub(crate) async fn index_meanings<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    private_to: Option<Uuid>,
) -> Result<()> {
    let select = "SELECT chunk_number, scale, codes FROM chunk_vector JOIN chunk ON chunk.number = chunk_number
        WHERE document_id = $1 ORDER BY chunk_number";
    let rows = connection.query_all_raw(statement(connection, select, [document_id.into()])).await?;
    let mut numbers: Vec<i64> = Vec::with_capacity(rows.len());
    let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(rows.len());
    for row in rows {
        numbers.push(row.try_get("", "chunk_number")?);
        let codes: Vec<u8> = row.try_get("", "codes")?;
        let codes: Vec<i8> = codes.into_iter().map(u8::cast_signed).collect();
        vectors.push(decoded(&codes, row.try_get("", "scale")?).collect());
    }
    let meanings = Meanings::of(&vectors);
    let insert = "INSERT INTO document_meaning (document_id, meaning) VALUES ($1, $2::halfvec)
        ON CONFLICT (document_id) DO UPDATE SET meaning = excluded.meaning";
    let values: [Value; 2] = [document_id.into(), literal(&meanings.document).into()];
    connection.execute_raw(statement(connection, insert, values)).await?;
    let insert = "INSERT INTO chunk_meaning (number, document_id, private_to, own, meaning)
        SELECT number, $1, $2, own::halfvec, meaning::halfvec FROM unnest($3::bigint[], $4::text[], $5::text[])
            AS new (number, own, meaning)
        ON CONFLICT (number) DO UPDATE SET own = excluded.own, meaning = excluded.meaning";
    let literals = |vectors: &[Vec<f32>]| vectors.iter().map(|vector| literal(vector)).collect::<Vec<String>>();
    let batches = numbers.chunks(ROWS_PER_INSERT).zip(vectors.chunks(ROWS_PER_INSERT));
    for ((numbers, own), meaning) in batches.zip(meanings.chunks.chunks(ROWS_PER_INSERT)) {
        let values: [Value; 5] = [
            document_id.into(),
            private_to.into(),
            numbers.to_vec().into(),
            literals(own).into(),
            literals(meaning).into(),
        ];
        connection.execute_raw(statement(connection, insert, values)).await?;
    }
    Ok(())
}

/// Changes who alone may find a document's chunks by their meaning.
pub(super) async fn change_readers<C: ConnectionTrait>(
    connection: &C,
    document_id: Uuid,
    private_to: Option<Uuid>,
) -> Result<(), DbErr> {
    let update = "UPDATE chunk_meaning SET private_to = $2 WHERE document_id = $1";
    connection.execute_raw(statement(connection, update, [document_id.into(), private_to.into()])).await?;
    Ok(())
}

/// The text form of a vector.
fn literal(vector: &[f32]) -> String {
    let mut text = String::with_capacity(vector.len() * 10);
    for (place, value) in vector.iter().enumerate() {
        let separator = if place == 0 { '[' } else { ',' };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{value:.6}");
    }
    text.push(']');
    text
}
