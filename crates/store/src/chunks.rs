//! Chunks: what a document becomes. Their vectors have a file of their own.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{ExprTrait as _, SimpleExpr};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use tokio::task::{JoinError, spawn_blocking};
use uuid::Uuid;

use crate::batches::batches;
use crate::changes::record_rewording;
use crate::documents::remove_chunks;
use crate::entity::{chunk, document, document_text, job};
use crate::search::{ChunkTerms, Indexed};
use crate::values::{DocumentStatus, JobKind, storable};
pub use crate::vectors::{IndexEntry, StoredVector};
use crate::{Result, Store, search};

/// A chunk to be stored.
#[derive(Clone, Debug)]
pub struct NewChunk {
    /// The headings above it.
    pub heading_path: String,
    /// Byte offset of its start in the extracted text.
    pub start: usize,
    /// Byte offset of its end.
    pub end: usize,
    /// Its quotable units, encoded.
    pub units: Vec<u8>,
}

/// What parsing a document gave.
#[derive(Clone, Debug)]
pub struct Extracted {
    /// The document's own title.
    pub title: Option<String>,
    /// The extracted text.
    pub text: String,
    /// Its chunks, in order.
    pub chunks: Vec<NewChunk>,
}

/// A chunk that waits for its vector.
#[derive(Clone, Debug)]
pub struct PendingChunk {
    /// The chunk.
    pub number: i64,
    /// The title of its document.
    pub title: String,
    /// The headings above it.
    pub heading_path: String,
    /// Its text.
    pub text: String,
    /// Its quotable units, encoded.
    pub units: Vec<u8>,
}

/// Values to a list: SQLite takes 32,766.
pub(crate) const VALUES_PER_LIST: usize = 2_000;

impl Store {
    /// Replaces what was extracted from a document, indexes it by keywords, and exchanges its ingestion job for
    /// an embedding job: one transaction, so that a killed process leaves either the job or its result.
    /// Returns false, and does nothing, when the document was deleted meanwhile or another process has it in hand.
    pub async fn store_extracted(&self, document_id: Uuid, extracted: Extracted, embed: bool) -> Result<bool> {
        let (extracted, terms) = spawn_blocking(|| analysed(extracted)).await.map_err(|error| not_analysed(&error))?;
        let transaction = self.begin("chunks.store_extracted").await?;
        let found = document::Entity::find_by_id(document_id).lock_exclusive().one(&transaction).await?;
        let Some(found) = found else { return Ok(false) };
        if !self.held_by_others(&transaction, &[document_id]).await?.is_empty() {
            return Ok(false);
        }
        let private_to = found.private_to()?;
        let before = Indexed::of(&transaction, document_id, private_to).await?;
        remove_chunks(&transaction, document_id).await?;
        let title = match extracted.title {
            _ if found.title_given => found.title.clone(),
            Some(title) => title,
            // Not the one of another content.
            None => found.file_name.clone(),
        };
        let (title, whole_text) = (storable(&title), extracted.text);
        let count = extracted.chunks.len();
        let rows: Vec<_> = extracted
            .chunks
            .into_iter()
            .enumerate()
            .map(|(ordinal, new)| chunk::ActiveModel {
                id: Set(self.clock().new_id()),
                document_id: Set(document_id),
                ordinal: Set(to_i32(ordinal)),
                heading_path: Set(new.heading_path),
                start: Set(to_i32(new.start)),
                end: Set(to_i32(new.end)),
                text: Set(whole_text.get(new.start..new.end).unwrap_or_default().to_owned()),
                units: Set(new.units),
                embedded: Set(false),
                number: NotSet,
            })
            .collect();
        for batch in batches(&rows) {
            chunk::Entity::insert_many(batch.to_vec()).exec_without_returning(&transaction).await?;
        }
        search::index_chunks(&transaction, document_id, &found.scope, &title, terms).await?;
        let text = document_text::ActiveModel { document_id: Set(document_id), text: Set(whole_text) };
        document_text::Entity::insert(text).exec_without_returning(&transaction).await?;
        let owner_id = found.owner_id;
        let mut row: document::ActiveModel = found.into();
        row.title = Set(title);
        row.status = Set(if embed { DocumentStatus::Searchable } else { DocumentStatus::Ready });
        row.error = Set(None);
        row.chunks = Set(to_i32(count));
        row.embedded_chunks = Set(0);
        row.updated_at = Set(self.clock().now());
        row.update(&transaction).await?;
        job::Entity::delete_many().filter(job::Column::DocumentId.eq(document_id)).exec(&transaction).await?;
        if embed {
            self.enqueue(&transaction, JobKind::Embed, document_id, owner_id).await?;
        }
        let after = Indexed::of(&transaction, document_id, private_to).await?;
        record_rewording(&transaction, document_id, &before, &after).await?;
        transaction.commit().await?;
        self.wrote_for(&[owner_id]).await?;
        Ok(true)
    }

    /// The chunks of these documents that have no vector yet, in order.
    pub async fn pending_chunks(&self, document_ids: &[Uuid], limit: u64) -> Result<Vec<PendingChunk>> {
        let rows: Vec<(i64, Uuid, String, String, Vec<u8>)> = chunk::Entity::find()
            .select_only()
            .column(chunk::Column::Number)
            .column(chunk::Column::DocumentId)
            .column(chunk::Column::HeadingPath)
            .column(chunk::Column::Text)
            .column(chunk::Column::Units)
            .filter(chunk::Column::DocumentId.is_in(document_ids.iter().copied()))
            .filter(not_embedded())
            .order_by_asc(chunk::Column::Number)
            .limit(limit)
            .into_tuple()
            .all(&self.read("chunks.pending_chunks"))
            .await?;
        let titles = self.titles(document_ids.iter().copied()).await?;
        let pending = rows.into_iter().map(|(number, document_id, heading_path, text, units)| PendingChunk {
            number,
            title: titles.get(&document_id).cloned().unwrap_or_default(),
            heading_path,
            text,
            units,
        });
        Ok(pending.collect())
    }

    /// Up to `count` chunks, spread evenly over all.
    pub async fn sample_chunks(&self, count: usize) -> Result<Vec<PendingChunk>> {
        let numbers: Vec<i64> = chunk::Entity::find()
            .select_only()
            .column(chunk::Column::Number)
            .into_tuple()
            .all(&self.read("chunks.sample_chunks"))
            .await?;
        let step = (numbers.len() / count.max(1)).max(1);
        let sampled: Vec<i64> = numbers.into_iter().step_by(step).take(count).collect();
        let mut chunks = Vec::with_capacity(sampled.len());
        for batch in sampled.chunks(VALUES_PER_LIST) {
            let found = chunk::Entity::find()
                .filter(chunk::Column::Number.is_in(batch.iter().copied()))
                .all(&self.read("chunks.sample_chunks"))
                .await?;
            let documents: HashSet<Uuid> = found.iter().map(|row| row.document_id).collect();
            let titles = self.titles(documents).await?;
            chunks.extend(found.into_iter().map(|row| PendingChunk {
                title: titles.get(&row.document_id).cloned().unwrap_or_default(),
                number: row.number,
                heading_path: row.heading_path,
                text: row.text,
                units: row.units,
            }));
        }
        Ok(chunks)
    }

    async fn titles(&self, document_ids: impl IntoIterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
        let rows: Vec<(Uuid, String)> = document::Entity::find()
            .select_only()
            .column(document::Column::Id)
            .column(document::Column::Title)
            .filter(document::Column::Id.is_in(document_ids))
            .into_tuple()
            .all(&self.read("chunks.titles"))
            .await?;
        Ok(rows.into_iter().collect())
    }
}

/// That a chunk has no vector yet, in the form in which the partial index has it.
pub(crate) fn not_embedded() -> SimpleExpr {
    chunk::Column::Embedded.into_expr().not()
}

/// Lengths and offsets fit: extracted text is limited to far less than 2 GiB.
fn to_i32(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// What can be stored of it, and the terms of each chunk.
fn analysed(mut extracted: Extracted) -> (Extracted, Vec<ChunkTerms>) {
    extracted.text = storable(&extracted.text);
    let mut terms = Vec::with_capacity(extracted.chunks.len());
    for chunk in &mut extracted.chunks {
        chunk.heading_path = storable(&chunk.heading_path);
        let body = extracted.text.get(chunk.start..chunk.end).unwrap_or_default();
        terms.push(ChunkTerms::of(&chunk.heading_path, body));
    }
    (extracted, terms)
}

fn not_analysed(error: &JoinError) -> DbErr {
    DbErr::Custom(format!("the words of a document were not counted: {error}"))
}
