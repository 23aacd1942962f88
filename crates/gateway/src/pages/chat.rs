//! Questions and answers.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;
use store::page::PageRequest;
use store::values::Author;
use uuid::Uuid;

use super::views::{Answer, ChatPage, Citation, ConversationRow, Message, OpenConversation, Question};
use super::{moment, word};
use crate::Gateway;
use crate::api::conversations::{self, FullConversation};
use crate::auth::User;
use crate::problem::Problem;

/// Conversations that the history shows at first.
const HISTORY_ITEMS: u64 = 30;

/// `/`: a new conversation.
pub(crate) async fn new(State(gateway): State<Gateway>, user: User) -> Result<Response, Problem> {
    super::render(&page(&gateway, &user, None).await?)
}

/// `/c/{id}`: an earlier conversation.
pub(crate) async fn conversation(
    State(gateway): State<Gateway>,
    user: User,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = Uuid::try_parse(&id).map_err(|_| Problem::not_found("conversation"))?;
    let open = conversations::read(gateway.store(), user.id(), id).await?;
    super::render(&page(&gateway, &user, Some(open)).await?)
}

async fn page(gateway: &Gateway, user: &User, open: Option<FullConversation>) -> Result<ChatPage, Problem> {
    let history = PageRequest { limit: HISTORY_ITEMS, ..PageRequest::default() };
    let history = gateway.store().conversations(user.id(), &history).await?;
    let any = PageRequest { limit: 1, ..PageRequest::default() };
    let has_documents = !gateway.store().documents(user.reader(), &any).await?.items.is_empty();
    let path = open.as_ref().map_or_else(|| "/".to_owned(), |open| format!("/c/{}", open.conversation.id));
    let opened = |open: &FullConversation| OpenConversation {
        id: open.conversation.id.to_string(),
        title: open.conversation.title.clone(),
    };
    Ok(ChatPage {
        chrome: super::chrome(gateway, Some(user), &path),
        next_cursor: history.next_cursor.map(|cursor| cursor.to_string()),
        conversations: history.items.into_iter().map(row).collect(),
        conversation: open.as_ref().map(opened),
        messages: open.map(messages).unwrap_or_default(),
        samples: gateway.settings().sample_questions.clone(),
        has_documents,
        max_question_chars: gateway.settings().max_question_chars,
    })
}

fn row(row: store::conversations::Conversation) -> ConversationRow {
    ConversationRow { id: row.id.to_string(), title: row.title, updated_at: moment(row.updated_at) }
}

fn messages(open: FullConversation) -> Vec<Message> {
    let conversation_id = open.conversation.id.to_string();
    let message = |message: conversations::Message| match message.author {
        Author::User => Message::Question(Question { id: message.id.to_string(), text: message.text }),
        Author::Assistant => Message::Answer(answer(&conversation_id, message)),
    };
    open.messages.into_iter().map(message).collect()
}

/// An answer as it was recorded. What another version recorded differently is left out, not refused.
fn answer(conversation_id: &str, message: conversations::Message) -> Answer {
    let detail = message.answer.unwrap_or_default();
    let citations = detail.get("citations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let milliseconds = detail.pointer("/timings_ms/total").and_then(Value::as_f64);
    Answer {
        id: message.id.to_string(),
        conversation_id: conversation_id.to_owned(),
        text: message.text,
        grounded: detail.get("grounded").and_then(Value::as_bool).unwrap_or(true),
        citations: citations.iter().map(citation).collect(),
        mode: word(detail.get("mode")),
        cached: detail.pointer("/cache/tier").is_some_and(|tier| !tier.is_null()),
        total_ms: milliseconds.and_then(|total| format!("{total:.0}").parse().ok()),
        rating: message.rating.and_then(|rating| i8::try_from(rating).ok()),
    }
}

fn citation(value: &Value) -> Citation {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let offset = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
    Citation {
        document_id: text("document_id"),
        title: text("title"),
        quote: text("quote"),
        start: offset("start"),
        end: offset("end"),
    }
}
