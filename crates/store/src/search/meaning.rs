//! What a chunk means: its own vector, blended with its neighbours', and its document's.
//!
//! A passage seldom says all that it is about: its neighbours and its document say the rest. The nearest chunks are those
//! whose blended and whose document's vector are nearest, in equal parts.

use uuid::Uuid;

/// How much of each neighbour is blended into a chunk.
pub const NEIGHBOUR: f32 = 0.3;

/// How near a chunk is to a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The chunk.
    pub number: i64,
    /// Its document.
    pub document_id: Uuid,
    /// Cosine similarity of the chunk.
    pub cosine: f32,
    /// Cosine similarity of the chunk blended with its neighbours.
    pub blended: f32,
    /// Cosine similarity of the document: of the mean of its chunks.
    pub document: f32,
}

impl Near {
    /// The measure by which the nearest are chosen.
    #[must_use]
    pub fn meaning(&self) -> f32 {
        0.5 * self.blended + 0.5 * self.document
    }

    /// Equal ones are ordered by number, so that the same question finds the same passages in the same order.
    #[must_use]
    pub fn best_first(a: &Self, b: &Self) -> std::cmp::Ordering {
        b.meaning().total_cmp(&a.meaning()).then(a.number.cmp(&b.number))
    }
}

/// A document's vectors in a form in which a nearest-neighbour index can search them.
pub(super) struct Meanings {
    /// The sum of its chunks' vectors, of length 1.
    pub(super) document: Vec<f32>,
    /// Of each chunk: what `Near::meaning` is the dot product with, lengthened by one component to length 1. The nearest by
    /// cosine are then those with the largest dot product. Source: Bachrach et al., "Speeding Up the Xbox Recommender
    /// System Using a Euclidean Transformation for Inner-Product Spaces" (2014).
    pub(super) chunks: Vec<Vec<f32>>,
}

impl Meanings {
    /// Of the vectors of a document's chunks, in reading order.
    pub(super) fn of(vectors: &[Vec<f32>]) -> Self {
        let mut document = vec![0.0; vectors.first().map_or(0, Vec::len)];
        for vector in vectors {
            document.iter_mut().zip(vector).for_each(|(total, value)| *total += value);
        }
        normalise(&mut document);
        let chunk = |place: usize| {
            let neighbour = |place: Option<usize>| place.and_then(|place| vectors.get(place)).map(Vec::as_slice);
            let mut blended = blend(
                vectors.get(place).map(Vec::as_slice),
                [neighbour(place.checked_sub(1)), neighbour(place.checked_add(1))],
            );
            normalise(&mut blended);
            let mut meaning: Vec<f32> =
                blended.iter().zip(&document).map(|(blended, document)| 0.5 * blended + 0.5 * document).collect();
            let missing = 1.0 - meaning.iter().map(|value| value * value).sum::<f32>();
            meaning.push(missing.max(0.0).sqrt());
            meaning
        };
        Self { chunks: (0..vectors.len()).map(chunk).collect(), document }
    }
}

/// A chunk's vector with its neighbours' blended in; not normalised.
#[must_use]
pub fn blend(own: Option<&[f32]>, neighbours: [Option<&[f32]>; 2]) -> Vec<f32> {
    let mut sum = own.unwrap_or_default().to_vec();
    for neighbour in neighbours.into_iter().flatten() {
        sum.iter_mut().zip(neighbour).for_each(|(total, value)| *total += NEIGHBOUR * value);
    }
    sum
}

/// The components that codes stand for.
pub fn decoded(codes: &[i8], scale: f32) -> impl Iterator<Item = f32> {
    codes.iter().map(move |code| f32::from(*code) * scale)
}

/// Euclidean length.
#[must_use]
pub fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

fn normalise(vector: &mut [f32]) {
    let length = length(vector).max(f32::MIN_POSITIVE);
    for value in vector {
        *value /= length;
    }
}
