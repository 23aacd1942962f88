//! Answering again what is asked most, before somebody waits for it.
//!
//! It is done for what everybody may read, one question after the other, and with pauses: those who ask come first.

use std::time::Duration;

use cache::Popular;
use store::Reader;
use tokio::time::Instant;
use uuid::Uuid;

use crate::ask::{AskError, Assistant, Events, Question, Search};
use crate::canonical::canonical;
use crate::classify;
use crate::types::ModeRequest;

/// Questions that are asked again after a start, at most.
const AFTER_THE_START: u64 = 200;
/// Questions that are asked again in one round of housekeeping, at most.
const IN_A_ROUND: usize = 50;
/// How much longer a pause is than the work before it.
const PAUSES: u32 = 2;

/// What warming did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warmed {
    /// Answers that were there.
    pub present: u64,
    /// Answers that were computed.
    pub computed: u64,
}

impl Assistant {
    /// Sees that a question that stands alone is answered for everybody who has no private documents; true if its answer was
    /// in the cache.
    pub async fn warm(&self, question: &str) -> Result<bool, AskError> {
        let text = canonical(question);
        let plan = classify::plan(&text, ModeRequest::Auto);
        let present = self.knowledge.store().present_change().await?;
        let question = Question { text, plan, reader: Reader::everybody().at(present) };
        self.catch_up(present).await?;
        if self.cache.holds(&self.lookup(&question)).await {
            return Ok(true);
        }
        self.refresh(&question, Search::Remembered, &Events::nobody()).await?;
        Ok(false)
    }

    /// The questions that people have asked most of late, most asked first.
    pub async fn frequent_questions(&self, count: u64) -> Result<Vec<String>, AskError> {
        Ok(self.knowledge.store().frequent_questions(count).await?)
    }

    /// Answers what was asked most before this process started.
    pub(crate) async fn warm_after_the_start(&self) -> Result<Warmed, AskError> {
        let mut warmed = Warmed::default();
        for question in self.frequent_questions(AFTER_THE_START).await? {
            self.warm_in_turn(&question, &mut warmed).await?;
        }
        Ok(warmed)
    }

    /// Answers again what is asked most and was removed since.
    pub(crate) async fn warm_what_is_missing(&self) -> Result<Warmed, AskError> {
        let mut warmed = Warmed::default();
        for Popular { key, question, .. } in self.cache.missing(Uuid::nil(), IN_A_ROUND) {
            self.warm_in_turn(&question, &mut warmed).await?;
            // One that cannot be kept is not tried again before somebody asks.
            self.cache.tried(key);
        }
        Ok(warmed)
    }

    async fn warm_in_turn(&self, question: &str, warmed: &mut Warmed) -> Result<(), AskError> {
        let began = Instant::now();
        let was_there = self.warm(question).await?;
        warmed.present += u64::from(was_there);
        warmed.computed += u64::from(!was_there);
        tokio::time::sleep(PAUSES * began.elapsed().min(Duration::from_secs(1))).await;
        Ok(())
    }
}
