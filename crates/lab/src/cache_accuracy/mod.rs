//! How often a cache that takes like questions for the same answers wrongly, and how often it answers at all.
//!
//! The threshold is chosen on one half of the labelled pairs and reported on the other.

mod interval;
mod pairs;
mod report;
mod sweep;

use std::collections::{HashMap, HashSet};

pub use interval::upper_bound;
pub use pairs::{
    Contradiction, Key, Labelled, Pair, read_contradictions, read_corrections, read_labelled, read_paraphrases,
};
pub use report::Report;
pub use sweep::{Counts, Judgement, lowest_safe, thresholds};

/// The questions of a run.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// Pairs that people have labelled.
    pub labelled: Vec<Labelled>,
    /// Labels that are wrong, with the right ones.
    pub corrections: HashMap<Key, bool>,
    /// Pairs that must not be hit.
    pub contradictions: Vec<Contradiction>,
    /// Pairs that should be hit.
    pub paraphrases: Vec<Pair>,
}

impl Questions {
    /// Every question, each once.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let labelled = self.labelled.iter().map(|labelled| &labelled.pair);
        let contradictions = self.contradictions.iter().map(|contradiction| &contradiction.pair);
        let pairs = labelled.chain(contradictions).chain(&self.paraphrases);
        let mut seen = HashSet::new();
        pairs.flat_map(|pair| [&pair.a, &pair.b]).filter(|text| seen.insert(text.as_str())).cloned().collect()
    }
}

/// A labelled pair with its judgement.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The questions.
    pub pair: Pair,
    /// The label as it was given.
    pub labelled: bool,
    /// The label after corrections.
    pub same: bool,
    /// How it was judged.
    pub judgement: Judgement,
}

/// Judges every pair and measures. `threshold` sets the threshold; without one, it is the lowest of the calibration half
/// whose 95 % upper bound of the false-hit rate is at most `max_false_hit_rate`.
pub fn run<E>(
    questions: &Questions,
    threshold: Option<f32>,
    max_false_hit_rate: f64,
    judge: impl Fn(&Pair) -> Result<Judgement, E>,
) -> Result<Report, E> {
    let (mut calibration, mut reporting) = (Vec::new(), Vec::new());
    for Labelled { pair, same } in &questions.labelled {
        let key = pair.key();
        let corrected = questions.corrections.get(&key).copied().unwrap_or(*same);
        let looked = Looked { judgement: judge(pair)?, pair: pair.clone(), labelled: *same, same: corrected };
        if key.is_for_calibration() { &mut calibration } else { &mut reporting }.push(looked);
    }
    let judged: Vec<(Judgement, bool)> = calibration.iter().map(|looked| (looked.judgement, looked.same)).collect();
    let safe = lowest_safe(&judged, max_false_hit_rate);
    let contradictions = questions.contradictions.iter();
    let paraphrases = questions.paraphrases.iter();
    Ok(Report {
        max_false_hit_rate,
        safe,
        threshold: threshold.or(safe),
        corrected: !questions.corrections.is_empty(),
        calibration,
        reporting,
        contradictions: contradictions.map(|one| Ok((one.clone(), judge(&one.pair)?))).collect::<Result<_, E>>()?,
        paraphrases: paraphrases.map(|pair| Ok((pair.clone(), judge(pair)?))).collect::<Result<_, E>>()?,
    })
}
