//! Finding passages without asking for an answer.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Answered;
use crate::Gateway;
use crate::auth::User;
use crate::extract::{Json, Query};
use crate::problem::Problem;

const DEFAULT_HITS: usize = 10;
const MAX_HITS: usize = 50;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words or a question.
    q: String,
    /// Passages to return, 1 to 50; 10 unless given.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<usize>,
}

/// The passages that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchResults {
    /// Best first.
    items: Vec<SearchHit>,
}

/// A passage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchHit {
    document_id: Uuid,
    /// The document's title.
    title: String,
    /// The name of the file that it was uploaded as.
    file_name: String,
    chunk_id: Uuid,
    /// The headings above the passage.
    heading_path: String,
    text: String,
    /// Byte offset of its start in the document's `content`.
    start: usize,
    /// Byte offset of its end.
    end: usize,
    /// How well it matches, 0 to 1.
    score: f32,
}

impl From<knowledge::search::SearchHit> for SearchHit {
    fn from(hit: knowledge::search::SearchHit) -> Self {
        let passage = hit.passage;
        Self {
            end: passage.start + passage.text.len(),
            document_id: passage.document_id,
            title: passage.title,
            file_name: passage.file_name,
            chunk_id: passage.chunk_id,
            heading_path: passage.heading_path,
            text: passage.text,
            start: passage.start,
            score: hit.score,
        }
    }
}

/// The passages that match best, from the documents that the person may read.
#[utoipa::path(get, path = "/api/search", tag = "documents", params(SearchQuery),
    responses((status = 200, body = SearchResults)))]
pub(crate) async fn search(
    State(gateway): State<Gateway>,
    user: User,
    Query(query): Query<SearchQuery>,
) -> Answered<SearchResults> {
    let limit = query.limit.unwrap_or(DEFAULT_HITS);
    if !(1..=MAX_HITS).contains(&limit) {
        return Err(Problem::invalid_field("limit", format!("must be between 1 and {MAX_HITS}, not {limit}")));
    }
    let (text, most) = (query.q.trim(), gateway.settings().max_question_chars);
    if text.is_empty() || text.chars().count() > most {
        return Err(Problem::invalid_field("q", format!("must have between 1 and {most} characters")));
    }
    let hits = gateway.knowledge().search(user.searches_as(), text, limit).await?;
    Ok(Json(SearchResults { items: hits.into_iter().map(Into::into).collect() }))
}
