//! Fusing what the two searches found into one order.

use std::collections::HashSet;

use store::chunks::Passage;
use store::search::terms;

use super::{Question, SearchHit};

/// What speaks for a passage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// Its place in the keyword search, from 1.
    pub keyword_rank: Option<usize>,
    /// Its BM25 score, 0 when keywords did not find it.
    pub keyword_score: f32,
    /// Its place in the vector search, from 1.
    pub vector_rank: Option<usize>,
    /// Cosine similarity with the question, 0 when the vector search did not find it.
    pub cosine: f32,
    /// Which part of the question's words, by weight, its text, headings and title have, 0 to 1.
    pub coverage: f32,
    /// The same for its title and headings alone.
    pub heading_coverage: f32,
}

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009).
const RRF_K: f32 = 60.0;

/// Orders candidates, best first.
pub(super) fn rank(question: &Question, candidates: Vec<(Passage, Evidence)>) -> Vec<SearchHit> {
    let mut hits: Vec<SearchHit> = candidates
        .into_iter()
        .map(|(passage, mut evidence)| {
            cover(question, &passage, &mut evidence);
            let score = score(&evidence);
            SearchHit { passage, evidence, score }
        })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.number.cmp(&b.passage.number)));
    without_near_duplicates(hits)
}

fn score(evidence: &Evidence) -> f32 {
    let reciprocal = |rank: Option<usize>| rank.map_or(0.0, |rank| RRF_K / (RRF_K + rank as f32));
    let fused = 0.5 * reciprocal(evidence.keyword_rank) + 0.5 * reciprocal(evidence.vector_rank);
    0.4 * fused + 0.3 * evidence.cosine.max(0.0) + 0.15 * evidence.coverage + 0.15 * evidence.heading_coverage
}

/// Measures which of the question's words the passage has.
fn cover(question: &Question, passage: &Passage, evidence: &mut Evidence) {
    let headings: HashSet<String> = terms(&passage.title).into_iter().chain(terms(&passage.heading_path)).collect();
    let body: HashSet<String> = terms(&passage.text).into_iter().collect();
    let whole = question.weight().max(f32::MIN_POSITIVE);
    let share = |has: &dyn Fn(&str) -> bool| {
        question.terms.iter().filter(|term| has(&term.stem)).map(|term| term.weight).sum::<f32>() / whole
    };
    evidence.heading_coverage = share(&|stem| headings.contains(stem));
    evidence.coverage = share(&|stem| headings.contains(stem) || body.contains(stem));
}

/// Passages with (almost) the same words as a better one are left out: the same text in two documents is one
/// answer, not two.
fn without_near_duplicates(hits: Vec<SearchHit>) -> Vec<SearchHit> {
    let mut kept: Vec<(HashSet<u64>, SearchHit)> = Vec::with_capacity(hits.len());
    for hit in hits {
        let words = shingles(&hit.passage.text);
        let repeats = kept.iter().any(|(other, _)| {
            let common = words.intersection(other).count();
            common * 10 >= words.union(other).count() * 9
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
