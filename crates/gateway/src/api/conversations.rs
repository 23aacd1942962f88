//! What was asked and answered: listing, reading, deleting. Another person's conversation does not exist.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use store::Store;
use store::values::Author;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answered;
use super::schema::{self, List};
use crate::Gateway;
use crate::auth::User;
use crate::extract::{Id, Json, PageQuery, Query};
use crate::problem::Problem;

/// A conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Conversation {
    pub(crate) id: Uuid,
    /// Its first question, shortened.
    pub(crate) title: String,
    pub(crate) created_at: DateTime<Utc>,
    /// When the last message came.
    pub(crate) updated_at: DateTime<Utc>,
}

/// A conversation with everything that was said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FullConversation {
    #[serde(flatten)]
    pub(crate) conversation: Conversation,
    /// Oldest first.
    pub(crate) messages: Vec<Message>,
}

/// A question or an answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    #[schema(value_type = schema::Author)]
    pub(crate) author: Author,
    pub(crate) text: String,
    pub(crate) created_at: DateTime<Utc>,
    /// Of an answer: what was returned with it, citations included.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) answer: Option<serde_json::Value>,
    /// 1 or -1, once the person has judged the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rating: Option<i32>,
}

impl From<store::conversations::Conversation> for Conversation {
    fn from(row: store::conversations::Conversation) -> Self {
        Self { id: row.id, title: row.title, created_at: row.created_at, updated_at: row.updated_at }
    }
}

/// The person's conversations, newest first; `q` finds words in questions and answers.
#[utoipa::path(get, path = "/api/conversations", tag = "conversations", params(PageQuery),
    responses((status = 200, body = List<Conversation>)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    user: User,
    Query(query): Query<PageQuery>,
) -> Answered<List<Conversation>> {
    let page = gateway.store().conversations(user.id(), &query.request()?).await?;
    Ok(Json(page.map(Conversation::from).into()))
}

/// A conversation with its messages.
#[utoipa::path(get, path = "/api/conversations/{id}", tag = "conversations", params(("id" = Uuid, Path)),
    responses((status = 200, body = FullConversation), (status = 404, description = "There is none of yours.")))]
pub(crate) async fn get(State(gateway): State<Gateway>, user: User, Id(id): Id) -> Answered<FullConversation> {
    Ok(Json(read(gateway.store(), user.id(), id).await?))
}

/// Deletes a conversation with its messages and judgements.
#[utoipa::path(delete, path = "/api/conversations/{id}", tag = "conversations", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, description = "There is none of yours.")))]
pub(crate) async fn delete(State(gateway): State<Gateway>, user: User, Id(id): Id) -> Result<StatusCode, Problem> {
    gateway.store().delete_conversation(user.id(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a conversation of this person with all that belongs to it.
pub(crate) async fn read(store: &Store, account_id: Uuid, id: Uuid) -> Result<FullConversation, Problem> {
    let found = store.conversation(account_id, id).await?.ok_or_else(|| Problem::not_found("conversation"))?;
    let judgements = store.feedback_in(id).await?;
    let rating = |message: Uuid| judgements.iter().find(|row| row.message_id == message).map(|row| row.rating);
    let messages = store.messages(id).await?.into_iter().map(|row| Message {
        rating: rating(row.id),
        id: row.id,
        author: row.author,
        text: row.text,
        created_at: row.created_at,
        answer: row.detail,
    });
    Ok(FullConversation { messages: messages.collect(), conversation: found.into() })
}
