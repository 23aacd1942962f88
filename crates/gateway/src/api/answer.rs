//! An answer as the API returns it. The conversions name every field, so that a change of the assistant's types is
//! noticed here and not by a client.

use assistant::{AnswerEvent, CacheUse, Mode, Timings};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::schema;

/// An answer from the documents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answer {
    conversation_id: Uuid,
    /// The answer's own id, for feedback.
    message_id: Uuid,
    #[allow(clippy::struct_field_names, reason = "the contract names it so")]
    /// The text, with `[n]` where the n-th citation supports it.
    answer: String,
    /// False when the documents do not answer the question; the text then says so.
    grounded: bool,
    /// What it rests on, in the order of the marks.
    citations: Vec<Citation>,
    #[schema(value_type = schema::Mode)]
    mode: Mode,
    #[schema(value_type = CacheUsed)]
    cache: CacheUse,
    #[schema(value_type = TimingsMs)]
    timings_ms: Timings,
}

/// A passage that an answer rests on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Citation {
    document_id: Uuid,
    /// The document's title.
    title: String,
    chunk_id: Uuid,
    /// The document's extracted text at `start..end`, byte for byte.
    quote: String,
    /// Byte offset of the quote's start in the document's `content`.
    start: usize,
    /// Byte offset of its end.
    end: usize,
    /// How well the passage matches the question, 0 to 1.
    score: f32,
}

/// Where an answer came from.
#[derive(ToSchema)]
#[schema(as = CacheUse)]
#[allow(dead_code)]
pub(crate) struct CacheUsed {
    /// Null when the answer was computed.
    tier: Option<schema::CacheTier>,
    /// How old the cached answer is.
    age_ms: u64,
    /// How similar the question is that it was the answer to, when it was found by meaning.
    similarity: Option<f32>,
}

/// How long each phase took, in milliseconds.
#[derive(ToSchema)]
#[schema(as = Timings)]
#[allow(dead_code)]
pub(crate) struct TimingsMs {
    total: f64,
    cache: f64,
    embed: f64,
    retrieve: f64,
    answer: f64,
    store: f64,
}

impl From<assistant::Answer> for Answer {
    fn from(given: assistant::Answer) -> Self {
        let assistant::Answer { conversation_id, message_id, answer, grounded, citations, mode, cache, timings_ms } =
            given;
        let citations = citations.into_iter().map(Into::into).collect();
        Self { conversation_id, message_id, answer, grounded, citations, mode, cache, timings_ms }
    }
}

impl From<assistant::Citation> for Citation {
    fn from(given: assistant::Citation) -> Self {
        let assistant::Citation { document_id, title, chunk_id, quote, start, end, score } = given;
        Self { document_id, title, chunk_id, quote, start, end, score }
    }
}

/// The data of a server-sent event, before the last one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Piece {
    Meta { conversation_id: Uuid, message_id: Uuid, mode: Mode },
    Delta { text: String },
    Citations { citations: Vec<Citation> },
}

impl Piece {
    /// The event's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Meta { .. } => "meta",
            Self::Delta { .. } => "delta",
            Self::Citations { .. } => "citations",
        }
    }
}

impl From<AnswerEvent> for Piece {
    fn from(event: AnswerEvent) -> Self {
        match event {
            AnswerEvent::Meta { conversation_id, message_id, mode } => Self::Meta { conversation_id, message_id, mode },
            AnswerEvent::Delta(text) => Self::Delta { text },
            AnswerEvent::Citations(given) => Self::Citations { citations: given.into_iter().map(Into::into).collect() },
        }
    }
}
