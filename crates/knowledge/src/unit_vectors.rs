//! The vectors of a chunk's units: stored beside the chunk's own, read for the passages of an answer only.

use crate::index::{Quantised, quantise};

/// How near a unit is to a question.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UnitSimilarity {
    /// Cosine similarity of the unit.
    pub alone: f32,
    /// Cosine similarity of the unit and its two neighbours together.
    pub around: f32,
}

/// Bytes before the codes of each unit: the scale.
const SCALE_BYTES: usize = size_of::<f32>();

/// Vectors as bytes: for each unit its scale and its codes, all zero for a unit without a vector.
pub(crate) fn encode(vectors: &[Option<&Vec<f32>>], dimensions: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(vectors.len() * (SCALE_BYTES + dimensions));
    for vector in vectors {
        match vector {
            Some(vector) => {
                let Quantised { scale, codes } = quantise(vector);
                bytes.extend(scale.to_le_bytes());
                bytes.extend(codes.into_iter().map(i8::cast_unsigned));
            }
            None => bytes.extend(std::iter::repeat_n(0, SCALE_BYTES + dimensions)),
        }
    }
    bytes
}

/// How near each of the encoded units is to a question's vector.
pub(crate) fn similarities(bytes: &[u8], question: &[f32]) -> Vec<UnitSimilarity> {
    let vectors: Vec<Vec<f32>> = bytes.chunks_exact(SCALE_BYTES + question.len()).map(decoded).collect();
    let beside = |place: Option<usize>| place.and_then(|place| vectors.get(place));
    let similarity = |(place, vector): (usize, &Vec<f32>)| {
        let mut around = vector.clone();
        for neighbour in [beside(place.checked_sub(1)), beside(place.checked_add(1))].into_iter().flatten() {
            around.iter_mut().zip(neighbour).for_each(|(total, value)| *total += value);
        }
        UnitSimilarity { alone: cosine(vector, question), around: cosine(&around, question) }
    };
    vectors.iter().enumerate().map(similarity).collect()
}

fn decoded(bytes: &[u8]) -> Vec<f32> {
    let (scale, codes) = bytes.split_at(SCALE_BYTES);
    let scale = scale.try_into().map_or(0.0, f32::from_le_bytes);
    codes.iter().map(|code| f32::from(code.cast_signed()) * scale).collect()
}

/// The cosine with a question's vector, whose length is 1.
fn cosine(vector: &[f32], question: &[f32]) -> f32 {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 { dot(vector, question) / length } else { 0.0 }
}

/// The dot product, as eight sums side by side: additions to a single one have to wait for each other.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_compared_alone_and_with_their_neighbours() {
        let (x, y) = (vec![1.0, 0.0], vec![0.0, 1.0]);
        let bytes = encode(&[Some(&x), Some(&y), None], 2);
        let near = similarities(&bytes, &x);
        let close = |a: f32, b: f32| (a - b).abs() < 0.01;
        assert!(close(near[0].alone, 1.0) && close(near[1].alone, 0.0) && close(near[2].alone, 0.0));
        assert!(close(near[0].around, 0.707) && close(near[1].around, 0.707) && close(near[2].around, 0.0));
    }

    #[test]
    fn a_dot_product_has_all_of_its_terms() {
        let up_to = |count: u8| (1..=count).map(f32::from).collect::<Vec<_>>();
        for count in 0..=20 {
            let squares = f32::from(u16::from(count) * (u16::from(count) + 1) * (2 * u16::from(count) + 1) / 6);
            assert!((dot(&up_to(count), &up_to(count)) - squares).abs() < f32::EPSILON, "{count}");
        }
    }

    #[test]
    fn bytes_of_another_width_are_no_units() {
        assert!(similarities(&[1, 2, 3], &[1.0, 0.0]).is_empty());
    }
}
