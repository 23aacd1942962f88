//! Background jobs, for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use store::values::{AuditAction, DocumentStatus, JobKind, JobState};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Answered, schema};
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::{Admin, User};
use crate::extract::{Id, Json, PageQuery, Query};
use crate::problem::Problem;

/// The jobs and how many there are in each state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jobs {
    queued: u64,
    running: u64,
    failed: u64,
    /// Newest first.
    items: Vec<Job>,
    next_cursor: Option<Uuid>,
}

/// A job. It names its document, not the document's title: private documents stay private.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    id: Uuid,
    #[schema(value_type = schema::JobKind)]
    kind: JobKind,
    document_id: Uuid,
    #[schema(value_type = schema::JobState)]
    state: JobState,
    /// How often it failed.
    attempts: i32,
    /// How often its process died with it in hand.
    crashes: i32,
    /// Not to be started before.
    run_at: DateTime<Utc>,
    error: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<store::jobs::Job> for Job {
    fn from(row: store::jobs::Job) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            document_id: row.document_id,
            state: row.state,
            attempts: row.attempts,
            crashes: row.crashes,
            run_at: row.run_at,
            error: row.error,
            created_at: row.created_at,
        }
    }
}

/// What waits, runs and has failed; a finished job is gone.
#[utoipa::path(get, path = "/api/admin/jobs", tag = "admin", params(PageQuery), responses((status = 200, body = Jobs)))]
pub(crate) async fn list(State(gateway): State<Gateway>, _: Admin, Query(query): Query<PageQuery>) -> Answered<Jobs> {
    let counts = gateway.store().count_jobs().await?;
    let page = gateway.store().jobs(&query.request()?).await?;
    Ok(Json(Jobs {
        queued: counts.queued,
        running: counts.running,
        failed: counts.failed,
        items: page.items.into_iter().map(Into::into).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// Reads a document again whose ingestion has failed.
#[utoipa::path(post, path = "/api/admin/jobs/{document_id}/retry", tag = "admin",
    params(("document_id" = Uuid, Path)),
    responses((status = 202), (status = 409, description = "The document has not failed.")))]
pub(crate) async fn retry(
    State(gateway): State<Gateway>,
    _: Admin,
    user: User,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    let document = gateway.store().any_document(id).await?.ok_or_else(|| Problem::not_found("document"))?;
    if document.status != DocumentStatus::Failed {
        return Err(Problem::conflict("Only a document whose ingestion has failed can be read again."));
    }
    gateway.store().retry_document(id).await?;
    gateway.write_down(Deed::of(&user, AuditAction::RetryDocument).to(&id)).await;
    Ok(StatusCode::ACCEPTED)
}
