//! Whether two questions ask for the same thing.
//!
//! Vectors of opposite questions lie close together: "How do I enable it?" and "How do I disable it?" score above 0.9. So
//! an answer may be given to another question only if the vectors agree and what the two texts say agrees too: their
//! numbers, units, negations, directions, comparisons, times, names, and what kind of answer they want.
//!
//! [`Signature::of`] reads a question, [`difference`] compares two, [`is_same`] decides.

mod content;
mod difference;
mod kind;
mod lexicon;
mod negation;
mod numbers;
mod overlap;
mod phrases;
mod policy;
mod roles;
mod signature;
mod words;

pub use difference::{Difference, difference};
pub use overlap::{additions, content_overlap};
pub use policy::{Policy, Refusal, is_same, required_similarity, similarity_that_keeps};
pub use signature::Signature;
