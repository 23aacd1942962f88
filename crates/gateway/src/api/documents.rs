//! The documents that a person may read: listing, reading, deleting. Another person's private document does not exist.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use store::page::Page;
use store::values::{AuditAction, DocumentStatus};
use store::{Store, Visibility};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answered;
use super::schema::{self, List};
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::User;
use crate::extract::{Id, Json, PageQuery, Query};
use crate::problem::Problem;

/// A document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Document {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) file_name: String,
    /// Found from the content: `pdf`, `docx`, `html`, `markdown`, `text`, `csv` or `json_lines`.
    pub(crate) format: String,
    pub(crate) size_bytes: i64,
    #[schema(value_type = schema::Visibility)]
    pub(crate) visibility: Visibility,
    #[schema(value_type = schema::Status)]
    pub(crate) status: DocumentStatus,
    /// Why it could not be read.
    pub(crate) error: Option<String>,
    /// Passages that it was cut into.
    pub(crate) chunks: i32,
    /// Passages that can be found by meaning.
    pub(crate) embedded_chunks: i32,
    pub(crate) created_at: DateTime<Utc>,
    /// When its status changed last.
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) owner: Owner,
    /// Whether you may change or delete it.
    pub(crate) can_delete: bool,
}

/// Who uploaded a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Owner {
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

/// The documents that the person may read, newest first; `q` matches titles and file names.
#[utoipa::path(get, path = "/api/documents", tag = "documents", params(PageQuery),
    responses((status = 200, body = List<Document>)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    user: User,
    Query(query): Query<PageQuery>,
) -> Answered<List<Document>> {
    let page = gateway.store().documents(user.reader(), &query.request()?).await?;
    Ok(Json(described(gateway.store(), &user, page).await?.into()))
}

/// A document and how far its ingestion has come.
#[utoipa::path(get, path = "/api/documents/{id}", tag = "documents", params(("id" = Uuid, Path)),
    responses((status = 200, body = Document), (status = 404, description = "There is none that you may read.")))]
pub(crate) async fn get(State(gateway): State<Gateway>, user: User, Id(id): Id) -> Answered<Document> {
    Ok(Json(described_one(gateway.store(), &user, id).await?))
}

/// What is to be different about a document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentChange {
    /// Its title.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// Who may read it: everybody, or its owner alone. Only administrators share.
    #[schema(value_type = Option<schema::Visibility>)]
    visibility: Option<Visibility>,
}

/// Changes a document's title or its readers; whoever may no longer read it finds it and its quotes nowhere from then on. Its
/// owner may, and administrators for shared ones.
#[utoipa::path(patch, path = "/api/documents/{id}", tag = "documents", params(("id" = Uuid, Path)),
    request_body = DocumentChange,
    responses((status = 200, body = Document), (status = 403, description = "It is not yours, or you may not share."),
        (status = 404, description = "There is none that you may read."),
        (status = 409, description = "Those who would read it have the same bytes already.")))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    user: User,
    Id(id): Id,
    Json(body): Json<DocumentChange>,
) -> Answered<Document> {
    let DocumentChange { title, visibility } = body;
    changeable(gateway.store(), &user, id).await?;
    if visibility == Some(Visibility::Shared) && !user.is_admin() {
        return Err(Problem::forbidden("Only administrators may share documents with everybody."));
    }
    if title.as_ref().is_some_and(|title| title.trim().is_empty()) {
        return Err(Problem::invalid_field("title", "must not be empty"));
    }
    let said = [
        title.is_some().then(|| "title".to_owned()),
        visibility.map(|visibility| format!("readers: {}", readers(visibility))),
    ];
    let changed = gateway.knowledge().change(id, store::editing::DocumentChange { title, visibility }).await?;
    let deed = Deed::of(&user, AuditAction::ChangeDocument).to(&id);
    gateway.write_down(deed.with(said.into_iter().flatten().collect::<Vec<_>>().join(", "))).await;
    gateway.assistant().forget_document(id).await;
    let owner = gateway.store().account(changed.owner_id).await?.map(|account| account.name);
    Ok(Json(describe(changed, owner.unwrap_or_default(), &user)))
}

/// Deletes a document; from then on no answer comes from it. Its owner may, and administrators for shared ones.
#[utoipa::path(delete, path = "/api/documents/{id}", tag = "documents", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, description = "It is shared, and not yours."),
        (status = 404, description = "There is none that you may read.")))]
pub(crate) async fn delete(State(gateway): State<Gateway>, user: User, Id(id): Id) -> Result<StatusCode, Problem> {
    changeable(gateway.store(), &user, id).await?;
    gateway.knowledge().delete(id).await?;
    gateway.assistant().forget_document(id).await;
    gateway.write_down(Deed::of(&user, AuditAction::DeleteDocument).to(&id)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Who may read a document, in words.
pub(crate) const fn readers(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "its owner",
        Visibility::Shared => "everybody",
    }
}

/// Fails if the person may not change the document, or delete it.
pub(crate) async fn changeable(store: &Store, user: &User, id: Uuid) -> Result<(), Problem> {
    let document = readable(store, user, id).await?;
    if can_delete(user, &document) {
        return Ok(());
    }
    Err(Problem::forbidden("A shared document can be changed and deleted by its owner and by administrators."))
}

/// The document, if the person may read it.
pub(crate) async fn readable(store: &Store, user: &User, id: Uuid) -> Result<store::documents::Document, Problem> {
    store.document(user.reader(), id).await?.ok_or_else(|| Problem::not_found("document"))
}

/// The document as the API and the pages show it.
pub(crate) async fn described_one(store: &Store, user: &User, id: Uuid) -> Result<Document, Problem> {
    let found = readable(store, user, id).await?;
    let owner = store.account(found.owner_id).await?.map(|account| account.name);
    Ok(describe(found, owner.unwrap_or_default(), user))
}

/// A page of documents as the API and the pages show them.
pub(crate) async fn described(
    store: &Store,
    user: &User,
    page: Page<store::documents::Document>,
) -> Result<Page<Document>, Problem> {
    let names = store.account_names(page.items.iter().map(|document| document.owner_id)).await?;
    Ok(page.map(|document| {
        let owner = names.get(&document.owner_id).cloned().unwrap_or_default();
        describe(document, owner, user)
    }))
}

fn can_delete(user: &User, document: &store::documents::Document) -> bool {
    document.owner_id == user.id() || (user.is_admin() && document.visibility() == Visibility::Shared)
}

fn describe(row: store::documents::Document, owner: String, user: &User) -> Document {
    Document {
        visibility: row.visibility(),
        can_delete: can_delete(user, &row),
        owner: Owner { id: row.owner_id, name: owner },
        id: row.id,
        title: row.title,
        file_name: row.file_name,
        format: row.format,
        size_bytes: row.size_bytes,
        status: row.status,
        error: row.error,
        chunks: row.chunks,
        embedded_chunks: row.embedded_chunks,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
