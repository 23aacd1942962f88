//! Whether the documents answer a question at all.
//!
//! A logistic rule over three signs, fitted on `examples/questions/postgresql.tsv` and checked on the held-out set
//! and on the handbook's questions: how well the best passage matches, how much of what the question says the best
//! passages say too, and how much of it no document says anywhere.

use std::collections::HashSet;

use knowledge::search::Found;
use store::search::terms;

/// Passages whose words count together.
const PASSAGES: usize = 3;
/// The score of the best passage weighs this much for each hundredth.
const SCORE: f32 = 12.6;
/// The covered share of the question's words.
const COVERED: f32 = 3.1;
/// The share that no document has.
const UNKNOWN: f32 = -5.8;
/// What the sum must reach.
const REQUIRED: f32 = 7.2;
/// Without a model only words can tell: this share of them must be covered.
const COVERED_BY_KEYWORDS: f32 = 0.65;

/// Whether an answer is worth giving.
pub(crate) fn is_answerable(found: &Found) -> bool {
    let Some(best) = found.hits.first() else { return false };
    let said: HashSet<String> = found.hits.iter().take(PASSAGES).flat_map(|hit| {
        let passage = &hit.passage;
        [&passage.title, &passage.heading_path, &passage.text].map(|text| terms(text)).into_iter().flatten()
    }).collect();
    let whole = found.question.weight().max(f32::MIN_POSITIVE);
    let share = |holds: &dyn Fn(&knowledge::search::Term) -> bool| {
        found.question.terms.iter().filter(|term| holds(term)).map(|term| term.weight).sum::<f32>() / whole
    };
    let covered = share(&|term| said.contains(&term.stem));
    if !found.by_meaning {
        return covered >= COVERED_BY_KEYWORDS;
    }
    let unknown = share(&|term| term.frequency == 0);
    SCORE * best.score + COVERED * covered + UNKNOWN * unknown >= REQUIRED
}
