//! Fusing what the two searches found into one order.
//!
//! The measure is a weighted sum of five signs, fitted by listwise logistic regression over documents on
//! `examples/questions/postgresql.tsv` and checked on the held-out set beside it. Fusing by reciprocal ranks was
//! measured on the same candidates and finds the right document first less often, because it forgets how much better
//! the first is than the second; see docs/decisions.

use std::collections::{HashMap, HashSet};

use store::chunks::Passage;
use store::search::{KeywordHit, occurring};
use uuid::Uuid;

use super::{Question, SearchHit};
use crate::index::Near;
use crate::unit_vectors::{self, UnitSimilarity};

/// The chunk, blended with its neighbours, means what is asked.
const BLENDED: f32 = 5.21;
/// Some sentence in it, with the ones beside it, means what is asked.
const BEST_UNIT: f32 = 9.32;
/// It has the words of the question, in its text, headings or title.
const COVERED: f32 = 6.87;
/// Its document means what is asked.
const DOCUMENT: f32 = 6.81;
/// Its document has the words of the question.
const DOCUMENT_KEYWORDS: f32 = 2.46;
/// Without a model, the chunk's own keyword score stands in for all that meaning would say.
const KEYWORDS_ALONE: f32 = 6.0;
/// The sum of the weights, which maps scores to 0 to 1.
const HIGHEST: f32 = BLENDED + BEST_UNIT + COVERED + DOCUMENT + DOCUMENT_KEYWORDS;
/// What the best three chunks of a document count towards the document.
const CHUNK_SHARES: [f32; 3] = [1.0, 0.5, 0.25];

/// A chunk that one of the searches found, before its text is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) number: i64,
    near: Option<Near>,
    /// Its BM25 score over the best one's.
    keywords: f32,
    /// Its document's keyword score over the best one's.
    document_keywords: f32,
}

impl Candidate {
    /// What can be said before the text is read.
    fn promise(&self) -> f32 {
        let meaning = self.near.map_or(0.0, |near| near.meaning());
        meaning + 0.25 * self.keywords + 0.1 * self.document_keywords
    }
}

/// Puts together what the two searches found, the most promising first.
pub(super) fn candidates(by_keywords: &[KeywordHit], by_meaning: &[Near]) -> Vec<Candidate> {
    let documents = document_scores(by_keywords);
    let best_document = documents.values().copied().fold(f32::MIN_POSITIVE, f32::max);
    let best_chunk = by_keywords.iter().map(|hit| hit.score).fold(f32::MIN_POSITIVE, f32::max);
    let document_keywords = |id: &Uuid| documents.get(id).copied().unwrap_or(0.0) / best_document;
    let mut found: HashMap<i64, Candidate> = HashMap::with_capacity(by_keywords.len() + by_meaning.len());
    for near in by_meaning {
        let document_keywords = document_keywords(&near.document_id);
        let candidate = Candidate { number: near.number, near: Some(*near), keywords: 0.0, document_keywords };
        found.insert(near.number, candidate);
    }
    for hit in by_keywords {
        let document_keywords = document_keywords(&hit.document_id);
        let new = Candidate { number: hit.number, near: None, keywords: 0.0, document_keywords };
        found.entry(hit.number).or_insert(new).keywords = hit.score / best_chunk;
    }
    let mut candidates: Vec<Candidate> = found.into_values().collect();
    candidates.sort_by(|a, b| b.promise().total_cmp(&a.promise()).then(a.number.cmp(&b.number)));
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

/// Orders the candidates whose passages were read, best first, and leaves out those with (almost) the same words as a
/// better one: the same text in two documents is one answer, not two.
pub(super) fn rank(
    question: &Question,
    vector: Option<&[f32]>,
    candidates: &[Candidate],
    passages: Vec<Passage>,
) -> Vec<SearchHit> {
    let found: HashMap<i64, &Candidate> = candidates.iter().map(|candidate| (candidate.number, candidate)).collect();
    let stems = question.stems();
    let hit = |passage: Passage| {
        let candidate = found.get(&passage.number)?;
        let units = vector.map(|vector| unit_vectors::similarities(&passage.unit_vectors, vector)).unwrap_or_default();
        let coverage = question.coverage(&has(&passage, &stems));
        let cosine = candidate.near.map_or(0.0, |near| near.cosine);
        let score = score(candidate, &units, coverage, vector.is_some());
        Some(SearchHit { passage, cosine, units, coverage, score })
    };
    let mut hits: Vec<SearchHit> = passages.into_iter().filter_map(hit).collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.number.cmp(&b.passage.number)));
    without_near_duplicates(hits)
}

fn score(candidate: &Candidate, units: &[UnitSimilarity], coverage: f32, by_meaning: bool) -> f32 {
    let keywords = COVERED * coverage + DOCUMENT_KEYWORDS * candidate.document_keywords;
    if !by_meaning {
        let highest = COVERED + DOCUMENT_KEYWORDS + KEYWORDS_ALONE;
        return ((keywords + KEYWORDS_ALONE * candidate.keywords) / highest).clamp(0.0, 1.0);
    }
    let best_unit = units.iter().map(|unit| unit.around).fold(0.0, f32::max);
    let meaning = candidate.near.map_or(0.0, |near| BLENDED * near.blended + DOCUMENT * near.document);
    ((meaning + BEST_UNIT * best_unit + keywords) / HIGHEST).clamp(0.0, 1.0)
}

/// Which of the stems a passage has in its title, its headings or its text.
fn has(passage: &Passage, stems: &[String]) -> Vec<bool> {
    let mut has = occurring(&passage.text, stems);
    for part in [&passage.title, &passage.heading_path] {
        has.iter_mut().zip(occurring(part, stems)).for_each(|(has, also)| *has |= also);
    }
    has
}

fn without_near_duplicates(hits: Vec<SearchHit>) -> Vec<SearchHit> {
    let mut kept: Vec<(HashSet<u64>, SearchHit)> = Vec::with_capacity(hits.len());
    for hit in hits {
        let words = shingles(&hit.passage.text);
        let repeats = kept.iter().any(|(other, _)| {
            // Sets of very different sizes cannot be alike, and most are.
            let (fewer, more) = (words.len().min(other.len()), words.len().max(other.len()));
            fewer * 10 >= more * 9 && {
                let common = words.intersection(other).count();
                common * 10 >= (words.len() + other.len() - common) * 9
            }
        });
        if !repeats {
            kept.push((words, hit));
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
    fn agreement_of_both_searches_promises_most() {
        let fused = candidates(&[keyword(1, 1, 9.0), keyword(2, 2, 8.0)], &[near(3, 3, 0.6), near(2, 2, 0.58)]);
        assert_eq!(order(&fused)[0], 2);
    }

    #[test]
    fn a_document_with_several_matching_chunks_beats_one_with_a_single_one() {
        let by_keywords = [keyword(1, 1, 5.0), keyword(2, 2, 5.0), keyword(3, 2, 4.9)];
        assert_eq!(order(&candidates(&by_keywords, &[]))[0], 2);
    }

    #[test]
    fn the_sentence_that_answers_lifts_its_passage() {
        let [candidate] = candidates(&[], &[near(1, 1, 0.5)])[..] else { panic!("one") };
        let unit = |around| [UnitSimilarity { alone: around, around }];
        assert!(score(&candidate, &unit(0.9), 0.5, true) > score(&candidate, &unit(0.4), 0.5, true));
        assert!(score(&candidate, &unit(1.0), 1.0, true) <= 1.0);
    }
}
