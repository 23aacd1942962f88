//! Finding passages: by keywords and by meaning at the same time, fused and ranked.

mod question;
mod rank;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use store::Reader;
use store::chunks::Passage;
use store::search::KeywordWeights;

pub use question::{Question, Term};
pub use rank::Evidence;

use crate::{Error, Knowledge, Result};

/// Candidates from each of the two searches.
const CANDIDATES: usize = 50;
/// A word of the title or of the headings says more about a chunk than one of its text.
const KEYWORD_WEIGHTS: KeywordWeights = KeywordWeights { title: 4.0, heading_path: 2.0, body: 1.0 };

/// A passage that was found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The passage.
    pub passage: Passage,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The rank's measure, 0 to 1, higher is better; comparable within one search only.
    pub score: f32,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The question as the search understood it.
    pub question: Question,
    /// The passages, best first.
    pub hits: Vec<SearchHit>,
    /// How long the question's vector took.
    pub embed: Duration,
    /// How long everything else took that the vector's computation did not hide.
    pub retrieve: Duration,
}

impl Knowledge {
    /// The passages that match a text best among those that the reader may read, best first.
    pub async fn search(&self, reader: Reader, text: &str, limit: usize) -> Result<Vec<SearchHit>> {
        let mut found = self.retrieve(reader, text).await?;
        found.hits.truncate(limit);
        Ok(found.hits)
    }

    /// Searches by keywords and by meaning, and keeps what speaks for each passage for whoever answers from it.
    pub async fn retrieve(&self, reader: Reader, text: &str) -> Result<Found> {
        let started = Instant::now();
        let (embedded, keyworded) = tokio::join!(self.embed_question(text), self.keywords(reader, text));
        let (vector, embed) = embedded?;
        let (question, by_keywords) = keyworded?;
        let by_meaning = match &vector {
            Some(vector) => self.index.nearest(vector, reader.account_id, CANDIDATES),
            None => Vec::new(),
        };
        let mut evidence: HashMap<i64, Evidence> = HashMap::new();
        for (rank, hit) in by_keywords.iter().enumerate() {
            let entry = evidence.entry(hit.number).or_default();
            entry.keyword_rank = Some(rank + 1);
            entry.keyword_score = hit.score as f32;
        }
        for (rank, (number, cosine)) in by_meaning.iter().enumerate() {
            let entry = evidence.entry(*number).or_default();
            entry.vector_rank = Some(rank + 1);
            entry.cosine = *cosine;
        }
        let numbers: Vec<i64> = evidence.keys().copied().collect();
        let passages = self.store.passages(reader, &numbers).await?;
        let candidates = passages.into_iter().filter_map(|passage| {
            let evidence = evidence.remove(&passage.number)?;
            Some((passage, evidence))
        });
        let hits = rank::rank(&question, candidates.collect());
        let retrieve = started.elapsed().saturating_sub(embed);
        Ok(Found { question, hits, embed, retrieve })
    }

    async fn embed_question(&self, text: &str) -> Result<(Option<Vec<f32>>, Duration)> {
        let Some(model) = self.model.clone() else { return Ok((None, Duration::ZERO)) };
        let text = text.to_owned();
        let computed = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            let vector = model.embed(&text)?;
            Ok::<_, Error>((vector, started.elapsed()))
        });
        let (vector, took) = computed.await??;
        Ok((Some(vector), took))
    }

    async fn keywords(&self, reader: Reader, text: &str) -> Result<(Question, Vec<store::search::KeywordHit>)> {
        let question = Question::analyse(&self.store, text).await?;
        let terms = question.search_terms();
        let hits = self.store.keyword_search(reader, &terms, KEYWORD_WEIGHTS, CANDIDATES).await?;
        Ok((question, hits))
    }
}
