//! Selecting the sentences that answer: the extractive answerer.
//!
//! Every sentence, list item, table row and piece of code of the best passages is scored by how much of the question
//! it says, how much its neighbours say, and how well its passage matches. The best are taken until the answer is
//! long enough, and put into reading order.

use std::collections::HashSet;

use knowledge::search::{Found, Question, SearchHit};
use knowledge::units::{self, Unit, UnitKind};
use store::chunks::Passage;
use store::search::terms;

use crate::answerable::is_answerable;

/// Passages that sentences are taken from.
const PASSAGES: usize = 5;
/// The longest answer to one part, in words; the first quote may be longer.
const MAX_WORDS: usize = 160;
/// The most quotes in an answer to one part.
const MAX_QUOTES: usize = 8;
/// Shorter pieces say nothing by themselves.
const MIN_WORDS: usize = 3;
/// How much the better of a sentence's neighbours counts: an answer stands beside the words of the question.
const NEIGHBOUR: f32 = 0.5;
/// How much a passage that matches less well costs.
const PASSAGE: f32 = 8.75;

/// What answers a question, or why nothing does.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// Whether the documents answer.
    pub(crate) grounded: bool,
    /// The quotes, in reading order.
    pub(crate) quotes: Vec<Quote>,
}

/// A piece of a document that answers.
#[derive(Clone, Debug)]
pub(crate) struct Quote {
    /// The passage that it is from.
    pub(crate) passage: Passage,
    /// Sentence, item, row or code.
    pub(crate) kind: UnitKind,
    /// Byte offset of its start in the document's extracted text.
    pub(crate) start: usize,
    /// Byte offset of its end.
    pub(crate) end: usize,
    /// Its text.
    pub(crate) text: String,
    /// How well its passage matches, 0 to 1.
    pub(crate) score: f32,
}

impl Quote {
    pub(crate) fn is_sentence(&self) -> bool {
        self.kind == UnitKind::Sentence
    }
}

/// A quote that may be taken.
struct Candidate {
    quote: Quote,
    /// The place of its passage in the order of the search.
    rank: usize,
    value: f32,
}

/// Selects the quotes that answer the question that was searched for.
pub(crate) fn select(found: &Found) -> Selection {
    if !is_answerable(found) {
        return Selection { grounded: false, quotes: Vec::new() };
    }
    let best = found.hits.first().map_or(0.0, |hit| hit.score);
    let mut candidates: Vec<Candidate> = Vec::new();
    for (rank, hit) in found.hits.iter().take(PASSAGES).enumerate() {
        candidates.extend(candidates_of(&found.question, hit, rank, best));
    }
    candidates.sort_by(|a, b| b.value.total_cmp(&a.value).then((a.rank, a.quote.start).cmp(&(b.rank, b.quote.start))));
    let mut taken = take(candidates);
    taken.sort_by_key(|candidate| (candidate.rank, candidate.quote.start));
    Selection { grounded: !taken.is_empty(), quotes: taken.into_iter().map(|candidate| candidate.quote).collect() }
}

/// Takes the best candidates that fit; the same text is taken once.
fn take(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut words = 0;
    let mut texts: HashSet<String> = HashSet::new();
    let mut taken: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let length = candidate.quote.text.split_whitespace().count();
        let fits = taken.is_empty() || words + length <= MAX_WORDS;
        if fits && texts.insert(candidate.quote.text.clone()) {
            words += length;
            taken.push(candidate);
        }
        if taken.len() == MAX_QUOTES {
            break;
        }
    }
    taken
}

fn candidates_of(question: &Question, hit: &SearchHit, rank: usize, best: f32) -> Vec<Candidate> {
    let passage = &hit.passage;
    let quotes: Vec<Quote> = units::decode(&passage.units, passage.start)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|unit| quote(hit, unit))
        .collect();
    let covered: Vec<f32> = quotes.iter().map(|quote| covered(question, &quote.text)).collect();
    let beside = |place: Option<usize>| place.and_then(|place| covered.get(place)).copied().unwrap_or(0.0);
    let value = |place: usize| {
        let neighbour = beside(place.checked_sub(1)).max(beside(place.checked_add(1)));
        beside(Some(place)) + NEIGHBOUR * neighbour - PASSAGE * (best - hit.score)
    };
    quotes
        .into_iter()
        .enumerate()
        .filter(|(_, quote)| quote.text.split_whitespace().count() >= MIN_WORDS)
        .map(|(place, quote)| Candidate { value: value(place), quote, rank })
        .collect()
}

fn quote(hit: &SearchHit, unit: Unit) -> Option<Quote> {
    let passage = &hit.passage;
    let local = |offset: usize| offset.checked_sub(passage.start);
    let text = passage.text.get(local(unit.start)?..local(unit.end)?)?.to_owned();
    let (kind, start, end) = (unit.kind, unit.start, unit.end);
    Some(Quote { passage: passage.clone(), kind, start, end, text, score: hit.score })
}

/// The share of the question's words, by weight, that a text has.
fn covered(question: &Question, text: &str) -> f32 {
    let present = terms(text);
    let weight: f32 = question.terms.iter().filter(|term| present.contains(&term.stem)).map(|term| term.weight).sum();
    weight / question.weight().max(f32::MIN_POSITIVE)
}
