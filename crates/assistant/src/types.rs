//! What is asked and what is answered, as it stands in the contract.

pub use cache::Tier as CacheTier;
use serde::{Deserialize, Serialize};
use store::changes::Standing;
use uuid::Uuid;

/// How a question wants to be treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeRequest {
    /// Decide from the question.
    #[default]
    Auto,
    /// One retrieval, one answer.
    Simple,
    /// In parts, each with its retrieval.
    Complex,
}

/// How a question was treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One retrieval, one answer.
    Simple,
    /// In parts, each with its retrieval.
    Complex,
}

impl Mode {
    /// As the contract writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Complex => "complex",
        }
    }
}

/// Whether a cached answer may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheMode {
    /// Use it.
    #[default]
    Use,
    /// Compute, and leave the cache alone.
    Bypass,
    /// Compute, and replace what is cached.
    Refresh,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who asks; answers come from what this person may read.
    pub account_id: Uuid,
    /// Where documents stand for this person; it is looked up where it is not known.
    pub standing: Option<Standing>,
    /// The question, as typed or spoken.
    pub message: String,
    /// The conversation that it continues.
    pub conversation_id: Option<Uuid>,
    /// How it wants to be treated.
    pub mode: ModeRequest,
    /// Whether a cached answer may be used.
    pub cache: CacheMode,
}

/// A passage that an answer rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// The document.
    pub document_id: Uuid,
    /// Its title.
    pub title: String,
    /// The chunk that holds the quote.
    pub chunk_id: Uuid,
    /// The text of the document at `start..end`, byte for byte.
    pub quote: String,
    /// Byte offset of the quote's start in the document's extracted text.
    pub start: usize,
    /// Byte offset of its end.
    pub end: usize,
    /// How well the passage matches the question, 0 to 1.
    pub score: f32,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CacheUse {
    /// The tier that had it (`l1`, `l2`, `rag`), or null when it was computed.
    pub tier: Option<CacheTier>,
    /// How old the cached answer is, in milliseconds.
    pub age_ms: u64,
    /// How similar the question is that it was the answer to, when it was found by meaning: 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub similarity: Option<f32>,
}

/// How long each phase took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// From the question's arrival to its answer.
    pub total: f64,
    /// Looking into the cache.
    pub cache: f64,
    /// Computing the question's vector.
    pub embed: f64,
    /// Finding passages, the vector's computation left out.
    pub retrieve: f64,
    /// Selecting the sentences and verifying them.
    pub answer: f64,
    /// Recording the exchange.
    pub store: f64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The conversation that it belongs to.
    pub conversation_id: Uuid,
    /// Its own id, for feedback.
    pub message_id: Uuid,
    /// The text, with `[n]` where the n-th citation supports it.
    pub answer: String,
    /// False when the documents do not answer the question; the text then says so.
    pub grounded: bool,
    /// What it rests on, in the order of the marks.
    pub citations: Vec<Citation>,
    /// How the question was treated.
    pub mode: Mode,
    /// Where the answer came from.
    pub cache: CacheUse,
    /// How long it took, in milliseconds.
    pub timings_ms: Timings,
}

/// An answer as it comes into being.
#[derive(Clone, Debug)]
pub enum AnswerEvent {
    /// What is known before the first word.
    Meta {
        /// The conversation.
        conversation_id: Uuid,
        /// The answer's id.
        message_id: Uuid,
        /// How the question is treated.
        mode: Mode,
    },
    /// The next piece of the text.
    Delta(String),
    /// All citations, after the last piece.
    Citations(Vec<Citation>),
}
