//! From question to recorded answer.

use std::time::{Duration, Instant};

use knowledge::Knowledge;
use store::Reader;
use store::conversations::Exchange;
use tokio::sync::mpsc;

use crate::answer::Draft;
use crate::classify::{self, Part, Plan};
use crate::select;
use crate::types::{Answer, AnswerEvent, Ask, CacheUse, Mode, Timings};
use crate::{followup, verify};

/// The longest question accepted, in characters.
pub const MAX_QUESTION_CHARS: usize = 4_000;
const STILL_INDEXING: &str = "Some documents are still being indexed; ask again when they are ready.";
/// Earlier questions that a follow-up may lean on.
const EARLIER_QUESTIONS: u64 = 4;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is nothing in it.
    #[error("the question is empty; type or say what you want to know")]
    Empty,
    /// It is longer than allowed.
    #[error("the question has {chars} characters; at most {limit} are accepted")]
    TooLong {
        /// Its length.
        chars: usize,
        /// The limit.
        limit: usize,
    },
    /// The conversation does not exist, or is somebody else's.
    #[error("conversation not found")]
    UnknownConversation,
    /// The documents could not be searched.
    #[error(transparent)]
    Knowledge(#[from] knowledge::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Answers questions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Assistant {
    knowledge: Knowledge,
}

impl Assistant {
    /// An assistant that answers from these documents.
    #[must_use]
    pub fn new(knowledge: Knowledge) -> Self {
        Self { knowledge }
    }

    /// Answers a question and records it. Pieces of the answer go to `events` as they come into being; a
    /// receiver that has gone away does not stop the recording.
    pub async fn ask(&self, ask: Ask, events: Option<mpsc::Sender<AnswerEvent>>) -> Result<Answer, AskError> {
        let started = Instant::now();
        let store = self.knowledge.store();
        let message = checked(&ask.message)?;
        let earlier = self.earlier_questions(&ask).await?;
        let question = followup::stand_alone(message, &earlier);
        let plan = classify::plan(&question, ask.mode);
        let conversation_id = ask.conversation_id.unwrap_or_else(|| store.clock().new_id());
        let message_id = store.clock().new_id();
        let events = Events(events);
        events.send(AnswerEvent::Meta { conversation_id, message_id, mode: plan.mode }).await;

        let (draft, mut timings) = self.answer(Reader::new(ask.account_id), &plan, &events).await?;
        events.send(AnswerEvent::Citations(draft.citations.clone())).await;
        let mut answer = Answer {
            conversation_id,
            message_id,
            answer: draft.text,
            grounded: draft.grounded,
            citations: draft.citations,
            mode: plan.mode,
            cache: CacheUse::default(),
            timings_ms: timings,
        };
        let recording = Instant::now();
        store.record_exchange(exchange(&ask, message, &answer)).await?;
        timings.store = ms(recording.elapsed());
        timings.total = ms(started.elapsed());
        answer.timings_ms = timings;
        Ok(answer)
    }

    /// Answers part by part, so that the first part can be read while the next is searched for.
    async fn answer(&self, reader: Reader, plan: &Plan, events: &Events) -> Result<(Draft, Timings), AskError> {
        let mut draft = Draft::default();
        let mut timings = Timings::default();
        for part in &plan.parts {
            let found = self.knowledge.retrieve(reader, &part.query).await?;
            timings.embed += ms(found.embed);
            timings.retrieve += ms(found.retrieve);
            let answering = Instant::now();
            let selection = verify::verified(select::select(&found));
            let piece = draft.add(heading(plan, part), &selection);
            timings.answer += ms(answering.elapsed());
            events.send(AnswerEvent::Delta(piece)).await;
        }
        if !draft.grounded && self.is_indexing().await? {
            events.send(AnswerEvent::Delta(draft.add_note(STILL_INDEXING))).await;
        }
        Ok((draft, timings))
    }

    /// Whether documents are waiting that may hold the answer.
    async fn is_indexing(&self) -> Result<bool, AskError> {
        let counts = self.knowledge.store().count_documents().await?;
        Ok(counts.waiting > 0 || (counts.searchable > 0 && self.knowledge.model_name().is_some()))
    }

    async fn earlier_questions(&self, ask: &Ask) -> Result<Vec<String>, AskError> {
        let Some(id) = ask.conversation_id else { return Ok(Vec::new()) };
        let store = self.knowledge.store();
        store.conversation(ask.account_id, id).await?.ok_or(AskError::UnknownConversation)?;
        Ok(store.last_questions(id, EARLIER_QUESTIONS).await?)
    }
}

/// Where the pieces of an answer go, if anybody listens.
struct Events(Option<mpsc::Sender<AnswerEvent>>);

impl Events {
    async fn send(&self, event: AnswerEvent) {
        if let Some(listener) = &self.0 {
            // A listener that went away misses the rest; the answer is recorded all the same.
            let _ = listener.send(event).await;
        }
    }
}

fn checked(message: &str) -> Result<&str, AskError> {
    let message = message.trim();
    if message.is_empty() {
        return Err(AskError::Empty);
    }
    let chars = message.chars().count();
    if chars > MAX_QUESTION_CHARS {
        return Err(AskError::TooLong { chars, limit: MAX_QUESTION_CHARS });
    }
    Ok(message)
}

/// The parts of a complex question are announced; a simple one was just asked.
fn heading<'a>(plan: &Plan, part: &'a Part) -> Option<&'a str> {
    (plan.mode == Mode::Complex && plan.parts.len() > 1).then_some(part.asked.as_str())
}

fn exchange(ask: &Ask, message: &str, answer: &Answer) -> Exchange {
    Exchange {
        account_id: ask.account_id,
        conversation_id: answer.conversation_id,
        message_id: answer.message_id,
        question: message.to_owned(),
        answer: answer.answer.clone(),
        detail: serde_json::to_value(answer).unwrap_or_default(),
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
