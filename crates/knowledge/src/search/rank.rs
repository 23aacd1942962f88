//! Fusing what the searches found into one order.
//!
//! The measure is a weighted sum of five signs, fitted by listwise logistic regression over documents on
//! `examples/questions/postgresql.tsv` and checked on the held-out set beside it. Fusing by reciprocal ranks was
//! measured on the same candidates and finds the right document first less often, because it forgets how much better
//! the first is than the second; see docs/decisions/0011-ranking-by-a-weighted-sum.md.

use std::collections::HashMap;

use store::passages::Passage;
use store::search::Near;
use store::search::{KeywordHit, occurring};
use uuid::Uuid;

use super::{ByKeywords, Question, SearchHit};
use crate::unit_vectors::{self, UnitSimilarity};

/// Some sentence in it, with the ones beside it, means what is asked.
const BEST_AROUND: f32 = 10.4;
/// Some sentence in it alone means what is asked.
const BEST_ALONE: f32 = 4.6;
/// It has the words of the question, in its text, headings or title.
const COVERED: f32 = 6.6;
/// Its document means what is asked.
const DOCUMENT: f32 = 8.2;
/// Its document has the words of the question.
const DOCUMENT_KEYWORDS: f32 = 3.6;
/// The sum of the weights, which maps scores to 0 to 1.
const HIGHEST: f32 = BEST_AROUND + BEST_ALONE + COVERED + DOCUMENT + DOCUMENT_KEYWORDS;

/// The same for when there is no model and words alone must tell.
const WITHOUT_MODEL: WithoutModel = WithoutModel { covered: 0.8, document_keywords: 7.0, chunk_keywords: 4.6 };

struct WithoutModel {
    covered: f32,
    document_keywords: f32,
    chunk_keywords: f32,
}

impl WithoutModel {
    fn score(&self, candidate: &Candidate, coverage: f32) -> f32 {
        let sum = self.covered * coverage
            + self.document_keywords * candidate.document_keywords
            + self.chunk_keywords * candidate.keywords;
        (sum / (self.covered + self.document_keywords + self.chunk_keywords)).clamp(0.0, 1.0)
    }
}

/// A passage whose vectors are still to be computed is judged by its words. One that has all of them then stands with
/// the best of those whose meaning is known, which seldom reach this.
const WAITING: f32 = 0.7;

/// Before a text is read its sentences are unknown; its chunk, with the ones beside it, stands in for them.
const UNREAD_MEANING: f32 = 15.0;
/// And its chunk's keyword score for the words that it covers.
const UNREAD_KEYWORDS: f32 = 3.0;
/// A chunk that waits for its vectors, and has the words as well as any, is read like one that is rather near in meaning.
const UNREAD_WAITING: f32 = 10.0;
/// Passages that are read.
const READ: usize = 24;
/// Passages that are read of one document, so that it does not crowd out the others.
const READ_OF_ONE: usize = 4;

/// A chunk that one of the searches found, before its text is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) number: i64,
    document_id: Uuid,
    near: Option<Near>,
    /// Its keyword score, from 0 to 1.
    keywords: f32,
    /// Its document's keyword score over the best one's.
    document_keywords: f32,
}

impl Candidate {
    /// What can be said before the text is read.
    fn promise(&self, by_meaning: bool) -> f32 {
        let waiting = if by_meaning { UNREAD_WAITING * self.keywords } else { 0.0 };
        let meaning = self.near.map_or(waiting, |near| UNREAD_MEANING * near.blended + DOCUMENT * near.document);
        meaning + UNREAD_KEYWORDS * self.keywords + DOCUMENT_KEYWORDS * self.document_keywords
    }
}

/// Puts together what the searches found, and keeps what is worth reading: the most promising first.
pub(super) fn candidates(by_keywords: &ByKeywords, by_meaning: &[Near]) -> Vec<Candidate> {
    let mut documents = by_keywords.documents.clone();
    relate(&mut documents, None);
    let documents: HashMap<Uuid, f32> = documents.iter().map(|hit| (hit.document_id, hit.score)).collect();
    let new = |number: i64, document_id: Uuid, near: Option<Near>| Candidate {
        number,
        document_id,
        near,
        keywords: 0.0,
        document_keywords: documents.get(&document_id).copied().unwrap_or(0.0),
    };
    let near = by_meaning.iter().map(|near| (near.number, new(near.number, near.document_id, Some(*near))));
    let mut found: HashMap<i64, Candidate> = near.collect();
    for hit in &by_keywords.chunks {
        found.entry(hit.number).or_insert_with(|| new(hit.number, hit.document_id, None)).keywords = hit.score;
    }
    let mut candidates: Vec<Candidate> = found.into_values().collect();
    let promise = |candidate: &Candidate| candidate.promise(!by_meaning.is_empty());
    candidates.sort_by(|a, b| promise(b).total_cmp(&promise(a)).then(a.number.cmp(&b.number)));
    let mut of_document: HashMap<Uuid, usize> = HashMap::new();
    candidates.retain(|candidate| {
        let read = of_document.entry(candidate.document_id).or_default();
        *read += 1;
        *read <= READ_OF_ONE
    });
    candidates.truncate(READ);
    candidates
}

/// Divides scores by the highest that there could be, or the best one's where none is known.
pub(super) fn relate(hits: &mut [KeywordHit], highest: Option<f32>) {
    let best = || hits.iter().map(|hit| hit.score).fold(0.0, f32::max);
    let highest = highest.unwrap_or_else(best).max(f32::MIN_POSITIVE);
    for hit in hits {
        hit.score /= highest;
    }
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
    let Some(near) = candidate.near else {
        let by_words = WITHOUT_MODEL.score(candidate, coverage);
        return if by_meaning { WAITING * by_words } else { by_words };
    };
    let best = |similarity: fn(&UnitSimilarity) -> f32| units.iter().map(similarity).fold(0.0, f32::max);
    let sum = BEST_AROUND * best(|unit| unit.around)
        + BEST_ALONE * best(|unit| unit.alone)
        + COVERED * coverage
        + DOCUMENT * near.document
        + DOCUMENT_KEYWORDS * candidate.document_keywords;
    (sum / HIGHEST).clamp(0.0, 1.0)
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
    let mut kept: Vec<(Vec<u64>, SearchHit)> = Vec::with_capacity(hits.len());
    for hit in hits {
        let words = shingles(&hit.passage.text);
        let repeats = kept.iter().any(|(other, _)| {
            // Texts of very different lengths cannot be alike, and most are.
            let (fewer, more) = (words.len().min(other.len()), words.len().max(other.len()));
            fewer * 10 >= more * 9 && {
                let common = common(&words, other);
                common * 10 >= (words.len() + other.len() - common) * 9
            }
        });
        if !repeats {
            kept.push((words, hit));
        }
    }
    kept.into_iter().map(|(_, hit)| hit).collect()
}

/// The hashes of every three words in a row, sorted, each once.
fn shingles(text: &str) -> Vec<u64> {
    // FNV-1a; with 64 bits, equal hashes of different words do not matter here.
    let hashed = |word: &str| word.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| mixed(hash, u64::from(byte)));
    let words: Vec<u64> = text.split_whitespace().map(hashed).collect();
    let mut shingles: Vec<u64> =
        words.windows(3.min(words.len().max(1))).map(|three| three.iter().copied().fold(0, mixed)).collect();
    shingles.sort_unstable();
    shingles.dedup();
    shingles
}

fn mixed(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0100_0000_01B3)
}

/// How many elements two sorted lists have in common.
fn common(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut common = 0;
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        match left.cmp(right) {
            std::cmp::Ordering::Less => drop(a.next()),
            std::cmp::Ordering::Greater => drop(b.next()),
            std::cmp::Ordering::Equal => {
                common += 1;
                a.next();
                b.next();
            }
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(number: i64, document: u128, cosine: f32) -> Near {
        Near { number, document_id: Uuid::from_u128(document), cosine, blended: cosine, document: cosine }
    }

    fn keyword(number: i64, document: u128, score: f32) -> KeywordHit {
        KeywordHit { number, document_id: Uuid::from_u128(document), score, waiting: false }
    }

    fn order(candidates: &[Candidate]) -> Vec<i64> {
        candidates.iter().map(|candidate| candidate.number).collect()
    }

    fn keywords(chunks: &[KeywordHit], documents: &[KeywordHit]) -> ByKeywords {
        ByKeywords { chunks: chunks.to_vec(), documents: documents.to_vec() }
    }

    #[test]
    fn agreement_of_both_searches_promises_most() {
        let by_keywords = keywords(&[keyword(1, 1, 1.0), keyword(2, 2, 0.9)], &[]);
        let fused = candidates(&by_keywords, &[near(3, 3, 0.6), near(2, 2, 0.58)]);
        assert_eq!(order(&fused)[0], 2);
    }

    #[test]
    fn the_document_that_has_more_of_the_words_comes_first() {
        let chunks = [keyword(1, 1, 0.5), keyword(2, 2, 0.5)];
        assert_eq!(order(&candidates(&keywords(&chunks, &[keyword(2, 2, 3.0), keyword(1, 1, 1.0)]), &[]))[0], 2);
    }

    #[test]
    fn a_document_that_matches_everywhere_leaves_room_for_others() {
        let mut by_meaning: Vec<Near> = (1..=100).map(|number| near(number, 1, 0.9)).collect();
        by_meaning.push(near(200, 2, 0.1));
        assert_eq!(order(&candidates(&keywords(&[], &[]), &by_meaning)), [1, 2, 3, 4, 200]);
    }

    #[test]
    fn the_sentence_that_answers_lifts_its_passage() {
        let [candidate] = candidates(&keywords(&[], &[]), &[near(1, 1, 0.5)])[..] else { panic!("one") };
        let unit = |around| [UnitSimilarity { alone: around, around }];
        assert!(score(&candidate, &unit(0.9), 0.5, true) > score(&candidate, &unit(0.4), 0.5, true));
        assert!(score(&candidate, &unit(1.0), 1.0, true) <= 1.0);
    }

    #[test]
    fn a_passage_that_waits_for_its_vectors_is_found_by_its_words() {
        let waiting = keywords(&[keyword(1, 1, 1.0)], &[keyword(1, 1, 9.0)]);
        let candidates = candidates(&waiting, &[near(2, 2, 0.3)]);
        let score_of = |number: i64, coverage| {
            let candidate = candidates.iter().find(|candidate| candidate.number == number).unwrap();
            score(candidate, &[UnitSimilarity { alone: 0.3, around: 0.3 }], coverage, true)
        };
        assert!(score_of(1, 1.0) > score_of(2, 0.5));
    }

    #[test]
    fn texts_that_differ_in_a_word_are_near_duplicates_and_others_are_not() {
        let alike = |a: &str, b: &str| {
            let (a, b) = (shingles(a), shingles(b));
            common(&a, &b) as f32 / (a.len() + b.len() - common(&a, &b)) as f32
        };
        let long = (0..100).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
        assert!(alike(&long, &long.replace("word99", "other")) > 0.9);
        assert!(alike(&long, &long.replace('w', "v")) < 0.01);
        assert!((alike("two words", "two words") - 1.0).abs() < f32::EPSILON && shingles("").is_empty());
    }
}
