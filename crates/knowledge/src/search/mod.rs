//! Finding passages: by keywords and by meaning at the same time, fused into one order.

mod question;
mod rank;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use store::Reader;
use store::chunks::Passage;
use store::search::{KeywordHit, KeywordWeights};

pub use question::{Question, Term};

use crate::{Error, Knowledge, Result, UnitSimilarity};

/// Chunks that the keyword search contributes.
const BY_KEYWORDS: usize = 100;
/// Chunks that the vector search contributes.
const BY_MEANING: usize = 50;
/// Passages that are read: the best of both.
const READ: usize = 60;
/// A word of the title or of the headings says more about a chunk than one of its text.
const KEYWORD_WEIGHTS: KeywordWeights = KeywordWeights { title: 4.0, heading_path: 2.0, body: 1.0 };

/// A passage that was found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The passage.
    pub passage: Passage,
    /// Cosine similarity with the question; 0 when only keywords found it.
    pub cosine: f32,
    /// How near each of its units is to the question; empty without vectors.
    pub units: Vec<UnitSimilarity>,
    /// Which share of the question's words, by weight, it has in its text, headings or title; 0 to 1.
    pub coverage: f32,
    /// How well it matches, 0 to 1; comparable within one search.
    pub score: f32,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The question as the search understood it.
    pub question: Question,
    /// Whether the search could compare meanings, or had no model.
    pub by_meaning: bool,
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
        let numbers: HashSet<i64> = by_keywords.iter().map(|hit| hit.number).collect();
        let by_meaning = match &vector {
            Some(vector) => self.index.nearest(vector, reader.account_id, BY_MEANING, &numbers),
            None => Vec::new(),
        };
        let mut candidates = rank::candidates(&by_keywords, &by_meaning);
        candidates.truncate(READ);
        let numbers: Vec<i64> = candidates.iter().map(|candidate| candidate.number).collect();
        let passages = self.store.passages(reader, &numbers).await?;
        let hits = rank::rank(&question, vector.as_deref(), &candidates, passages);
        let retrieve = started.elapsed().saturating_sub(embed);
        Ok(Found { question, by_meaning: vector.is_some(), hits, embed, retrieve })
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

    async fn keywords(&self, reader: Reader, text: &str) -> Result<(Question, Vec<KeywordHit>)> {
        let question = Question::analyse(&self.store, text).await?;
        let terms = question.search_terms();
        let hits = self.store.keyword_search(reader, &terms, KEYWORD_WEIGHTS, BY_KEYWORDS).await?;
        Ok((question, hits))
    }
}
