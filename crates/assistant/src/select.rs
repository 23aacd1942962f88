//! Selecting the sentences that answer: the extractive answerer.

use knowledge::search::{Found, Question, SearchHit};
use knowledge::units::{self, Unit, UnitKind};
use store::chunks::Passage;
use store::search::terms;

/// Passages that sentences are taken from.
const PASSAGES: usize = 4;
/// The longest answer to one part, in words.
const MAX_WORDS: usize = 110;
/// The most sentences in an answer to one part.
const MAX_QUOTES: usize = 5;

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
    /// How well it matches, 0 to 1.
    pub(crate) score: f32,
}

impl Quote {
    pub(crate) fn is_sentence(&self) -> bool {
        self.kind == UnitKind::Sentence
    }
}

/// Selects the quotes that answer the question that was searched for.
pub(crate) fn select(found: &Found) -> Selection {
    if !is_answerable(found) {
        return Selection { grounded: false, quotes: Vec::new() };
    }
    let mut candidates: Vec<Quote> = Vec::new();
    for (rank, hit) in found.hits.iter().take(PASSAGES).enumerate() {
        candidates.extend(quotes(&found.question, hit, rank));
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut words = 0;
    let mut chosen: Vec<Quote> = Vec::new();
    for quote in candidates {
        let length = quote.text.split_whitespace().count();
        if chosen.len() >= MAX_QUOTES || (words + length > MAX_WORDS && !chosen.is_empty()) {
            break;
        }
        words += length;
        chosen.push(quote);
    }
    let order = |quote: &Quote| {
        let rank = found.hits.iter().position(|hit| hit.passage.document_id == quote.passage.document_id);
        (rank, quote.start)
    };
    chosen.sort_by_key(order);
    Selection { grounded: !chosen.is_empty(), quotes: chosen }
}

/// Whether the best passages say enough of what the question says.
fn is_answerable(found: &Found) -> bool {
    let Some(best) = found.hits.first() else { return false };
    best.evidence.cosine > 0.4 || best.evidence.coverage > 0.7
}

fn quotes(question: &Question, hit: &SearchHit, rank: usize) -> Vec<Quote> {
    let passage = &hit.passage;
    let units = units::decode(&passage.units, passage.start).unwrap_or_default();
    let quote = |(place, unit): (usize, Unit)| {
        let text = passage.text.get(unit.start - passage.start..unit.end - passage.start)?.to_owned();
        let score = covered(question, &text) + 0.5 * hit.score - 0.1 * rank as f32 - 0.01 * place as f32;
        Some(Quote { passage: passage.clone(), kind: unit.kind, start: unit.start, end: unit.end, text, score })
    };
    units.into_iter().enumerate().filter_map(quote).collect()
}

fn covered(question: &Question, text: &str) -> f32 {
    let present = terms(text);
    let weight: f32 = question.terms.iter().filter(|term| present.contains(&term.stem)).map(|term| term.weight).sum();
    weight / question.weight().max(f32::MIN_POSITIVE)
}
