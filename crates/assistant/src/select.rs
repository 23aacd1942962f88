//! Selecting the sentences that answer: the extractive answerer.
//!
//! Every sentence, list item, table row and piece of code of the best passages is scored by how near its meaning is to
//! the question, compared with its passage, by how many of the question's words it has, and by how well its passage
//! matches. The best are taken until the answer is long enough, and put into reading order. The weights were fitted on
//! `examples/questions/postgresql.tsv` and checked on the held-out set beside it.

use std::collections::HashSet;

use knowledge::UnitSimilarity;
use knowledge::search::{Found, Question, SearchHit};
use knowledge::units::{self, Unit, UnitKind};
use store::passages::Passage;
use store::search::occurring;

use crate::answerable::is_answerable;

/// Passages that sentences are taken from.
const PASSAGES: usize = 10;
/// The longest answer to one part, in words; the first quote may be longer.
const MAX_WORDS: usize = 150;
/// The most quotes in an answer to one part.
const MAX_QUOTES: usize = 8;
/// A quote whose value is further below the best one's is beside the point.
const CLOSE: f32 = 6.0;
/// Shorter pieces say nothing by themselves, unless they are code.
const MIN_WORDS: usize = 3;

/// The unit means what is asked.
const ALONE: f32 = 1.1;
/// The unit with its neighbours does.
const AROUND: f32 = 11.5;
/// Its passage does: what counts is how much nearer the unit is.
const PASSAGE: f32 = -10.1;
/// Its passage matches less well than the best one; scores are 0 to 1.
const BEHIND_BEST: f32 = 22.0;
/// It has the words of the question, or stands under a title or heading that has them.
const COVERED: f32 = 3.0;
/// The better of its neighbours has them.
const NEIGHBOUR_COVERED: f32 = 0.44;
/// It has a number, and the question asks for one.
const NUMBER: f32 = 1.9;

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
    let quotes = in_reading_order(take(candidates));
    Selection { grounded: !quotes.is_empty(), quotes }
}

/// Takes the best candidates that fit; the same text is taken once.
fn take(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let best = candidates.first().map_or(0.0, |candidate| candidate.value);
    let mut words = 0;
    let mut texts: HashSet<String> = HashSet::new();
    let mut taken: Vec<Candidate> = Vec::new();
    for candidate in candidates.into_iter().take_while(|candidate| candidate.value >= best - CLOSE) {
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

/// The passage with the best quote comes first; within a passage, quotes stand as they stand there.
fn in_reading_order(taken: Vec<Candidate>) -> Vec<Quote> {
    // `taken` is ordered by value, so each passage's first appearance is that of its best quote.
    let mut passages: Vec<usize> = Vec::new();
    for candidate in &taken {
        if !passages.contains(&candidate.rank) {
            passages.push(candidate.rank);
        }
    }
    let mut quotes: Vec<Candidate> = taken;
    quotes.sort_by_key(|quote| (passages.iter().position(|rank| *rank == quote.rank), quote.quote.start));
    quotes.into_iter().map(|candidate| candidate.quote).collect()
}

fn candidates_of(question: &Question, hit: &SearchHit, rank: usize, best: f32) -> Vec<Candidate> {
    let passage = &hit.passage;
    let stems = question.stems();
    let above = occurring(&format!("{} {}", passage.title, passage.heading_path), &stems);
    let units = units::decode(&passage.units, passage.start).unwrap_or_default();
    let quotes: Vec<Quote> = units.into_iter().filter_map(|unit| quote(hit, unit)).collect();
    let has: Vec<Vec<bool>> = quotes.iter().map(|quote| occurring(&quote.text, &stems)).collect();
    let covered: Vec<f32> = has.iter().map(|has| question.coverage(has)).collect();
    let beside = |place: Option<usize>| place.and_then(|place| covered.get(place)).copied().unwrap_or(0.0);
    let wants_number = asks_for_a_number(&question.text);
    let value = |place: usize, quote: &Quote| {
        let meaning = hit.units.get(place).copied().unwrap_or(UnitSimilarity { alone: 0.0, around: 0.0 });
        let with_headings: Vec<bool> =
            has.get(place).into_iter().flatten().zip(&above).map(|(here, above)| *here || *above).collect();
        let number = wants_number && quote.text.contains(|c: char| c.is_ascii_digit());
        ALONE * meaning.alone + AROUND * meaning.around + PASSAGE * hit.cosine + BEHIND_BEST * (hit.score - best)
            + COVERED * question.coverage(&with_headings)
            + NEIGHBOUR_COVERED * beside(place.checked_sub(1)).max(beside(place.checked_add(1)))
            + if number { NUMBER } else { 0.0 }
            // Headings are everybody's in a passage; without meanings, the words in the unit itself must tell.
            + if hit.units.is_empty() { AROUND * beside(Some(place)) } else { 0.0 }
    };
    let values: Vec<f32> = quotes.iter().enumerate().map(|(place, quote)| value(place, quote)).collect();
    let says_something =
        |quote: &Quote| quote.kind == UnitKind::Code || quote.text.split_whitespace().count() >= MIN_WORDS;
    let candidates = quotes.into_iter().zip(values).filter(|(quote, _)| says_something(quote));
    candidates.map(|(quote, value)| Candidate { quote, rank, value }).collect()
}

fn quote(hit: &SearchHit, unit: Unit) -> Option<Quote> {
    let passage = &hit.passage;
    let local = |offset: usize| offset.checked_sub(passage.start);
    let text = passage.text.get(local(unit.start)?..local(unit.end)?)?.to_owned();
    let (kind, start, end) = (unit.kind, unit.start, unit.end);
    Some(Quote { passage: passage.clone(), kind, start, end, text, score: hit.score })
}

/// Questions after an amount, a time or a limit.
fn asks_for_a_number(question: &str) -> bool {
    const SIGNS: &[&str] = &[
        "how many",
        "how much",
        "how long",
        "how often",
        "how big",
        "how large",
        "how old",
        "how far",
        "how high",
        "how fast",
        "how soon",
        "default",
        "maximum",
        "minimum",
        "limit",
        "size",
        "number of",
        "percent",
        "what time",
        "when ",
        "version",
        "port ",
        "cost",
        "price",
    ];
    let question = question.to_lowercase();
    SIGNS.iter().any(|sign| question.contains(sign))
}
