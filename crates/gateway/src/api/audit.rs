//! Who did what, for administrators.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::stream;
use serde::{Deserialize, Serialize};
use store::audit::Wanted;
use store::page::PageRequest;
use store::values::{AuditAction, AuditOutcome};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::schema::{self, List};
use super::{Answered, files::attachment};
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::{Admin, User};
use crate::extract::{Json, PageQuery, Query};
use crate::problem::Problem;

/// Entries that are read at once for an export.
const AT_ONCE: u64 = 200;

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    id: Uuid,
    at: DateTime<Utc>,
    #[schema(value_type = schema::AuditAction)]
    action: AuditAction,
    #[schema(value_type = schema::AuditOutcome)]
    outcome: AuditOutcome,
    /// The account; null where nobody was recognised.
    actor_id: Option<Uuid>,
    /// The account's address at the time, or the one that was typed.
    actor: String,
    /// To what: an id or an address.
    subject: Option<String>,
    /// How.
    detail: Option<String>,
    /// Where the request came from.
    client: Option<String>,
}

impl From<store::audit::Entry> for AuditEntry {
    fn from(row: store::audit::Entry) -> Self {
        let store::audit::Entry { id, at, action, outcome, actor_id, actor, subject, detail, client } = row;
        Self { id, at, action, outcome, actor_id, actor, subject, detail, client }
    }
}

/// Which entries are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Only this action.
    #[param(value_type = Option<schema::AuditAction>)]
    action: Option<AuditAction>,
    /// Not before.
    since: Option<DateTime<Utc>>,
    /// Before.
    until: Option<DateTime<Utc>>,
}

impl AuditQuery {
    const fn wanted(&self) -> Wanted {
        Wanted { action: self.action, since: self.since, until: self.until }
    }
}

/// What was done, newest first; `q` is looked for in actors, subjects, details and client addresses.
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", params(AuditQuery, PageQuery),
    responses((status = 200, body = List<AuditEntry>)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _: Admin,
    Query(wanted): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
) -> Answered<List<AuditEntry>> {
    let entries = gateway.store().audit_entries(&wanted.wanted(), &page.request()?).await?;
    Ok(Json(entries.map(AuditEntry::from).into()))
}

/// The same as a file of JSON lines, newest first, all of them. Taking it is written down as well.
#[utoipa::path(get, path = "/api/admin/audit/export", tag = "admin", params(AuditQuery),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub(crate) async fn export(
    State(gateway): State<Gateway>,
    _: Admin,
    user: User,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    let wanted = query.wanted();
    // The first page is read before the answer begins: a failure has a status then.
    let first = lines(&gateway, &wanted, None).await?;
    gateway.write_down(Deed::of(&user, AuditAction::ExportAudit)).await;
    let rest = stream::try_unfold((gateway, wanted, Some(first)), async |(gateway, wanted, next)| {
        let Some((text, cursor)) = next else { return Ok(None) };
        let next = match cursor {
            Some(cursor) => Some(lines(&gateway, &wanted, Some(cursor)).await?),
            None => None,
        };
        Ok::<_, store::Error>(Some((text, (gateway, wanted, next))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, attachment("audit.jsonl")),
    ];
    Ok((headers, Body::from_stream(rest)).into_response())
}

/// A page of entries as lines, and where the next one begins.
async fn lines(
    gateway: &Gateway,
    wanted: &Wanted,
    cursor: Option<Uuid>,
) -> Result<(Bytes, Option<Uuid>), store::Error> {
    let request = PageRequest { cursor, limit: AT_ONCE, ..PageRequest::default() };
    let page = gateway.store().audit_entries(wanted, &request).await?;
    let mut text = String::new();
    for entry in page.items.into_iter().map(AuditEntry::from) {
        text.push_str(&serde_json::to_string(&entry).unwrap_or_default());
        text.push('\n');
    }
    Ok((text.into(), page.next_cursor))
}
