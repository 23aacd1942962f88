//! The cache of answers, for administrators: how well it works, why a question is answered from it, and throwing away.

use assistant::{CacheTier, ModeRequest};
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::values::AuditAction;
use utoipa::{IntoParams, ToSchema};

use super::{Answered, schema};
use crate::Gateway;
use crate::audit::Deed;
use crate::auth::{Admin, User};
use crate::extract::{Json, Query};
use crate::problem::Problem;

/// How well the cache of this process has worked since it started.
#[utoipa::path(get, path = "/api/admin/cache", tag = "admin",
    responses((status = 200, body = Object, description = "`questions` and `hit_rate` of all of them; for each of the tiers \
        `l1`, `l2` and `rag`: `lookups` that reached it, `hits`, `hit_rate` of those lookups, `hit_rate_of_questions`, `misses` \
        by reason, `latency`, `evictions` by cause, `bytes`, `entries`, `failures`; `guards`: why answers to similar \
        questions were not given; `alterations`: why changes of documents removed answers; `refused`, `flights`, `journal`.")))]
pub(crate) async fn figures(State(gateway): State<Gateway>, _: Admin) -> Json<assistant::CacheFigures> {
    Json(gateway.assistant().cache_figures())
}

/// What was thrown away.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cleared {
    /// Answers in this process.
    l1: u64,
    /// Answers on disk or in Redis.
    l2: u64,
    /// Questions that were found by meaning.
    rag: u64,
    /// Whether the disk or Redis did it; an answer that is left there is not given again in any case.
    complete: bool,
}

/// Throws all answers away, in every gateway.
#[utoipa::path(delete, path = "/api/admin/cache", tag = "admin", responses((status = 200, body = Cleared)))]
pub(crate) async fn clear(State(gateway): State<Gateway>, _: Admin, user: User) -> Answered<Cleared> {
    let assistant::Cleared { l1, l2, rag, complete } = gateway.assistant().clear_cache().await?;
    gateway.write_down(Deed::of(&user, AuditAction::ClearCache)).await;
    Ok(Json(Cleared { l1, l2, rag, complete }))
}

/// Which tiers had the answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dropped {
    #[schema(value_type = Vec<schema::CacheTier>)]
    tiers: Vec<CacheTier>,
}

/// Throws one answer away. Several gateways also compute anew what else cites the same documents.
#[utoipa::path(delete, path = "/api/admin/cache/{key}", tag = "admin", params(("key" = String, Path, description = "64 \
    hexadecimal digits, as an explanation shows them.")),
    responses((status = 200, body = Dropped), (status = 404, description = "Nothing stands under this key.")))]
pub(crate) async fn drop_one(
    State(gateway): State<Gateway>,
    _: Admin,
    user: User,
    Path(key): Path<String>,
) -> Answered<Dropped> {
    let key = key.parse().map_err(|error| Problem::bad_request(format!("The key cannot be understood: {error}.")))?;
    let tiers = gateway.assistant().drop_answer(key).await?;
    if tiers.is_empty() {
        return Err(Problem::not_found("cached answer"));
    }
    gateway.write_down(Deed::of(&user, AuditAction::ClearCache).to(&key)).await;
    Ok(Json(Dropped { tiers }))
}

/// Which question is to be explained.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainQuery {
    /// The question.
    #[param(max_length = 4000)]
    q: String,
    /// How it wants to be treated; `auto` unless given.
    #[serde(default)]
    #[param(value_type = Option<schema::ModeRequest>)]
    mode: ModeRequest,
}

/// Why a question is answered from the cache, or not, for people without private documents. What others asked about their
/// private documents is not shown.
#[utoipa::path(get, path = "/api/admin/cache/explain", tag = "admin", params(ExplainQuery),
    responses((status = 200, body = Object, description = "`question` as it is looked up, `mode`, `key`; `entries`: what each \
        tier has under that key; `alike`: the answered questions that are nearest by meaning, each with its `similarity` and \
        why its answer is not given.")))]
pub(crate) async fn explain(
    State(gateway): State<Gateway>,
    _: Admin,
    Query(query): Query<ExplainQuery>,
) -> Answered<assistant::Explanation> {
    super::chat::check_length(&query.q, gateway.settings().max_question_chars)?;
    if query.q.trim().is_empty() {
        return Err(Problem::invalid_field("q", "must not be empty"));
    }
    Ok(Json(gateway.assistant().explain(&query.q, query.mode).await?))
}
