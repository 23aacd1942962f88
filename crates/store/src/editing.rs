//! Changing a document that is there: its title, its readers, its content.

use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, SqlErr};
use uuid::Uuid;

use crate::changes::{Reworded, What, record_change, record_rewording};
use crate::database::Transaction;
use crate::documents::Document;
use crate::entity::{document, document_file, job};
use crate::scope::scope_of;
use crate::search::Indexed;
use crate::values::{DocumentStatus, JobKind};
use crate::{Error, Result, Store, Visibility, search};

/// What is to be different about a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentChange {
    /// Its title.
    pub title: Option<String>,
    /// Who may read it; as private, its owner.
    pub visibility: Option<Visibility>,
}

/// A document's new content.
#[derive(Clone, Debug)]
pub struct NewContent {
    /// The name of the file.
    pub file_name: String,
    /// The detected format's name.
    pub format: String,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The file.
    pub bytes: Vec<u8>,
}

/// What bytes are called that its readers have already.
const SAME_BYTES: &str = "a document with the same bytes for the same readers";

impl Store {
    /// Changes a document's title, its readers, or both. Who may no longer read it does not find it any more when this
    /// returns. Its words and its vectors begin with its title: it is indexed again, and found as before until then.
    pub async fn change_document(&self, id: Uuid, change: DocumentChange) -> Result<Document> {
        let transaction = self.begin("documents.change_document").await?;
        let found = self.locked(&transaction, id).await?;
        let owner_id = found.owner_id;
        let before = found.private_to()?;
        let scope = change.visibility.map_or_else(|| found.scope.clone(), |visibility| scope_of(visibility, owner_id));
        let is_titled_anew = change.title.as_ref().is_some_and(|title| *title != found.title);
        if scope == found.scope && !is_titled_anew {
            return Ok(found);
        }
        let mut row: document::ActiveModel = found.into();
        row.scope = Set(scope);
        if let Some(title) = change.title {
            row.title = Set(title);
            row.title_given = Set(true);
        }
        if is_titled_anew {
            row.status = Set(DocumentStatus::Queued);
            row.error = Set(None);
        }
        row.updated_at = Set(self.clock().now());
        let changed = row.update(&transaction).await.map_err(taken)?;
        let after = changed.private_to()?;
        let indexed = Indexed::of(&transaction, id, before).await?;
        if before != after {
            search::change_readers(&transaction, id, after, self.searches_vectors()).await?;
        }
        if is_titled_anew {
            self.ingest_again(&transaction, id, owner_id).await?;
        }
        if before == after {
            // Its words are those that it had until it is indexed again.
            record_change(&transaction, id, after, What::Words(Reworded::default())).await?;
        } else {
            let now = Indexed::of(&transaction, id, after).await?;
            record_rewording(&transaction, id, &indexed, &now).await?;
        }
        transaction.commit().await?;
        // Somebody may have lost the right to read it.
        self.deleted_document_of(owner_id).await?;
        Ok(changed)
    }

    /// Gives a document another content and enqueues its ingestion, in one transaction. Until that is done, it is found and
    /// quoted as it was. The same bytes again change nothing.
    pub async fn replace_content(&self, id: Uuid, new: NewContent) -> Result<Document> {
        let transaction = self.begin("documents.replace_content").await?;
        let found = self.locked(&transaction, id).await?;
        if found.sha256 == new.sha256 && found.status != DocumentStatus::Failed {
            return Ok(found);
        }
        let owner_id = found.owner_id;
        let mut row: document::ActiveModel = found.into();
        row.sha256 = Set(new.sha256.to_vec());
        row.file_name = Set(new.file_name);
        row.format = Set(new.format);
        row.size_bytes = Set(i64::try_from(new.bytes.len()).unwrap_or(i64::MAX));
        row.status = Set(DocumentStatus::Queued);
        row.error = Set(None);
        row.updated_at = Set(self.clock().now());
        let changed = row.update(&transaction).await.map_err(taken)?;
        document_file::ActiveModel { document_id: Set(id), bytes: Set(new.bytes) }.update(&transaction).await?;
        self.ingest_again(&transaction, id, owner_id).await?;
        transaction.commit().await?;
        self.wrote_for(&[owner_id]).await?;
        Ok(changed)
    }

    async fn locked(&self, transaction: &Transaction, id: Uuid) -> Result<Document> {
        let found = document::Entity::find_by_id(id).lock_exclusive().one(transaction).await?;
        found.ok_or(Error::NotFound("document"))
    }

    /// Puts a new ingestion in the place of what was to be done with a document.
    pub(crate) async fn ingest_again(&self, transaction: &Transaction, id: Uuid, owner_id: Uuid) -> Result<()> {
        job::Entity::delete_many().filter(job::Column::DocumentId.eq(id)).exec(transaction).await?;
        self.enqueue(transaction, JobKind::Ingest, id, owner_id).await
    }
}

fn taken(error: sea_orm::DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::Taken(SAME_BYTES),
        _ => error.into(),
    }
}
