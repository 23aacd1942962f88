//! Taking a document in: the one door for uploads and imports.

use sha2::{Digest, Sha256};
use store::Visibility;
use store::documents::{Document, NewDocument, Stored};
use store::editing::{DocumentChange, NewContent};
use store::values::DocumentStatus;
use uuid::Uuid;

use crate::Knowledge;
use crate::parse::{Unsupported, detect};

/// A file that somebody brings.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Who brings it.
    pub owner_id: Uuid,
    /// Who may read it.
    pub visibility: Visibility,
    /// Its title, or `None` to take the document's own.
    pub title: Option<String>,
    /// The name of the file; its type is decided by its content.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why a file was not taken in. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Its content is of no type that can be read.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// It is larger than allowed.
    #[error("the file has {size_bytes} bytes; at most {limit_bytes} are accepted (knowledge.max_document_bytes)")]
    TooLarge {
        /// Its size.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The longest title and file name kept, in characters.
const MAX_NAME_CHARS: usize = 200;

impl Knowledge {
    /// Stores a file and enqueues its ingestion, in one transaction. Once this returns `Ok`, the document is not
    /// lost, whatever happens to the process. The same bytes again give the document that is there.
    pub async fn take_in(&self, upload: Upload) -> Result<Stored, IntakeError> {
        let NewContent { file_name, format, sha256, bytes } = self.content(&upload.file_name, upload.bytes)?;
        let new = NewDocument {
            owner_id: upload.owner_id,
            visibility: upload.visibility,
            title: title(upload.title),
            file_name,
            format,
            sha256,
            bytes,
        };
        let stored = self.store.add_document(new).await?;
        if let Stored::Existing(existing) = &stored
            && existing.status == DocumentStatus::Failed
        {
            self.store.retry_document(existing.id).await?;
        }
        self.work_arrived.notify_waiters();
        Ok(stored)
    }

    /// Gives a document another content. Until that is indexed, the old one is found and quoted.
    pub async fn replace(&self, document_id: Uuid, file_name: &str, bytes: Vec<u8>) -> Result<Document, IntakeError> {
        let changed = self.store.replace_content(document_id, self.content(file_name, bytes)?).await?;
        self.work_arrived.notify_waiters();
        Ok(changed)
    }

    /// Changes a document's title, its readers, or both; whoever may no longer read it does not find it when this returns.
    pub async fn change(&self, document_id: Uuid, change: DocumentChange) -> Result<Document, IntakeError> {
        let change = DocumentChange { title: title(change.title), ..change };
        let changed = self.store.change_document(document_id, change).await?;
        self.work_arrived.notify_waiters();
        Ok(changed)
    }

    fn content(&self, file_name: &str, bytes: Vec<u8>) -> Result<NewContent, IntakeError> {
        let limit_bytes = self.settings.max_document_bytes;
        if bytes.len() > limit_bytes {
            return Err(IntakeError::TooLarge { size_bytes: bytes.len(), limit_bytes });
        }
        let file_name = shortened(base_name(file_name));
        let format = detect(&bytes, &file_name)?.as_str().to_owned();
        Ok(NewContent { file_name, format, sha256: Sha256::digest(&bytes).into(), bytes })
    }
}

/// A title that says something.
fn title(given: Option<String>) -> Option<String> {
    given.map(|title| shortened(&title)).filter(|title| !title.is_empty())
}

/// The last component of a name that may be a path of either kind of system.
fn base_name(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    if base.is_empty() { "untitled" } else { base }
}

fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect::<String>().trim().to_owned()
}
