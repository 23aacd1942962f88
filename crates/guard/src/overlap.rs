//! How much of their content two questions share, and what stands in one of them only.

use crate::content::Item;
use crate::lexicon::{Weight, lexicon};
use crate::signature::Signature;

/// What words count that a question can often do without.
const FILLER: f32 = 0.1;
const LIGHT: f32 = 0.5;
/// What a word counts that has a near one in the other question.
const NEAR: f32 = 0.3;

/// The content of two questions that is not the same in both.
#[derive(Debug)]
pub(crate) struct Rest {
    /// Words in one question only, in the order of the question.
    ours: Vec<Left>,
    theirs: Vec<Left>,
}

/// A word without a counterpart.
#[derive(Debug)]
struct Left {
    key: String,
    weight: Weight,
    /// What it counts among what is not shared.
    missing: f32,
    /// Whether a near word stands in the other question.
    near: bool,
}

impl Rest {
    /// Compares the content of two questions.
    pub(crate) fn of(a: &Signature, b: &Signature) -> Self {
        let mut rest = Self { ours: unmatched(a, b), theirs: unmatched(b, a) };
        rest.join_compounds();
        rest.pair_near();
        rest.lighten_implied(a, b);
        rest
    }

    /// "Anti matter" is "antimatter": two neighbours here are one word there.
    fn join_compounds(&mut self) {
        join(&mut self.ours, &mut self.theirs);
        join(&mut self.theirs, &mut self.ours);
    }

    /// Pairs the words that have nearly one meaning, each once, the first with the first. The pairs are the same whichever
    /// question comes first: they are the one stable matching of words that all prefer the earlier word.
    fn pair_near(&mut self) {
        let lexicon = lexicon();
        for ours in &mut self.ours {
            let near = |theirs: &&mut Left| !theirs.near && lexicon.is_near(&ours.key, &theirs.key);
            if let Some(theirs) = self.theirs.iter_mut().find(near) {
                for word in [ours, theirs] {
                    word.near = true;
                    word.missing = word.missing.min(NEAR);
                }
            }
        }
    }

    /// "The best movies to watch" are the best movies.
    fn lighten_implied(&mut self, a: &Signature, b: &Signature) {
        let beside = |key: &str, signature: &Signature| signature.structure.items.iter().any(|item| item.key == key);
        for word in self.ours.iter_mut().chain(&mut self.theirs).filter(|word| word.weight == Weight::Full) {
            if lexicon().implied_by(&word.key).iter().any(|key| beside(key, a) && beside(key, b)) {
                word.weight = Weight::Light;
                word.missing = word.missing.min(LIGHT);
            }
        }
    }

    /// Of both questions.
    fn lefts(&self) -> impl Iterator<Item = &Left> {
        self.ours.iter().chain(&self.theirs)
    }

    /// Whether each has a word that the other has not, and no mere filler.
    pub(crate) fn is_exchange(&self) -> bool {
        let says_more = |lefts: &[Left]| lefts.iter().any(|left| left.weight != Weight::Filler && !left.near);
        says_more(&self.ours) && says_more(&self.theirs)
    }

    /// How many content words of weight stand in one of the questions only.
    pub(crate) fn additions(&self) -> usize {
        self.lefts().filter(|left| left.weight == Weight::Full && !left.near).count()
    }

    /// The share of the content that is the same.
    pub(crate) fn overlap(&self, a: &Signature, b: &Signature) -> f32 {
        let all = weight(&a.structure.items) + weight(&b.structure.items);
        if all == 0.0 {
            return 1.0;
        }
        let missing: f32 = self.lefts().map(|left| left.missing).sum();
        (1.0 - missing / all).clamp(0.0, 1.0)
    }
}

/// Takes two neighbours that are one word of `wholes` away, and that word.
fn join(parts: &mut Vec<Left>, wholes: &mut Vec<Left>) {
    let joined = |pair: &[Left]| match pair {
        [first, second] => lexicon().look_up(&format!("{}{}", first.key, second.key)).key,
        _ => String::new(),
    };
    let found = parts.windows(2).enumerate().find_map(|(at, pair)| {
        let key = joined(pair);
        wholes.iter().position(|whole| whole.key == key).map(|whole| (at, whole))
    });
    if let Some((at, whole)) = found {
        parts.drain(at..at + 2).for_each(drop);
        wholes.remove(whole);
    }
}

/// The share of the content that two questions have in common, from 0 to 1: the Dice coefficient of their content words,
/// in which words such as "good" and "way" count a tenth. Two questions without content share all of it.
#[must_use]
pub fn content_overlap(a: &Signature, b: &Signature) -> f32 {
    Rest::of(a, b).overlap(a, b)
}

/// How many content words of weight stand in one of the questions only, without a near word in the other.
#[must_use]
pub fn additions(a: &Signature, b: &Signature) -> usize {
    Rest::of(a, b).additions()
}

/// The content words of `a` that `b` has not, or has less often.
fn unmatched(a: &Signature, b: &Signature) -> Vec<Left> {
    let (of_a, of_b) = (&a.structure.items, &b.structure.items);
    of_a.iter()
        .enumerate()
        .filter(|(at, item)| {
            let same = |other: &&Item| other.key == item.key;
            let before = of_a.iter().take(*at).filter(same).count();
            // Filler is often said twice.
            let repeated = before > 0 && item.weight != Weight::Full;
            !repeated && of_b.iter().filter(same).count() <= before
        })
        .map(|(_, item)| Left { key: item.key.clone(), weight: item.weight, missing: weight_of(item), near: false })
        .collect()
}

fn weight(items: &[Item]) -> f32 {
    items.iter().map(weight_of).sum()
}

fn weight_of(item: &Item) -> f32 {
    match item.weight {
        Weight::Filler => FILLER,
        Weight::Light => LIGHT,
        Weight::Full => 1.0,
    }
}
