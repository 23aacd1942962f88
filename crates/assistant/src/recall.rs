//! Answering from the cache: the exact question in process, then on disk or in Redis, then by meaning; and only then by
//! computing, once for all who ask at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache::{Flight, Hit, Lookup};
use guard::{Signature, is_same};
use telemetry::traced_span;
use tokio::time::MissedTickBehavior;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::ask::{Answered, AskError, Assistant, Computed, Events, Question, Search, ms};
use crate::cached::CachedAnswer;
use crate::types::{AnswerEvent, CacheUse, Mode, Timings};
use crate::warm::Warmed;

/// How often the cache is tidied.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

impl Assistant {
    /// The answer from the cache, or else a computed one that is kept.
    pub(crate) async fn recall(&self, question: &Question, events: &Events) -> Result<Answered, AskError> {
        let started = Instant::now();
        self.catch_up(question.reader.seen).await?;
        let lookup = self.lookup(question);
        if let Some(hit) = self.cache.get(&lookup).instrument(traced_span!("cache")).await {
            return Ok(recalled(hit, started, events).await);
        }
        let leader = match self.cache.flight(&lookup).await {
            // When this one does not get to the end, the next of those who wait leads.
            Flight::Leader(leader) => leader,
            // Somebody asked the same a moment before.
            Flight::Landed(landed) => return Ok(told(landed.value, CacheUse::default(), started, events).await),
        };
        let embedding = Instant::now();
        let vector = self.vector(question).instrument(traced_span!("embed")).await?;
        let embed = ms(embedding.elapsed());
        if let Some(hit) = self.alike(question, &lookup, vector.as_deref()).instrument(traced_span!("alike")).await {
            let mut answered = recalled(hit, started, events).await;
            answered.timings.cache -= embed;
            answered.timings.embed = embed;
            return Ok(answered);
        }
        let looked = ms(started.elapsed()) - embed;
        let computed = self.compute(question, Search::Remembered, events).await?;
        let timings = Timings { cache: looked, embed: embed + computed.timings.embed, ..computed.timings };
        let answer = self.keep(question, computed, vector.as_deref()).await?;
        leader.finish(question.reader.seen, Arc::clone(&answer));
        Ok(Answered { answer, cache: CacheUse::default(), timings })
    }

    /// A computed answer that replaces what is cached.
    pub(crate) async fn refresh(
        &self,
        question: &Question,
        search: Search,
        events: &Events,
    ) -> Result<Answered, AskError> {
        self.catch_up(question.reader.seen).await?;
        let computed = self.compute(question, search, events).await?;
        let timings = computed.timings;
        let vector = self.vector(question).await?;
        let answer = self.keep(question, computed, vector.as_deref()).await?;
        Ok(Answered { answer, cache: CacheUse::default(), timings })
    }

    /// Sees that the cache knows of every change up to this number.
    pub(crate) async fn catch_up(&self, present: u64) -> Result<(), AskError> {
        self.knowledge.catch_up(present).await?;
        let journal = self.cache.journal();
        if journal.known().is_some_and(|known| known >= present) {
            return Ok(());
        }
        let known = journal.known().unwrap_or_else(|| self.knowledge.known_since());
        match self.knowledge.changes_since(known) {
            // Two who do this at the same time tell it the same.
            Some(changes) => drop(journal.extend(known + 1, changes)),
            None => journal.begin_anew(),
        }
        Ok(())
    }

    /// Removes every answer that cites a document, which changed or is gone, from every tier. No answer that it could have
    /// altered is given from the moment of the change; this is so that nothing of it is kept either.
    pub async fn forget_document(&self, document_id: Uuid) {
        self.cache.forget_sources(&[document_id]).await;
    }

    /// Keeps the cache tidy, and this process up to date while nobody asks; and answers again what is asked most. For ever.
    pub async fn keep_house(&self) {
        tokio::join!(self.keep_tidy(), self.keep_warm());
    }

    async fn keep_warm(&self) {
        let started = self.warm_after_the_start().await;
        let mut warmed = started.unwrap_or_else(|error| {
            tracing::warn!(%error, "what was asked most could not be answered again after the start");
            Warmed::default()
        });
        let mut ticks = tokio::time::interval(HOUSEKEEPING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if warmed.computed > 0 {
                tracing::info!(answers = warmed.computed, "answered again what is asked most");
            }
            ticks.tick().await;
            warmed = self.warm_what_is_missing().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "what is asked most could not be answered again");
                Warmed::default()
            });
        }
    }

    async fn keep_tidy(&self) {
        let mut ticks = tokio::time::interval(HOUSEKEEPING);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let caught_up = async {
                self.knowledge.catch_up_with_everything().await?;
                self.catch_up(self.knowledge.present()).await
            };
            if let Err(error) = caught_up.await {
                tracing::warn!(%error, "what happened to documents could not be read; it is tried again");
            }
            self.cache.sweep().await;
        }
    }

    /// The vector by which a question is found by meaning. Only one that is answered as a whole has one.
    pub(crate) async fn vector(&self, question: &Question) -> Result<Option<Arc<[f32]>>, AskError> {
        match question.plan.mode {
            Mode::Simple => Ok(self.knowledge.question_vector(&question.text).await?),
            Mode::Complex => Ok(None),
        }
    }

    /// The answer to a question that says the same in other words.
    async fn alike(
        &self,
        question: &Question,
        lookup: &Lookup<'_>,
        vector: Option<&[f32]>,
    ) -> Option<Hit<CachedAnswer>> {
        let asked = Signature::of(&question.text);
        let same = |stored: &str, similarity: f32| {
            is_same(similarity, &asked, &Signature::of(stored), &self.policy).map_err(|refusal| refusal.name())
        };
        self.cache.get_alike(lookup, vector?, &self.context.of(question.plan.mode), &same).await
    }

    /// Puts a computed answer into the cache.
    async fn keep(
        &self,
        question: &Question,
        computed: Computed,
        vector: Option<&[f32]>,
    ) -> Result<Arc<CachedAnswer>, AskError> {
        // A change in the midst of the search may have been seen by a part of it: the cache is to know of it before it keeps
        // the answer, or refuses to.
        self.catch_up(self.knowledge.store().present_change().await?).await?;
        let (lookup, context) = (self.lookup(question), self.context.of(question.plan.mode));
        Ok(self.cache.put(&lookup, &context, vector, question.reader.seen, computed.answer).await)
    }

    pub(crate) fn lookup<'a>(&self, question: &'a Question) -> Lookup<'a> {
        let reader = question.reader.account_id;
        Lookup {
            key: self.context.key(&question.plan, reader),
            scope: reader,
            question: &question.text,
            present: question.reader.seen,
        }
    }
}

async fn recalled(hit: Hit<CachedAnswer>, started: Instant, events: &Events) -> Answered {
    let age_ms = u64::try_from(hit.age.as_millis()).unwrap_or(u64::MAX);
    let cache = CacheUse { tier: Some(hit.tier), age_ms, similarity: hit.similarity };
    told(hit.value, cache, started, events).await
}

/// An answer that was there as a whole.
async fn told(answer: Arc<CachedAnswer>, cache: CacheUse, started: Instant, events: &Events) -> Answered {
    events.send(AnswerEvent::Delta(answer.text.clone())).await;
    let timings = Timings { cache: ms(started.elapsed()), ..Timings::default() };
    Answered { answer, cache, timings }
}
