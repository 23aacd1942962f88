//! Documents: stored together with the job that will index them, or not at all.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
};
use uuid::Uuid;

use crate::changes::record_rewording;
pub use crate::entity::document::Model as Document;
use crate::entity::{chunk, document, document_file, document_text};
use crate::page::{Page, PageRequest, containing};
use crate::scope::{SHARED, scope_of};
use crate::search::Indexed;
use crate::values::{DocumentStatus, JobKind};
use crate::vectors::private_to;
use crate::{Error, Reader, Result, Store, Visibility, search};

/// A document to be stored.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// Who brings it.
    pub owner_id: Uuid,
    /// Who may read it.
    pub visibility: Visibility,
    /// Its title, or `None` to take the document's own.
    pub title: Option<String>,
    /// The name of the file.
    pub file_name: String,
    /// The detected format's name.
    pub format: String,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The file.
    pub bytes: Vec<u8>,
}

/// What storing a document came to.
#[derive(Clone, Debug)]
pub enum Stored {
    /// It is new; its ingestion is enqueued.
    Created(Document),
    /// The same bytes are there already, for the same readers.
    Existing(Document),
}

/// How many documents there are, by how far they have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentCounts {
    /// Waiting or being parsed.
    pub waiting: u64,
    /// Found by keywords only.
    pub searchable: u64,
    /// Completely indexed.
    pub ready: u64,
    /// Unreadable.
    pub failed: u64,
}

/// How far a set of documents has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentProgress {
    /// Completely indexed.
    pub ready: u64,
    /// Title and reason of those that cannot be read.
    pub failed: Vec<(String, String)>,
    /// Still waited for.
    pub unfinished: u64,
    /// Chunks of all of them.
    pub chunks: u64,
    /// How many of those have a vector.
    pub embedded_chunks: u64,
}

/// Ids to a statement: SQLite takes 32,766 parameters.
const IDS_PER_QUERY: usize = 10_000;

impl Document {
    /// Who may read it.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        if self.scope == SHARED { Visibility::Shared } else { Visibility::Private }
    }

    /// Who alone may read it; `None` for everybody.
    pub(crate) fn private_to(&self) -> Result<Option<Uuid>> {
        private_to(&self.scope).map_err(|_| Error::Corrupt { what: "document scope" })
    }
}

impl Store {
    /// Stores a document and enqueues its ingestion, in one transaction. The same bytes for the same readers are
    /// stored once; if their ingestion had failed, it is tried again.
    pub async fn add_document(&self, new: NewDocument) -> Result<Stored> {
        let scope = scope_of(new.visibility, new.owner_id);
        let transaction = self.begin("documents.add_document").await?;
        let same_bytes = document::Entity::find()
            .filter(document::Column::Scope.eq(&scope))
            .filter(document::Column::Sha256.eq(new.sha256.to_vec()));
        if let Some(existing) = same_bytes.clone().one(&transaction).await? {
            return Ok(Stored::Existing(existing));
        }
        let now = self.clock().now();
        let (id, owner_id) = (self.clock().new_id(), new.owner_id);
        let row = document::ActiveModel {
            id: Set(id),
            owner_id: Set(owner_id),
            scope: Set(scope),
            sha256: Set(new.sha256.to_vec()),
            title_given: Set(new.title.is_some()),
            title: Set(new.title.unwrap_or_else(|| new.file_name.clone())),
            file_name: Set(new.file_name),
            format: Set(new.format),
            size_bytes: Set(i64::try_from(new.bytes.len()).unwrap_or(i64::MAX)),
            status: Set(DocumentStatus::Queued),
            error: Set(None),
            chunks: Set(0),
            embedded_chunks: Set(0),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let created = match row.insert(&transaction).await {
            Ok(created) => created,
            // Another process stored the same bytes between our look and now.
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                drop(transaction);
                let existing = same_bytes.one(&self.write("documents.add_document")).await?;
                return existing.map(Stored::Existing).ok_or_else(|| error.into());
            }
            Err(error) => return Err(error.into()),
        };
        let file = document_file::ActiveModel { document_id: Set(id), bytes: Set(new.bytes) };
        document_file::Entity::insert(file).exec_without_returning(&transaction).await?;
        self.enqueue(&transaction, JobKind::Ingest, id, owner_id).await?;
        transaction.commit().await?;
        self.wrote_for(&[owner_id]).await?;
        Ok(Stored::Created(created))
    }

    /// The document, if this person may read it.
    pub async fn document(&self, reader: Reader, id: Uuid) -> Result<Option<Document>> {
        let connection = &self.read_documents_for(reader, "documents.document").await;
        let found = document::Entity::find_by_id(id).one(connection).await?;
        Ok(found.filter(|document| reader.may_read(&document.scope)))
    }

    /// The document, whoever may read it: for the worker.
    pub async fn any_document(&self, id: Uuid) -> Result<Option<Document>> {
        Ok(document::Entity::find_by_id(id).one(&self.read("documents.any_document")).await?)
    }

    /// The documents that this person may read, newest first; the query matches titles and file names.
    pub async fn documents(&self, reader: Reader, request: &PageRequest) -> Result<Page<Document>> {
        let mut query = document::Entity::find()
            .filter(document::Column::Scope.is_in(reader.scopes()))
            .order_by_desc(document::Column::Id)
            .limit(request.capped() + 1);
        if let Some(cursor) = request.cursor {
            query = query.filter(document::Column::Id.lt(cursor));
        }
        if let Some(text) = &request.query {
            let named = Condition::any()
                .add(containing(document::Column::Title, text))
                .add(containing(document::Column::FileName, text));
            query = query.filter(named);
        }
        let connection = &self.read_documents_for(reader, "documents.documents").await;
        Ok(Page::cut(query.all(connection).await?, request.capped(), |document| document.id))
    }

    /// How many documents there are in all.
    pub async fn count_documents(&self) -> Result<DocumentCounts> {
        let rows: Vec<(DocumentStatus, i64)> = document::Entity::find()
            .select_only()
            .column(document::Column::Status)
            .column_as(document::Column::Id.count(), "count")
            .group_by(document::Column::Status)
            .into_tuple()
            .all(&self.read("documents.count_documents"))
            .await?;
        let mut counts = DocumentCounts::default();
        for (status, count) in rows {
            let count = u64::try_from(count).unwrap_or_default();
            match status {
                DocumentStatus::Queued | DocumentStatus::Processing => counts.waiting += count,
                DocumentStatus::Searchable => counts.searchable += count,
                DocumentStatus::Ready => counts.ready += count,
                DocumentStatus::Failed => counts.failed += count,
            }
        }
        Ok(counts)
    }

    /// How far these documents have come; a document that was deleted counts nowhere.
    pub async fn progress_of(&self, ids: &[Uuid]) -> Result<DocumentProgress> {
        let mut progress = DocumentProgress::default();
        for batch in ids.chunks(IDS_PER_QUERY) {
            let found = document::Entity::find()
                .filter(document::Column::Id.is_in(batch.iter().copied()))
                .all(&self.read("documents.progress_of"))
                .await?;
            for document in found {
                match document.status {
                    DocumentStatus::Ready => progress.ready += 1,
                    DocumentStatus::Failed => {
                        progress.failed.push((document.title, document.error.unwrap_or_default()));
                    }
                    _ => progress.unfinished += 1,
                }
                progress.chunks += u64::try_from(document.chunks).unwrap_or_default();
                progress.embedded_chunks += u64::try_from(document.embedded_chunks).unwrap_or_default();
            }
        }
        Ok(progress)
    }

    /// The original bytes.
    pub async fn document_bytes(&self, id: Uuid) -> Result<Option<Vec<u8>>> {
        Ok(document_file::Entity::find_by_id(id)
            .one(&self.read("documents.document_bytes"))
            .await?
            .map(|file| file.bytes))
    }

    /// The extracted text, once there is one.
    pub async fn document_text(&self, id: Uuid) -> Result<Option<String>> {
        Ok(document_text::Entity::find_by_id(id).one(&self.read("documents.document_text")).await?.map(|row| row.text))
    }

    /// Says that a worker has begun with the document.
    pub async fn mark_processing(&self, id: Uuid) -> Result<()> {
        document::Entity::update_many()
            .col_expr(document::Column::Status, Expr::value("processing"))
            .col_expr(document::Column::UpdatedAt, Expr::value(self.clock().now()))
            .filter(document::Column::Id.eq(id))
            .filter(document::Column::Status.eq(DocumentStatus::Queued))
            .exec(&self.write("documents.mark_processing"))
            .await?;
        Ok(())
    }

    /// Deletes a document with all that was made from it.
    pub async fn delete_document(&self, id: Uuid) -> Result<()> {
        let transaction = self.begin("documents.delete_document").await?;
        // A worker that is storing what it read from the document finishes first, or finds it gone.
        let found = document::Entity::find_by_id(id).lock_exclusive().one(&transaction).await?;
        let found = found.ok_or(Error::NotFound("document"))?;
        let (owner_id, private_to) = (found.owner_id, found.private_to()?);
        let before = Indexed::of(&transaction, id, private_to).await?;
        remove_chunks(&transaction, id).await?;
        document::Entity::delete_by_id(id).exec(&transaction).await?;
        record_rewording(&transaction, id, &before, &Indexed::nothing(private_to)).await?;
        transaction.commit().await?;
        self.deleted_document_of(owner_id).await
    }

    /// Puts a failed document's ingestion into the queue again.
    pub async fn retry_document(&self, id: Uuid) -> Result<()> {
        let transaction = self.begin("documents.retry_document").await?;
        let found = document::Entity::find_by_id(id).lock_exclusive().one(&transaction).await?;
        let found = found.ok_or(Error::NotFound("document"))?;
        let owner_id = found.owner_id;
        let mut row: document::ActiveModel = found.into();
        row.status = Set(DocumentStatus::Queued);
        row.error = Set(None);
        row.updated_at = Set(self.clock().now());
        row.update(&transaction).await?;
        self.ingest_again(&transaction, id, owner_id).await?;
        transaction.commit().await?;
        self.wrote_for(&[owner_id]).await
    }
}

/// Removes the chunks of a document from the tables and the keyword index.
pub(crate) async fn remove_chunks<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<()> {
    search::forget_chunks(connection, document_id).await?;
    chunk::Entity::delete_many().filter(chunk::Column::DocumentId.eq(document_id)).exec(connection).await?;
    document_text::Entity::delete_by_id(document_id).exec(connection).await?;
    Ok(())
}
