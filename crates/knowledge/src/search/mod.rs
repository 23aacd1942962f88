//! Finding passages: by keywords and by meaning at the same time, fused into one order.

mod basis;
mod question;
mod rank;
mod remembered;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::Reader;
use store::passages::Passage;
use store::search::{ChunkFields, DocumentFields, KeywordHit, Near};
use uuid::Uuid;

pub use basis::{Alteration, Basis};
pub use question::{Question, Term};

pub(crate) use remembered::Remembered;

use crate::{Knowledge, Result, UnitSimilarity};

/// Documents that the keyword search contributes.
const DOCUMENTS_BY_KEYWORDS: usize = 60;
/// Chunks that the vector search contributes, beside the nearest ones of those documents.
const CHUNKS_BY_MEANING: usize = 20;
/// Chunks that words contribute where vectors are missing.
const CHUNKS_BY_KEYWORDS: usize = 100;
/// Of so many documents, those that match best, chunks are found by their words as long as they have no vectors. What matches
/// worse can wait: with documents coming in all day, some always do.
const WAITED_FOR: usize = 5;
/// A word of the title or of the headings says more about a chunk than one of its text.
const CHUNKS: ChunkFields = ChunkFields { title: 4.0, heading_path: 2.0, body: 1.0 };
/// BM25's k1 is 1.2; a weight of 0.3 makes it 4, so that the tenth occurrence in a long document still counts.
const DOCUMENTS: DocumentFields = DocumentFields { title: 1.2, body: 0.3 };

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
    /// What that rests on.
    pub basis: Basis,
    /// How long it took until the question's vector was there.
    pub embed: Duration,
    /// How long everything else took that the vector's computation did not hide.
    pub retrieve: Duration,
}

impl Knowledge {
    /// The passages that match a text best among those that the reader may read, best first.
    pub async fn search(&self, reader: Reader, text: &str, limit: usize) -> Result<Vec<SearchHit>> {
        let found = self.retrieve(reader, text).await?;
        Ok(found.hits.iter().take(limit).cloned().collect())
    }

    /// What [`Knowledge::retrieve_afresh`] finds, from memory where no change since could have altered it.
    pub async fn retrieve(&self, reader: Reader, text: &str) -> Result<Arc<Found>> {
        self.catch_up(reader.seen).await?;
        if let Some(found) = self.remembered.found(self, reader, text) {
            return Ok(found);
        }
        let found = Arc::new(self.find(reader, text, self.question_vector(text)).await?);
        self.remembered.keep(reader, text, &found);
        Ok(found)
    }

    /// The vector of a question, from memory where it is; `None` without a model.
    pub async fn question_vector(&self, text: &str) -> Result<Option<Arc<[f32]>>> {
        if let Some(vector) = self.remembered.vector(text) {
            return Ok(Some(vector));
        }
        let vector = self.embed_question(text).await?;
        if let Some(vector) = &vector {
            self.remembered.keep_vector(text, vector);
        }
        Ok(vector)
    }

    /// Searches by keywords and by meaning, and keeps what speaks for each passage for whoever answers from it.
    ///
    /// Keywords find documents; meaning finds chunks, among them the best ones of those documents. Chunks are searched
    /// by keywords only where vectors are missing that are likely to matter.
    pub async fn retrieve_afresh(&self, reader: Reader, text: &str) -> Result<Found> {
        self.catch_up(reader.seen).await?;
        self.find(reader, text, self.embed_question(text)).await
    }

    async fn find(
        &self,
        reader: Reader,
        text: &str,
        vector: impl Future<Output = Result<Option<Arc<[f32]>>>>,
    ) -> Result<Found> {
        let started = Instant::now();
        let timed = async { (vector.await, started.elapsed()) };
        let ((vector, embed), keyworded) = tokio::join!(timed, self.documents_by_keywords(reader, text));
        let vector = vector?;
        let (question, documents) = keyworded?;
        let by_meaning = match &vector {
            Some(vector) => self.nearest(reader, vector, documents.iter().map(|hit| hit.document_id)).await?,
            None => Vec::new(),
        };
        let chunks = match &vector {
            Some(_) => self.waiting_chunks(reader, &question, &documents).await?,
            None => self.chunks_by_words(reader, &question).await?,
        };
        let basis = Basis::new(reader, &question, vector.as_deref(), &documents, &by_meaning);
        let candidates = rank::candidates(&ByKeywords { chunks, documents }, &by_meaning);
        let numbers: Vec<i64> = candidates.iter().map(|candidate| candidate.number).collect();
        let passages = self.store.passages(reader, &numbers).await?;
        let hits = rank::rank(&question, vector.as_deref(), &candidates, passages);
        let retrieve = started.elapsed().saturating_sub(embed);
        Ok(Found { question, by_meaning: vector.is_some(), hits, basis, embed, retrieve })
    }

    /// The chunks that are nearest of all, and the nearest ones of some documents.
    async fn nearest(&self, reader: Reader, vector: &[f32], also: impl Iterator<Item = Uuid>) -> Result<Vec<Near>> {
        if self.store.searches_vectors() {
            let also: Vec<Uuid> = also.collect();
            return Ok(self.store.nearest(reader, vector, CHUNKS_BY_MEANING, &also).await?);
        }
        let also: HashSet<Uuid> = also.collect();
        Ok(self.index.nearest(vector, reader.account_id, CHUNKS_BY_MEANING, &also))
    }

    async fn embed_question(&self, text: &str) -> Result<Option<Arc<[f32]>>> {
        let Some(model) = self.model.clone() else { return Ok(None) };
        let text = text.to_owned();
        let vector = telemetry::waiting_for(tokio::task::spawn_blocking(move || model.embed(&text))).await??;
        Ok(Some(vector.into()))
    }

    /// Chunks that the words find alone, of all documents. The best has a score of 1.
    async fn chunks_by_words(&self, reader: Reader, question: &Question) -> Result<Vec<KeywordHit>> {
        let terms: Vec<String> = question.telling_terms().into_iter().map(|term| term.stem.clone()).collect();
        let mut chunks = self.store.chunks_by_keywords(reader, &terms, CHUNKS, CHUNKS_BY_KEYWORDS).await?;
        rank::relate(&mut chunks, None);
        Ok(chunks)
    }

    /// Chunks that the words find of the best documents, as far as those have no vectors yet. One that has all of the words
    /// has a score of 1.
    async fn waiting_chunks(
        &self,
        reader: Reader,
        question: &Question,
        documents: &[KeywordHit],
    ) -> Result<Vec<KeywordHit>> {
        let best = documents.iter().take(WAITED_FOR);
        let waiting: Vec<Uuid> = best.filter(|hit| hit.waiting).map(|hit| hit.document_id).collect();
        let terms: Vec<(String, f32)> =
            question.telling_terms().into_iter().map(|term| (term.stem.clone(), term.weight)).collect();
        let mut chunks = self.store.chunks_with_terms(reader, &waiting, &terms, CHUNKS_BY_KEYWORDS).await?;
        rank::relate(&mut chunks, Some(terms.iter().map(|(_, weight)| weight).sum()));
        Ok(chunks)
    }

    async fn documents_by_keywords(&self, reader: Reader, text: &str) -> Result<(Question, Vec<KeywordHit>)> {
        let question = Question::analyse(&self.store, reader, text).await?;
        let (terms, collection) = (question.counted_terms(), question.collection);
        let documents =
            self.store.documents_by_keywords(reader, &terms, collection, DOCUMENTS, DOCUMENTS_BY_KEYWORDS).await?;
        Ok((question, documents))
    }
}

/// What the words of a question find, best first.
struct ByKeywords {
    /// Their scores are from 0 to 1.
    chunks: Vec<KeywordHit>,
    documents: Vec<KeywordHit>,
}
