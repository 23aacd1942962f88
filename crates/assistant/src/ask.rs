//! From question to recorded answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache::{Backing, Cache};
use guard::Policy;
use knowledge::{Found, Knowledge};
use store::Reader;
use store::conversations::Exchange;
use telemetry::traced_span;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use crate::answer::Draft;
use crate::cached::{CachedAnswer, Context};
use crate::canonical::canonical;
use crate::classify::{self, Plan};
use crate::select;
use crate::types::{Answer, AnswerEvent, Ask, CacheMode, CacheUse, Timings};
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
    pub(crate) knowledge: Knowledge,
    pub(crate) cache: Cache<CachedAnswer>,
    pub(crate) context: Context,
    pub(crate) policy: Policy,
}

/// A question as it is answered.
pub(crate) struct Question {
    /// In the form that all of its kind share, standing alone.
    pub(crate) text: String,
    pub(crate) plan: Plan,
    /// On whose behalf documents are read: everybody's, for somebody who has no private ones.
    pub(crate) reader: Reader,
}

/// How passages are looked for.
#[derive(Clone, Copy)]
pub(crate) enum Search {
    /// What is still known is not computed again.
    Remembered,
    /// Nothing is taken from memory.
    Afresh,
}

/// What became of a question.
pub(crate) struct Answered {
    pub(crate) answer: Arc<CachedAnswer>,
    pub(crate) cache: CacheUse,
    pub(crate) timings: Timings,
}

impl Assistant {
    /// An assistant that answers from these documents, and keeps its answers there.
    pub async fn open(knowledge: Knowledge, settings: cache::Settings, backing: Backing) -> Result<Self, AskError> {
        let clock = knowledge.store().clock().clone();
        let now_ms = move || u64::try_from(clock.now().timestamp_millis()).unwrap_or_default();
        let library = knowledge.store().library_id().await?;
        let context = Context::new(library, knowledge.model_name());
        let settings = cache::Settings { min_similarity: least_similarity(&settings), ..settings };
        let policy = Policy { min_similarity: settings.min_similarity, ..Policy::default() };
        let cache = Cache::open(settings, backing, cache::Clock::new(now_ms)).await;
        let assistant = Self { knowledge, cache, context, policy };
        assistant.catch_up(0).await?;
        Ok(assistant)
    }

    /// Answers a question and records it. Pieces of the answer go to `events` as they come into being; a
    /// receiver that has gone away does not stop the recording.
    pub async fn ask(&self, ask: Ask, events: Option<mpsc::Sender<AnswerEvent>>) -> Result<Answer, AskError> {
        let started = Instant::now();
        let store = self.knowledge.store();
        let message = checked(&ask.message)?;
        let earlier = self.earlier_questions(&ask).await?;
        let text = canonical(&followup::stand_alone(message, &earlier));
        let plan = classify::plan(&text, ask.mode);
        let conversation_id = ask.conversation_id.unwrap_or_else(|| store.clock().new_id());
        let message_id = store.clock().new_id();
        let events = Events(events);
        events.send(AnswerEvent::Meta { conversation_id, message_id, mode: plan.mode }).await;

        let question = Question { text, reader: self.reader(&ask).await?, plan };
        let Answered { answer: answered, cache, timings } = match ask.cache {
            CacheMode::Use => self.recall(&question, &events).await?,
            CacheMode::Bypass => self.compute(&question, Search::Afresh, &events).await?.into(),
            CacheMode::Refresh => self.refresh(&question, Search::Afresh, &events).await?,
        };
        let mut answer = Answer {
            conversation_id,
            message_id,
            answer: answered.text.clone(),
            grounded: answered.grounded,
            citations: answered.citations.clone(),
            mode: question.plan.mode,
            cache,
            timings_ms: timings,
        };
        if !answer.grounded && self.is_indexing().await? {
            let note = format!(" {STILL_INDEXING}");
            answer.answer.push_str(&note);
            events.send(AnswerEvent::Delta(note)).await;
        }
        events.send(AnswerEvent::Citations(answer.citations.clone())).await;
        let recording = Instant::now();
        store.record_exchange(exchange(&ask, message, &answer)).instrument(traced_span!("store")).await?;
        answer.timings_ms.store = ms(recording.elapsed());
        answer.timings_ms.total = ms(started.elapsed());
        Ok(answer)
    }

    /// Answers part by part, so that the first part can be read while the next is searched for.
    pub(crate) async fn compute(
        &self,
        question: &Question,
        search: Search,
        events: &Events,
    ) -> Result<Computed, AskError> {
        let (mut draft, mut bases, mut timings) = (Draft::default(), Vec::new(), Timings::default());
        let plan = &question.plan;
        for part in &plan.parts {
            let found = self.search(question.reader, &part.query, search).instrument(traced_span!("retrieve")).await?;
            timings.embed += ms(found.embed);
            timings.retrieve += ms(found.retrieve);
            let answering = Instant::now();
            let selection = traced_span!("answer").in_scope(|| verify::verified(select::select(&found)));
            let piece = draft.add(plan.has_headings().then_some(&part.asked), &selection);
            bases.push(found.basis.clone());
            timings.answer += ms(answering.elapsed());
            events.send(AnswerEvent::Delta(piece)).await;
        }
        Ok(Computed { answer: CachedAnswer::new(draft, bases), timings })
    }

    async fn search(&self, reader: Reader, query: &str, search: Search) -> Result<Arc<Found>, AskError> {
        Ok(match search {
            Search::Remembered => self.knowledge.retrieve(reader, query).await?,
            Search::Afresh => Arc::new(self.knowledge.retrieve_afresh(reader, query).await?),
        })
    }

    /// On whose behalf documents are read. What is computed for everybody cannot hold anything private, whatever happens to
    /// the asker's documents meanwhile.
    async fn reader(&self, ask: &Ask) -> Result<Reader, AskError> {
        let standing = match ask.standing {
            Some(standing) => standing,
            None => self.knowledge.store().standing(ask.account_id).await?,
        };
        let reader = if standing.has_private { Reader::new(ask.account_id) } else { Reader::everybody() };
        Ok(reader.at(standing.change))
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

/// An answer that was not in the cache.
pub(crate) struct Computed {
    pub(crate) answer: CachedAnswer,
    pub(crate) timings: Timings,
}

impl From<Computed> for Answered {
    fn from(Computed { answer, timings }: Computed) -> Self {
        Self { answer: Arc::new(answer), cache: CacheUse::default(), timings }
    }
}

/// Where the pieces of an answer go, if anybody listens.
pub(crate) struct Events(Option<mpsc::Sender<AnswerEvent>>);

impl Events {
    /// Nobody listens.
    pub(crate) const fn nobody() -> Self {
        Self(None)
    }

    pub(crate) async fn send(&self, event: AnswerEvent) {
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

/// What is set, or more where that was measured to be wrong too often. When nothing keeps the rate, nothing is similar enough.
fn least_similarity(settings: &cache::Settings) -> f32 {
    let safe = guard::similarity_that_keeps(settings.max_false_hit_rate);
    safe.map_or(f32::INFINITY, |safe| safe.max(settings.min_similarity))
}

pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_looks_as_far_as_the_guard_does() {
        assert!((cache::Settings::default().min_similarity - Policy::default().min_similarity).abs() < f32::EPSILON);
    }

    #[test]
    fn the_rate_of_false_hits_raises_the_similarity_that_is_asked_for() {
        let least = |max_false_hit_rate, min_similarity| {
            least_similarity(&cache::Settings { max_false_hit_rate, min_similarity, ..cache::Settings::default() })
        };
        let set = cache::Settings::default().min_similarity;
        assert!((least_similarity(&cache::Settings::default()) - set).abs() < f32::EPSILON, "the default keeps it");
        assert!(least(0.005, set) > set && least(0.002, set) > least(0.005, set));
        assert!((least(0.005, 0.99) - 0.99).abs() < f32::EPSILON, "never lowered");
        assert!(least(0.01, 0.5) > 0.8);
        assert!(least(0.0, set) > 1.0, "nothing keeps that");
    }
}
