//! What a threshold does to a set of judged pairs.

use super::interval::upper_bound;

/// The confidence of the bound of the false-hit rate.
const CONFIDENCE: f64 = 0.95;

/// How a pair was judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// The cosine similarity of the vectors.
    pub similarity: f32,
    /// What is compared with the threshold: the similarity, less what the texts take off; or why no similarity is enough.
    pub score: Result<f32, &'static str>,
}

impl Judgement {
    /// Whether the cache would answer one question with the other's answer.
    #[must_use]
    pub fn is_hit(&self, threshold: f32) -> bool {
        self.score.is_ok_and(|score| score >= threshold)
    }

    /// Whether vectors alone would.
    #[must_use]
    pub fn is_near(&self, threshold: f32) -> bool {
        self.similarity >= threshold
    }
}

/// What came of looking up every pair at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pairs that are the same question.
    pub same: usize,
    /// Pairs that are not.
    pub different: usize,
    /// Hits on pairs that are the same.
    pub right: usize,
    /// Hits on pairs that are not.
    pub wrong: usize,
}

impl Counts {
    /// Counts the hits among pairs, each with whether it is the same question.
    pub fn of<'a>(pairs: impl Iterator<Item = (&'a Judgement, bool)>, hit: impl Fn(&Judgement) -> bool) -> Self {
        let mut counts = Self::default();
        for (judgement, same) in pairs {
            let hit = usize::from(hit(judgement));
            if same {
                counts.same += 1;
                counts.right += hit;
            } else {
                counts.different += 1;
                counts.wrong += hit;
            }
        }
        counts
    }

    /// The share of the hits that are right; `None` without a hit.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.right, self.right + self.wrong)
    }

    /// The share of the same questions that are hit.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.right, self.same)
    }

    /// False hits over **all** pairs looked up that are not the same question.
    #[must_use]
    pub fn false_hit_rate(&self) -> Option<f64> {
        ratio(self.wrong, self.different)
    }

    /// The 95 % upper bound of the false-hit rate.
    #[must_use]
    pub fn false_hit_bound(&self) -> f64 {
        upper_bound(self.wrong, self.different, CONFIDENCE)
    }
}

pub(super) fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The thresholds that are tried, rising by half a hundredth.
pub fn thresholds() -> impl Iterator<Item = f32> {
    (100_u8..=200).map(|step| f32::from(step) / 200.0)
}

/// The lowest threshold at which the bound of the false-hit rate stays within `max_false_hit_rate`.
#[must_use]
pub fn lowest_safe(pairs: &[(Judgement, bool)], max_false_hit_rate: f64) -> Option<f32> {
    thresholds().find(|threshold| {
        let counts = Counts::of(pairs.iter().map(|(judgement, same)| (judgement, *same)), |j| j.is_hit(*threshold));
        counts.false_hit_bound() <= max_false_hit_rate
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(score: f32) -> Judgement {
        Judgement { similarity: score, score: Ok(score) }
    }

    fn refused(similarity: f32) -> Judgement {
        Judgement { similarity, score: Err("numbers") }
    }

    #[test]
    fn rates_have_their_own_denominators() {
        let pairs = [(scored(0.9), true), (scored(0.5), true), (scored(0.9), false), (refused(0.99), false)];
        let counts = Counts::of(pairs.iter().map(|(j, same)| (j, *same)), |j| j.is_hit(0.8));
        assert_eq!(counts, Counts { same: 2, different: 2, right: 1, wrong: 1 });
        assert_eq!((counts.precision(), counts.recall(), counts.false_hit_rate()), (Some(0.5), Some(0.5), Some(0.5)));
    }

    #[test]
    fn vectors_alone_do_not_refuse() {
        assert!(refused(0.99).is_near(0.8) && !refused(0.99).is_hit(0.0));
    }

    #[test]
    fn the_lowest_threshold_within_the_bound_is_chosen() {
        // Ten of 1,000 different pairs score 0.7: their bound is above 1 %. One scores 0.9: its bound is below.
        let mut pairs = vec![(scored(0.1), false); 989];
        pairs.extend([(scored(0.7), false); 10]);
        pairs.push((scored(0.9), false));
        let chosen = lowest_safe(&pairs, 0.01).unwrap();
        assert!((chosen - 0.705).abs() < 1e-6, "{chosen}");
    }

    #[test]
    fn too_few_pairs_allow_no_threshold() {
        assert_eq!(lowest_safe(&[(scored(0.1), false); 100], 0.01), None);
    }
}
