//! Vectors of chunks: stored, counted, read at start, made anew for another model.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, JoinType, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait as _,
};
use uuid::Uuid;

use crate::batches::batches;
use crate::changes::{What, record_change};
use crate::chunks::{VALUES_PER_LIST, not_embedded};
use crate::database::{Rule, Transaction};
use crate::documents::Document;
use crate::entity::{chunk, chunk_vector, document, job};
use crate::scope::SHARED;
use crate::values::{DocumentStatus, JobKind};
use crate::{Error, Result, Store, search};

/// A vector in the form in which it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVector {
    /// The chunk.
    pub number: i64,
    /// What one step of the codes is worth.
    pub scale: f32,
    /// The components as signed 8-bit codes.
    pub codes: Vec<u8>,
    /// The vectors of its units, encoded; empty where they were not read.
    pub units: Vec<u8>,
}

impl Store {
    /// Stores vectors, and makes each document of `document_ids` `ready` whose chunks all have one now. Vectors
    /// of chunks that were deleted meanwhile, or are another process's by now, are left out. Returns how many were stored.
    pub async fn store_vectors(&self, model: &str, document_ids: &[Uuid], vectors: Vec<StoredVector>) -> Result<usize> {
        let transaction = self.begin("vectors.store_vectors").await?;
        // Nobody deletes them before this is committed; in the order of their ids, so that nobody waits in a circle.
        let locked = document::Entity::find()
            .select_only()
            .column(document::Column::Id)
            .filter(document::Column::Id.is_in(document_ids.iter().copied()))
            .order_by_asc(document::Column::Id)
            .lock_exclusive()
            .into_tuple::<Uuid>();
        let mut mine = locked.all(&transaction).await?;
        let held_by_others = self.held_by_others(&transaction, document_ids).await?;
        mine.retain(|id| !held_by_others.contains(id));
        let numbers: Vec<i64> = vectors.iter().map(|vector| vector.number).collect();
        let mut alive = documents_of(&transaction, &numbers).await?;
        alive.retain(|_, document_id| mine.contains(document_id));
        let rows: Vec<_> = vectors
            .into_iter()
            .filter(|vector| alive.contains_key(&vector.number))
            .map(|vector| chunk_vector::ActiveModel {
                chunk_number: Set(vector.number),
                model: Set(model.to_owned()),
                scale: Set(vector.scale),
                codes: Set(vector.codes),
                units: Set(vector.units),
            })
            .collect();
        for batch in batches(&rows) {
            chunk_vector::Entity::insert_many(batch.to_vec())
                .on_conflict_do_nothing_on([chunk_vector::Column::ChunkNumber])
                .exec_without_returning(&transaction)
                .await?;
        }
        chunk::Entity::update_many()
            .col_expr(chunk::Column::Embedded, Expr::value(true))
            .filter(chunk::Column::Number.is_in(alive.keys().copied()))
            .exec(&transaction)
            .await?;
        // What got further does not kill the process: a large document must not be given up because deaths add up.
        job::Entity::update_many()
            .col_expr(job::Column::Crashes, Expr::value(0))
            .filter(job::Column::DocumentId.is_in(alive.values().copied()))
            .filter(job::Column::Kind.eq(JobKind::Embed))
            .exec(&transaction)
            .await?;
        let mut ready = Vec::new();
        for id in mine {
            ready.extend(self.count_vectors(&transaction, id).await?);
        }
        for document in &ready {
            record_change(&transaction, document.id, document.private_to()?, What::Vectors).await?;
        }
        transaction.commit().await?;
        let owners: Vec<Uuid> = ready.iter().map(|document| document.owner_id).collect();
        if !owners.is_empty() {
            self.wrote_for(&owners).await?;
        }
        Ok(alive.len())
    }

    /// Counts a document's vectors. Returns it when it has become `ready` by that.
    async fn count_vectors(&self, transaction: &Transaction, document_id: Uuid) -> Result<Option<Document>> {
        let found = document::Entity::find_by_id(document_id).one(transaction).await?;
        let Some(found) = found.filter(|document| document.status != DocumentStatus::Ready) else { return Ok(None) };
        let missing = chunk::Entity::find()
            .filter(chunk::Column::DocumentId.eq(document_id))
            .filter(not_embedded())
            .count(transaction)
            .await?;
        let missing = i32::try_from(missing).unwrap_or(i32::MAX);
        let chunks = found.chunks;
        let private_to = found.private_to()?;
        let mut row: document::ActiveModel = found.into();
        row.embedded_chunks = Set(chunks.saturating_sub(missing));
        if missing == 0 {
            if chunks > 0 && self.searches_vectors() {
                search::index_meanings(transaction, document_id, private_to).await?;
            }
            row.status = Set(DocumentStatus::Ready);
            job::Entity::delete_many()
                .filter(job::Column::DocumentId.eq(document_id))
                .filter(job::Column::Kind.eq(JobKind::Embed))
                .exec(transaction)
                .await?;
        }
        row.updated_at = Set(self.clock().now());
        let updated = row.update(transaction).await?;
        Ok((missing == 0).then_some(updated))
    }

    /// The vectors of `model` of the documents that have all of theirs, with what the index must know of each: read once at
    /// start.
    pub async fn load_vectors(&self, model: &str, after: i64, limit: u64) -> Result<Vec<(StoredVector, IndexEntry)>> {
        let wanted = Condition::all()
            .add(chunk_vector::Column::Model.eq(model))
            .add(chunk_vector::Column::ChunkNumber.gt(after));
        self.vectors("vectors.load_vectors", model, wanted, Some(limit)).await
    }

    /// The same of one document, which has none as long as it has not all of them.
    pub async fn vectors_of(&self, model: &str, document_id: Uuid) -> Result<Vec<(StoredVector, IndexEntry)>> {
        // The model is not asked for: SQLite would go through all of its vectors to find those of the document.
        let wanted = Condition::all().add(chunk::Column::DocumentId.eq(document_id));
        self.vectors("vectors.vectors_of", model, wanted, None).await
    }

    async fn vectors(
        &self,
        name: &'static str,
        model: &str,
        wanted: Condition,
        limit: Option<u64>,
    ) -> Result<Vec<(StoredVector, IndexEntry)>> {
        let rows: Vec<(String, i64, f32, Vec<u8>, Uuid, String)> = chunk_vector::Entity::find()
            .select_only()
            .column(chunk_vector::Column::Model)
            .column(chunk_vector::Column::ChunkNumber)
            .column(chunk_vector::Column::Scale)
            .column(chunk_vector::Column::Codes)
            .column(document::Column::Id)
            .column(document::Column::Scope)
            .join(JoinType::InnerJoin, chunk::Relation::Vector.def().rev())
            .join(JoinType::InnerJoin, chunk::Relation::Document.def())
            .filter(wanted)
            .filter(document::Column::EmbeddedChunks.into_expr().gte(document::Column::Chunks.into_expr()))
            .order_by_asc(chunk_vector::Column::ChunkNumber)
            .limit(limit)
            .into_tuple()
            .all(&self.read(name))
            .await?;
        let rows = rows.into_iter().filter(|(of, ..)| of == model);
        let known = |(_, number, scale, codes, document_id, scope): (String, i64, f32, Vec<u8>, Uuid, String)| {
            let private_to = private_to(&scope).map_err(|_| Error::Corrupt { what: "document scope" })?;
            let vector = StoredVector { number, scale, codes, units: Vec::new() };
            Ok((vector, IndexEntry { document_id, private_to }))
        };
        rows.map(known).collect()
    }

    /// Makes documents whose vectors are of another model, or were skipped because there was no model, wait for
    /// vectors of `model`. Returns how many documents that were.
    pub async fn require_vectors_of(&self, model: &str) -> Result<u64> {
        let transaction = self.begin_alone("vectors.require_vectors_of", Rule::Vectors).await?;
        // Not "unequal", which no index finds.
        let others = chunk_vector::Column::Model.lt(model).or(chunk_vector::Column::Model.gt(model));
        let foreign = chunk_vector::Entity::delete_many().filter(others).exec(&transaction).await?;
        if foreign.rows_affected > 0 {
            let kept = Query::select().column(chunk_vector::Column::ChunkNumber).from(chunk_vector::Entity).to_owned();
            chunk::Entity::update_many()
                .col_expr(chunk::Column::Embedded, Expr::value(false))
                .filter(chunk::Column::Number.not_in_subquery(kept))
                .exec(&transaction)
                .await?;
        }
        let missing: Vec<(Uuid, Uuid)> = chunk::Entity::find()
            .select_only()
            .column(chunk::Column::DocumentId)
            .column(document::Column::OwnerId)
            .join(JoinType::InnerJoin, chunk::Relation::Document.def())
            .filter(not_embedded())
            .distinct()
            .into_tuple()
            .all(&transaction)
            .await?;
        let embedded = "(SELECT count(*) FROM chunk WHERE document_id = document.id AND embedded)";
        for batch in missing.chunks(VALUES_PER_LIST) {
            document::Entity::update_many()
                .col_expr(document::Column::EmbeddedChunks, Expr::cust(embedded))
                .filter(document::Column::Id.is_in(batch.iter().map(|(id, _)| *id)))
                .exec(&transaction)
                .await?;
        }
        let waiting = documents_with_jobs(&transaction, missing.iter().map(|(id, _)| *id).collect()).await?;
        let mut changed = 0;
        for (id, owner_id) in missing.into_iter().filter(|(id, _)| !waiting.contains(id)) {
            document::Entity::update_many()
                .col_expr(document::Column::Status, Expr::value("searchable"))
                .filter(document::Column::Id.eq(id))
                .exec(&transaction)
                .await?;
            self.enqueue(&transaction, JobKind::Embed, id, owner_id).await?;
            changed += 1;
        }
        if foreign.rows_affected > 0 {
            record_change(&transaction, Uuid::nil(), None, What::Everything).await?;
        }
        transaction.commit().await?;
        Ok(changed)
    }
}

/// What an in-process index must know of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The document, so that it can be forgotten as a whole.
    pub document_id: Uuid,
    /// The only account that may find it, or `None` for everybody.
    pub private_to: Option<Uuid>,
}

/// The document of each chunk that is there.
async fn documents_of(transaction: &Transaction, numbers: &[i64]) -> Result<HashMap<i64, Uuid>> {
    let mut documents = HashMap::with_capacity(numbers.len());
    for batch in numbers.chunks(VALUES_PER_LIST) {
        let rows: Vec<(i64, Uuid)> = chunk::Entity::find()
            .select_only()
            .column(chunk::Column::Number)
            .column(chunk::Column::DocumentId)
            .filter(chunk::Column::Number.is_in(batch.iter().copied()))
            .into_tuple()
            .all(transaction)
            .await?;
        documents.extend(rows);
    }
    Ok(documents)
}

/// Those of the documents that a job is about.
async fn documents_with_jobs(transaction: &Transaction, document_ids: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    let mut waiting = HashSet::new();
    for batch in document_ids.chunks(VALUES_PER_LIST) {
        let found: Vec<Uuid> = job::Entity::find()
            .select_only()
            .column(job::Column::DocumentId)
            .filter(job::Column::DocumentId.is_in(batch.iter().copied()))
            .into_tuple()
            .all(transaction)
            .await?;
        waiting.extend(found);
    }
    Ok(waiting)
}

/// Who alone may find what has this scope; a scope that cannot be understood is nobody's.
pub(crate) fn private_to(scope: &str) -> Result<Option<Uuid>, uuid::Error> {
    if scope == SHARED { Ok(None) } else { Uuid::parse_str(scope).map(Some) }
}
