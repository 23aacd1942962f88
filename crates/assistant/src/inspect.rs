//! Looking into the cache, for administrators.

use cache::{Cleared, Described, Figures, Key, Tier};
use guard::{Signature, is_same};
use serde::Serialize;
use store::Reader;
use uuid::Uuid;

use crate::ask::{AskError, Assistant, Question};
use crate::canonical::canonical;
use crate::classify;
use crate::types::{Mode, ModeRequest};

/// Questions by meaning that an explanation shows.
const ALIKE: usize = 8;

/// Why a question is answered from the cache, or not.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The question as it is looked up.
    pub question: String,
    /// How it is treated.
    pub mode: Mode,
    /// Under which name its answer stands.
    pub key: Key,
    /// What the tiers have under that name. Unchecked: an entry that a change has altered is removed when it is asked for.
    pub entries: Vec<Described>,
    /// The answered questions that are nearest by meaning.
    pub alike: Vec<Alike>,
}

/// An answered question that is near another one.
#[derive(Clone, Debug, Serialize)]
pub struct Alike {
    /// The question.
    pub question: String,
    /// Cosine similarity, -1 to 1.
    pub similarity: f32,
    /// Why its answer is not given; null when it is the same question.
    pub refused: Option<String>,
}

impl Assistant {
    /// How well the cache works, in this process.
    #[must_use]
    pub fn cache_figures(&self) -> Figures {
        self.cache.figures()
    }

    /// How well the cache works, as it is each time that it is asked for.
    #[must_use]
    pub fn cache_exposed(&self) -> impl telemetry::Source + use<> {
        self.cache.exposed()
    }

    /// Why a question that stands alone is answered from the cache, or not, for everybody who has no private documents. What
    /// others asked about their private documents is theirs.
    pub async fn explain(&self, question: &str, mode: ModeRequest) -> Result<Explanation, AskError> {
        let text = canonical(question);
        let plan = classify::plan(&text, mode);
        let question = Question { text, plan, reader: Reader::everybody() };
        let lookup = self.lookup(&question);
        let asked = Signature::of(&question.text);
        let mut alike = Vec::new();
        if let Some(vector) = self.vector(&question).await? {
            let context = self.context.of(question.plan.mode);
            for (stored, similarity) in self.cache.nearest(&lookup, &vector, &context, ALIKE) {
                let same = is_same(similarity, &asked, &Signature::of(&stored), &self.policy);
                alike.push(Alike {
                    question: stored,
                    similarity,
                    refused: same.err().map(|refusal| refusal.to_string()),
                });
            }
        }
        let entries = self.cache.find(lookup.key).await;
        Ok(Explanation { mode: question.plan.mode, key: lookup.key, entries, alike, question: question.text })
    }

    /// Removes an answer; the tiers of this process that had it. Other gateways learn that what it cites is not to be used.
    pub async fn drop_answer(&self, key: Key) -> Result<Vec<Tier>, AskError> {
        let sources: Vec<Uuid> = self.cache.find(key).await.into_iter().flat_map(|entry| entry.sources).collect();
        let had = self.cache.remove(key).await;
        let store = self.knowledge.store();
        if !store.is_served_by_one_process() {
            store.distrust(&sources).await?;
        }
        Ok(had)
    }

    /// Removes all answers, in every gateway.
    pub async fn clear_cache(&self) -> Result<Cleared, AskError> {
        self.knowledge.store().distrust_everything().await?;
        Ok(self.cache.clear().await)
    }
}
