//! Asking a question. The answering runs as a task of its own, so that a client that goes away does not undo it.

use std::convert::Infallible;
use std::time::Duration;

use assistant::{AnswerEvent, Ask, AskError};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use serde::{Deserialize, Serialize};
use telemetry::Waited;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{Answer, Piece};
use super::schema;
use crate::Gateway;
use crate::auth::User;
use crate::extract::{Json, RequestId};
use crate::middleware::Permit;
use crate::problem::Problem;

/// Pieces of an answer that wait for a slow reader before the answering waits as well.
const PIECES_AHEAD: usize = 64;

/// How often a comment shows proxies that a silent stream is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatRequest {
    /// What you want to know.
    #[schema(max_length = 4000, example = "How long must a password be?")]
    message: String,
    /// The conversation that it continues; a new one begins without.
    conversation_id: Option<Uuid>,
    /// How it wants to be treated; `auto` unless given.
    #[serde(default)]
    #[schema(value_type = Option<schema::ModeRequest>)]
    mode: assistant::ModeRequest,
    /// Whether a cached answer may be used; `use` unless given.
    #[serde(default)]
    #[schema(value_type = Option<schema::CacheMode>)]
    cache: assistant::CacheMode,
}

/// Answers a question from the documents that the person may read. With `Accept: text/event-stream` the answer comes as
/// the events `meta`, `delta`, `citations` and `done`, or `error` with a problem document.
#[utoipa::path(post, path = "/api/chat", tag = "chat", request_body = ChatRequest,
    responses((status = 200, content((Answer = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn ask(
    State(gateway): State<Gateway>,
    user: User,
    headers: HeaderMap,
    id: RequestId,
    Extension(permit): Extension<Permit>,
    Json(body): Json<ChatRequest>,
) -> Result<Response, Problem> {
    check_length(&body.message, gateway.settings().max_question_chars)?;
    let ChatRequest { message, conversation_id, mode, cache } = body;
    let (account_id, standing) = (user.id(), Some(user.standing));
    let question = Ask { account_id, standing, message, conversation_id, mode, cache };
    if wants_events(&headers) {
        let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
        let task = begin(&gateway, question, Some(sender), permit);
        stream_answer(receiver, task, id).await
    } else {
        let answer = finish(begin(&gateway, question, None, permit).await)?;
        Ok(Json(answer).into_response())
    }
}

type Answering = JoinHandle<Result<assistant::Answer, AskError>>;

pub(crate) fn check_length(message: &str, limit: usize) -> Result<(), Problem> {
    let chars = message.chars().count();
    if chars <= limit {
        return Ok(());
    }
    Err(Problem::invalid_field("message", format!("must have at most {limit} characters, not {chars}")))
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/event-stream"))
}

fn begin(gateway: &Gateway, question: Ask, pieces: Option<mpsc::Sender<AnswerEvent>>, permit: Permit) -> Answering {
    use tracing::Instrument as _;
    let (within, waited) = (gateway.clone(), Waited::of_request());
    let answering = async move {
        let answer = waited.during(within.assistant().ask(question, pieces)).await;
        if let Ok(answer) = &answer {
            within.metrics().answered_question(answer);
        }
        drop(permit);
        answer
    };
    gateway.tasks().spawn(answering.in_current_span())
}

fn finish(ended: Result<Result<assistant::Answer, AskError>, tokio::task::JoinError>) -> Result<Answer, Problem> {
    Ok(ended.map_err(|error| Problem::internal(&error))??.into())
}

/// Waits for the first piece, so that a question that is refused has a status that says so.
async fn stream_answer(
    mut receiver: mpsc::Receiver<AnswerEvent>,
    task: Answering,
    id: RequestId,
) -> Result<Response, Problem> {
    use tracing::Instrument as _;
    let Some(first) = receiver.recv().await else {
        return Ok(events(stream::iter([event("done", &finish(task.await)?)])));
    };
    let pieces = stream::iter([first]).chain(ReceiverStream::new(receiver)).map(|piece| {
        let piece = Piece::from(piece);
        event(piece.name(), &piece)
    });
    let last = async move {
        match finish(task.await) {
            Ok(answer) => event("done", &answer),
            Err(problem) => event("error", &problem.with_request_id(&id.0)),
        }
    };
    Ok(events(pieces.chain(stream::once(last.in_current_span()))))
}

fn events(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let events = events.map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}

fn event(name: &'static str, data: &impl Serialize) -> Event {
    Event::default().event(name).json_data(data).unwrap_or_else(|error| {
        tracing::error!(%error, name, "an event cannot be written as JSON");
        Event::default().comment("an event was lost")
    })
}
