//! Fusing what the two searches found into one order.
//!
//! The measure is a weighted sum of similarities and of BM25 scores relative to the best one. Fusing by reciprocal
//! ranks was measured on the same candidates and finds the right document first less often, because it forgets how
//! much better the first is than the second; see docs/decisions.

use std::collections::{HashMap, HashSet};

use store::chunks::Passage;
use store::search::KeywordHit;
use uuid::Uuid;

use super::SearchHit;
use crate::index::Near;

/// How much the best keyword score adds to a chunk's meaning. The weights were fitted on
/// `examples/questions/postgresql.tsv` and checked on the held-out set beside it.
const KEYWORDS: f32 = 0.25;
/// How much the best document by keywords adds.
const DOCUMENT_KEYWORDS: f32 = 0.2;
/// What the best three chunks of a document count towards the document.
const CHUNK_SHARES: [f32; 3] = [1.0, 0.5, 0.25];
/// The sum of all weights, which maps scores to 0 to 1.
const HIGHEST: f32 = 0.5 + 0.5 + 0.3 + KEYWORDS + DOCUMENT_KEYWORDS;

/// A chunk that one of the searches found, before its text is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) number: i64,
    /// Cosine similarity with the question; 0 without a model.
    pub(super) cosine: f32,
    /// The measure, 0 to 1.
    pub(super) score: f32,
}

/// Orders what the two searches found, best first.
pub(super) fn fuse(by_keywords: &[KeywordHit], by_meaning: &[Near]) -> Vec<Candidate> {
    let documents = document_scores(by_keywords);
    let best_document = documents.values().copied().fold(f32::MIN_POSITIVE, f32::max);
    let best_chunk = by_keywords.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
    let mut found: HashMap<i64, (Uuid, Option<Near>, f32)> =
        by_meaning.iter().map(|near| (near.number, (near.document_id, Some(*near), 0.0))).collect();
    for hit in by_keywords {
        found.entry(hit.number).or_insert((hit.document_id, None, 0.0)).2 = hit.score / best_chunk;
    }
    let candidate = |(number, (document_id, near, keywords)): (i64, (Uuid, Option<Near>, f32))| {
        let meaning = near.map_or(0.0, |near| near.meaning());
        let document = documents.get(&document_id).copied().unwrap_or(0.0) / best_document;
        let score = (meaning + KEYWORDS * keywords + DOCUMENT_KEYWORDS * document) / HIGHEST;
        Candidate { number, cosine: near.map_or(0.0, |near| near.cosine), score: score.clamp(0.0, 1.0) }
    };
    let mut candidates: Vec<Candidate> = found.into_iter().map(candidate).collect();
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.number.cmp(&b.number)));
    candidates
}

/// What the chunks of each document that keywords found say for it together.
fn document_scores(by_keywords: &[KeywordHit]) -> HashMap<Uuid, f32> {
    let mut scores: HashMap<Uuid, (f32, usize)> = HashMap::new();
    // Hits come best first, so a document's best chunks come first too.
    for hit in by_keywords {
        let (score, chunks) = scores.entry(hit.document_id).or_default();
        *score += CHUNK_SHARES.get(*chunks).copied().unwrap_or(0.0) * hit.score;
        *chunks += 1;
    }
    scores.into_iter().map(|(id, (score, _))| (id, score)).collect()
}

/// Puts the passages that were read into the order of their candidates, and leaves out those with (almost) the same
/// words as a better one: the same text in two documents is one answer, not two.
pub(super) fn hits(candidates: &[Candidate], passages: Vec<Passage>) -> Vec<SearchHit> {
    let mut read: HashMap<i64, Passage> = passages.into_iter().map(|passage| (passage.number, passage)).collect();
    let mut kept: Vec<(HashSet<u64>, SearchHit)> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let Some(passage) = read.remove(&candidate.number) else { continue };
        let words = shingles(&passage.text);
        let repeats = kept.iter().any(|(other, _)| {
            let common = words.intersection(other).count();
            common * 10 >= words.union(other).count() * 9
        });
        if !repeats {
            kept.push((words, SearchHit { passage, cosine: candidate.cosine, score: candidate.score }));
        }
    }
    kept.into_iter().map(|(_, hit)| hit).collect()
}

/// The hashes of every three words in a row.
fn shingles(text: &str) -> HashSet<u64> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let words: Vec<&str> = text.split_whitespace().collect();
    let hashed = |window: &[&str]| {
        let mut hasher = DefaultHasher::new();
        window.hash(&mut hasher);
        hasher.finish()
    };
    if words.len() < 3 { HashSet::from([hashed(&words)]) } else { words.windows(3).map(hashed).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(number: i64, document: u128, cosine: f32) -> Near {
        Near { number, document_id: Uuid::from_u128(document), cosine, blended: cosine, document: cosine }
    }

    fn keyword(number: i64, document: u128, score: f32) -> KeywordHit {
        KeywordHit { number, document_id: Uuid::from_u128(document), score }
    }

    fn order(candidates: &[Candidate]) -> Vec<i64> {
        candidates.iter().map(|candidate| candidate.number).collect()
    }

    #[test]
    fn agreement_of_both_searches_wins() {
        let fused = fuse(&[keyword(1, 1, 9.0), keyword(2, 2, 8.0)], &[near(3, 3, 0.6), near(2, 2, 0.58)]);
        assert_eq!(order(&fused)[0], 2);
        assert!(fused.iter().all(|candidate| (0.0..=1.0).contains(&candidate.score)));
    }

    #[test]
    fn keywords_alone_order_by_keywords() {
        assert_eq!(order(&fuse(&[keyword(5, 1, 3.0), keyword(4, 2, 2.0)], &[])), [5, 4]);
    }

    #[test]
    fn a_document_with_several_matching_chunks_beats_one_with_a_single_one() {
        let by_keywords = [keyword(1, 1, 5.0), keyword(2, 2, 5.0), keyword(3, 2, 4.9)];
        assert_eq!(order(&fuse(&by_keywords, &[]))[0], 2);
    }
}
