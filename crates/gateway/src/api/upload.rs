//! Uploading a document.

use std::time::Duration;

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use knowledge::Upload;
use serde::{Deserialize, Serialize};
use store::documents::Stored;
use store::values::{AuditAction, DocumentStatus};
use store::{Store, Visibility};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::documents::{changeable, readers};
use super::schema;
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::User;
use crate::extract::{Id, Json, Query};
use crate::metrics::{Received, Shed};
use crate::problem::Problem;

/// How long the next bytes of an upload may take.
const NEXT_BYTES: Duration = Duration::from_secs(30);

/// The most bytes of a field that is not the file.
const MAX_FIELD_BYTES: usize = 4 * 1_024;

/// How often a waiting upload looks at its document.
const POLL: Duration = Duration::from_millis(50);

/// Whether to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// Answer only when the document is completely indexed, or after a while.
    #[serde(default)]
    wait: bool,
}

/// The fields of an upload.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct UploadForm {
    /// The document. What it is is decided by its content.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Its title; its own unless given.
    title: Option<String>,
    /// `private` unless given; `shared` is for administrators.
    visibility: Option<schema::Visibility>,
}

/// What became of an upload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Uploaded {
    document_id: Uuid,
    #[schema(value_type = schema::Status)]
    status: DocumentStatus,
}

/// Stores a document. It is found by keywords within moments and by meaning shortly after.
#[utoipa::path(post, path = "/api/documents/upload", tag = "documents", params(UploadQuery),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 202, body = Uploaded, description = "Stored; being indexed."),
        (status = 201, body = Uploaded, description = "Waited for: completely indexed."),
        (status = 200, body = Uploaded, description = "The same bytes are here already."),
        (status = 413, description = "The file is too large."),
        (status = 415, description = "Not a document that can be read.")))]
pub(crate) async fn upload(
    State(gateway): State<Gateway>,
    user: User,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    let permit = receive(&gateway)?;
    let taken_in = async {
        let form = read_form(&gateway, request).await?;
        Ok::<_, Problem>(gateway.knowledge().take_in(form.into_upload(&user)?).await?)
    };
    let stored = taken_in.await.inspect_err(|_| gateway.metrics().received(Received::Refused))?;
    gateway.metrics().received(if matches!(stored, Stored::Created(_)) { Received::New } else { Received::Known });
    if let Stored::Created(document) = &stored {
        let deed = Deed::of(&user, AuditAction::UploadDocument).to(&document.id);
        gateway.write_down(deed.with(format!("readers: {}", readers(document.visibility())))).await;
    }
    // The file is stored: waiting for its index holds nothing of it in memory.
    drop(permit);
    let (is_new, document) = match stored {
        Stored::Created(document) => (true, document),
        Stored::Existing(document) => (false, document),
    };
    let mut status = document.status;
    if query.wait {
        status = wait_until_settled(&gateway, document.id).await?;
    }
    let code = match (is_new, status) {
        (false, _) => StatusCode::OK,
        (true, DocumentStatus::Ready) => StatusCode::CREATED,
        (true, _) => StatusCode::ACCEPTED,
    };
    Ok((code, Json(Uploaded { document_id: document.id, status })))
}

/// The field of a replacement.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct ReplacementForm {
    /// The document's new content.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Gives a document another content. Until that is indexed, it is found and quoted as it was.
#[utoipa::path(put, path = "/api/documents/{id}/file", tag = "documents", params(("id" = Uuid, Path), UploadQuery),
    request_body(content = ReplacementForm, content_type = "multipart/form-data"),
    responses((status = 202, body = Uploaded, description = "Stored; being indexed."),
        (status = 200, body = Uploaded, description = "Waited for: completely indexed."),
        (status = 403, description = "It is shared, and not yours."),
        (status = 404, description = "There is none that you may read."),
        (status = 409, description = "Its readers have the same bytes already, as another document."),
        (status = 413, description = "The file is too large."),
        (status = 415, description = "Not a document that can be read.")))]
pub(crate) async fn replace(
    State(gateway): State<Gateway>,
    user: User,
    Id(id): Id,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    changeable(gateway.store(), &user, id).await?;
    let permit = receive(&gateway)?;
    let (file_name, bytes) = read_form(&gateway, request).await?.into_file()?;
    let mut status = gateway.knowledge().replace(id, &file_name, bytes).await?.status;
    gateway.write_down(Deed::of(&user, AuditAction::ReplaceDocument).to(&id)).await;
    drop(permit);
    if query.wait {
        status = wait_until_settled(&gateway, id).await?;
    }
    let code = if status == DocumentStatus::Ready { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((code, Json(Uploaded { document_id: id, status })))
}

/// The right to receive a file.
fn receive(gateway: &Gateway) -> Result<OwnedSemaphorePermit, Problem> {
    let busy = |_| {
        gateway.metrics().shed(Shed::Uploads);
        Problem::busy("The server is receiving as many files as it can. Try again in a second.")
    };
    gateway.upload_permits().clone().try_acquire_owned().map_err(busy)
}

#[derive(Default)]
struct Form {
    file: Option<(String, Vec<u8>)>,
    title: Option<String>,
    visibility: Option<Visibility>,
}

impl Form {
    fn into_upload(self, user: &User) -> Result<Upload, Problem> {
        let visibility = self.visibility.unwrap_or(Visibility::Private);
        if visibility == Visibility::Shared && !user.is_admin() {
            return Err(Problem::forbidden("Only administrators may share documents with everybody."));
        }
        let title = self.title.clone();
        let (file_name, bytes) = self.into_file()?;
        Ok(Upload { owner_id: user.id(), visibility, title, file_name, bytes })
    }

    fn into_file(self) -> Result<(String, Vec<u8>), Problem> {
        self.file.ok_or_else(|| Problem::invalid_field("file", "is missing: send the document as the field `file`"))
    }
}

async fn read_form(gateway: &Gateway, request: Request) -> Result<Form, Problem> {
    let limit = gateway.knowledge().settings().max_document_bytes;
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| {
        let detail = "The body must be a form with a file: send it with `Content-Type: multipart/form-data`.";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    })?;
    let mut form = Form::default();
    while let Some(mut field) = next_in_time(multipart.next_field()).await? {
        match field.name().unwrap_or_default() {
            "file" if form.file.is_some() => {
                return Err(Problem::invalid_field("file", "only one file can be uploaded at a time"));
            }
            "file" => {
                let name = field.file_name().unwrap_or_default().to_owned();
                form.file = Some((name, read_file(&mut field, limit).await?));
            }
            "title" => form.title = Some(read_text(&mut field, "title").await?),
            "visibility" => form.visibility = Some(visibility(&read_text(&mut field, "visibility").await?)?),
            other => return Err(Problem::invalid_field(other, "unknown field; expected file, title or visibility")),
        }
    }
    Ok(form)
}

/// The file's bytes. A file that is too large is read on without being kept, up to as much again: a client that is
/// still sending would otherwise see a broken connection instead of the reason.
async fn read_file(field: &mut Field<'_>, limit: usize) -> Result<Vec<u8>, Problem> {
    let (mut bytes, mut size) = (Vec::new(), 0_usize);
    while let Some(chunk) = next_in_time(field.chunk()).await? {
        size = size.saturating_add(chunk.len());
        if size > limit.saturating_mul(2) {
            break;
        }
        if size > limit {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if size > limit {
        let detail =
            format!("The file has more than the {limit} bytes that are accepted (knowledge.max_document_bytes).");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(bytes)
}

async fn read_text(field: &mut Field<'_>, name: &str) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = next_in_time(field.chunk()).await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_FIELD_BYTES {
            return Err(Problem::invalid_field(name, format!("must have at most {MAX_FIELD_BYTES} bytes")));
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| Problem::invalid_field(name, "must be text in UTF-8"))?;
    Ok(text.trim().to_owned())
}

fn visibility(text: &str) -> Result<Visibility, Problem> {
    match text {
        "private" => Ok(Visibility::Private),
        "shared" => Ok(Visibility::Shared),
        _ => Err(Problem::invalid_field("visibility", "must be private or shared")),
    }
}

async fn next_in_time<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "The upload stopped before its end.");
    timeout(NEXT_BYTES, next).await.map_err(late)?.map_err(|error| {
        let status = if error.status().is_server_error() { StatusCode::BAD_REQUEST } else { error.status() };
        Problem::new(status, format!("The form cannot be read: {}.", error.body_text()))
    })
}

/// Waits until the document is ready or has failed, within bounds; a worker of another process may be at it.
async fn wait_until_settled(gateway: &Gateway, id: Uuid) -> Result<DocumentStatus, Problem> {
    let deadline = Instant::now() + Duration::from_secs(gateway.settings().upload_wait_seconds);
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let status = settled(gateway.store(), id).await?;
        if status == DocumentStatus::Ready || Instant::now() >= deadline {
            return Ok(status);
        }
    }
}

async fn settled(store: &Store, id: Uuid) -> Result<DocumentStatus, Problem> {
    let document = store.any_document(id).await?.ok_or_else(|| Problem::not_found("document"))?;
    if document.status == DocumentStatus::Failed {
        let reason = document.error.unwrap_or_default();
        let detail = format!("The document is stored but could not be read: {reason}.");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).about_document(id));
    }
    Ok(document.status)
}
