//! What a person thinks of an answer.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Gateway;
use crate::auth::User;
use crate::extract::{Id, Json};
use crate::problem::Problem;

/// Longest comment.
const MAX_COMMENT_CHARS: usize = 1_000;

/// A judgement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feedback {
    /// 1 for good, -1 for bad.
    rating: i32,
    /// In the person's words.
    #[schema(max_length = 1000)]
    comment: Option<String>,
}

/// Judges an answer; a second judgement replaces the first.
#[utoipa::path(post, path = "/api/messages/{id}/feedback", tag = "conversations", params(("id" = Uuid, Path)),
    request_body = Feedback,
    responses((status = 204), (status = 404, description = "There is no such answer of yours.")))]
pub(crate) async fn rate(
    State(gateway): State<Gateway>,
    user: User,
    Id(id): Id,
    Json(body): Json<Feedback>,
) -> Result<StatusCode, Problem> {
    if !matches!(body.rating, 1 | -1) {
        return Err(Problem::invalid_field("rating", "must be 1 or -1"));
    }
    let comment = body.comment.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if comment.as_ref().is_some_and(|text| text.chars().count() > MAX_COMMENT_CHARS) {
        return Err(Problem::invalid_field("comment", format!("must have at most {MAX_COMMENT_CHARS} characters")));
    }
    gateway.store().rate_answer(user.id(), id, body.rating, comment).await?;
    gateway.metrics().rated(body.rating > 0);
    Ok(StatusCode::NO_CONTENT)
}
