//! The decision.

use serde::{Deserialize, Serialize};

use crate::difference::{Difference, difference};
use crate::overlap::Rest;
use crate::signature::Signature;

/// How near two questions must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The cosine similarity that two questions with the same content words must reach.
    pub min_similarity: f32,
    /// The share of the content words that they must have in common. A near word in another's place is mostly shared.
    pub min_overlap: f32,
    /// How many content words may stand in one of the questions only, without a near word in the other. One such word is
    /// mostly another question: "the deadline" and "the deadline for contractors".
    pub max_additions: usize,
    /// How much more similarity is asked for per content that they do not share: the threshold is
    /// `min_similarity + (1 - overlap) * similarity_for_overlap`.
    pub similarity_for_overlap: f32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_similarity: 0.88, min_overlap: 0.7, max_additions: 0, similarity_for_overlap: 0.35 }
    }
}

/// Similarities, and the 95 % upper bound of the rate of false hits at each: over all pairs that are not the same question, of
/// the half of the labelled pairs that nothing was chosen on. Source: `voiceassist lab cache-accuracy` as in decision 19.
const MEASURED: &[(f32, f64)] =
    &[(0.80, 0.0161), (0.85, 0.0094), (0.88, 0.0074), (0.90, 0.0040), (0.95, 0.0024), (0.97, 0.0015)];

/// The least similarity that was measured to keep the bound of the rate of false hits; `None` when none does.
#[must_use]
pub fn similarity_that_keeps(max_false_hit_rate: f64) -> Option<f32> {
    MEASURED.iter().find(|(_, bound)| *bound <= max_false_hit_rate).map(|(similarity, _)| *similarity)
}

impl Policy {
    /// The similarity that is asked for at this overlap.
    #[must_use]
    pub fn threshold(&self, overlap: f32) -> f32 {
        self.min_similarity + (1.0 - overlap) * self.similarity_for_overlap
    }
}

/// Why the answer to one question is not given to another.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Something tells them apart.
    #[error("{0}")]
    Different(Difference),
    /// One speaks of something that the other does not.
    #[error("{count} content words stand in one of them only")]
    Additions {
        /// How many.
        count: usize,
    },
    /// They share too little content.
    #[error("they share {overlap:.2} of their content, and {wanted:.2} is asked for")]
    Overlap {
        /// The share, from 0 to 1.
        overlap: f32,
        /// The least share.
        wanted: f32,
    },
    /// Their vectors are not near enough.
    #[error("their similarity is {similarity:.3}, and {wanted:.3} is asked for")]
    Similarity {
        /// The cosine similarity.
        similarity: f32,
        /// The least similarity at the content that they share.
        wanted: f32,
    },
}

impl Refusal {
    /// Its name in metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Different(difference) => difference.name(),
            Self::Additions { .. } => "additions",
            Self::Overlap { .. } => "overlap",
            Self::Similarity { .. } => "similarity",
        }
    }
}

/// Whether two questions are the same question, so that the answer to one answers the other. `similarity` is the cosine
/// similarity of their vectors.
pub fn is_same(similarity: f32, a: &Signature, b: &Signature, policy: &Policy) -> Result<(), Refusal> {
    // The cheapest first: most candidates are not near.
    if similarity < policy.min_similarity || similarity.is_nan() {
        return Err(Refusal::Similarity { similarity, wanted: policy.min_similarity });
    }
    let wanted = required_similarity(a, b, policy)?;
    if similarity < wanted { Err(Refusal::Similarity { similarity, wanted }) } else { Ok(()) }
}

/// The similarity that two questions need, by what they say, to be the same question; or why none is enough.
pub fn required_similarity(a: &Signature, b: &Signature, policy: &Policy) -> Result<f32, Refusal> {
    if let Some(difference) = difference(a, b) {
        return Err(Refusal::Different(difference));
    }
    let rest = Rest::of(a, b);
    let count = rest.additions();
    if count > policy.max_additions {
        return Err(Refusal::Additions { count });
    }
    let overlap = rest.overlap(a, b);
    if overlap < policy.min_overlap {
        return Err(Refusal::Overlap { overlap, wanted: policy.min_overlap });
    }
    Ok(policy.threshold(overlap))
}
