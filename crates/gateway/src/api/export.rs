//! A conversation as a file to keep.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::values::Author;
use utoipa::{IntoParams, ToSchema};

use super::conversations::{self, FullConversation, Message};
use super::files::attachment;
use crate::Gateway;
use crate::auth::User;
use crate::extract::{Id, Json, Query};
use crate::problem::Problem;

/// How a conversation is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// The file's format; Markdown unless given.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
}

/// The formats of an export.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ExportFormat {
    #[default]
    Md,
    Json,
}

/// A conversation as Markdown for people or as JSON for programs.
#[utoipa::path(get, path = "/api/conversations/{id}/export", tag = "conversations",
    params(("id" = Uuid, Path), ExportQuery),
    responses((status = 200, content((String = "text/markdown"), (FullConversation = "application/json")))))]
pub(crate) async fn export(
    State(gateway): State<Gateway>,
    user: User,
    Id(id): Id,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let conversation = conversations::read(gateway.store(), user.id(), id).await?;
    let title = conversation.conversation.title.clone();
    Ok(match query.format {
        ExportFormat::Md => {
            let headers = [
                (header::CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, attachment(&format!("{title}.md"))),
            ];
            (headers, markdown(&conversation)).into_response()
        }
        ExportFormat::Json => {
            let headers = [(header::CONTENT_DISPOSITION, attachment(&format!("{title}.json")))];
            (headers, Json(conversation)).into_response()
        }
    })
}

fn markdown(full: &FullConversation) -> String {
    let begun = full.conversation.created_at.format("%Y-%m-%d %H:%M UTC");
    let mut text = format!("# {}\n\n_{begun}_\n", full.conversation.title);
    for message in &full.messages {
        // Writing to a string cannot fail.
        let _ = match message.author {
            Author::User => write!(text, "\n## {}\n", message.text.replace('\n', " ")),
            Author::Assistant => write!(text, "\n{}\n{}", message.text, sources(message)),
        };
    }
    text
}

/// The citations of an answer as a list. What an older version stored and this one does not know is left out.
fn sources(message: &Message) -> String {
    let citations = message.answer.as_ref().and_then(|answer| answer.get("citations")?.as_array());
    let mut text = String::new();
    for (index, citation) in citations.into_iter().flatten().enumerate() {
        let word = |name: &str| citation.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let quote = word("quote").replace('\n', " ");
        let _ = write!(text, "\n{}. {}: “{quote}”", index + 1, word("title"));
    }
    if text.is_empty() { text } else { format!("\nSources:\n{text}\n") }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::api::conversations::Conversation;

    #[test]
    fn an_exported_conversation_reads_like_a_document() {
        let at = DateTime::UNIX_EPOCH;
        let message = |author, text: &str, answer| Message {
            id: uuid::Uuid::nil(),
            author,
            text: text.to_owned(),
            created_at: at,
            answer,
            rating: None,
        };
        let detail = serde_json::json!({ "citations": [{ "title": "Policy", "quote": "14 characters\nor more" }] });
        let full = FullConversation {
            conversation: Conversation {
                id: uuid::Uuid::nil(),
                title: "How long?".into(),
                created_at: at,
                updated_at: at,
            },
            messages: vec![
                message(Author::User, "How long?", None),
                message(Author::Assistant, "14 characters [1].", Some(detail)),
                message(Author::User, "And why?", None),
                message(Author::Assistant, "The documents do not say.", None),
            ],
        };
        insta::assert_snapshot!(markdown(&full), @r"
        # How long?

        _1970-01-01 00:00 UTC_

        ## How long?

        14 characters [1].

        Sources:

        1. Policy: “14 characters or more”

        ## And why?

        The documents do not say.
        ");
    }
}
