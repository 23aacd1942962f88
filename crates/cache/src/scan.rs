//! Directions of vectors as 8-bit codes, and an exact scan for the nearest ones.
//!
//! Memory is what a scan waits for, so most of it is not read. The components stand in planes of 128, plane after plane. After
//! the first plane the rest of a dot product is at most the product of the lengths of the two rests (Cauchy and Schwarz): a
//! vector whose bound is below the wanted similarity is not read further. With a threshold of 0.85 that is nearly every one, and
//! nothing is lost.

use rten_simd::{Isa, SimdOp};

/// Components of a plane.
const PLANE: usize = 128;
/// What rounding may take from a bound.
const SLACK: f32 = 1e-5;
/// Largest code of the vector that is looked for: the sum of a plane's products must fit into 32 bits.
const LARGEST: f32 = i16::MAX as f32;

/// Vectors of the same number of components, of which only the direction counts.
#[derive(Debug)]
pub(crate) struct Directions {
    dimensions: usize,
    planes: Vec<Plane>,
    /// One over the length of each vector of codes.
    inverse_lengths: Vec<f32>,
}

#[derive(Debug, Default)]
struct Plane {
    codes: Vec<[i8; PLANE]>,
    /// The length of what each vector of length 1 has in the planes after this one.
    rests: Vec<f32>,
}

/// A vector that is looked for.
#[derive(Debug)]
struct Wanted {
    /// Codes, and the length of the rest.
    planes: Vec<([i16; PLANE], f32)>,
    inverse_length: f32,
}

/// Codes a vector so that its largest component has the largest code; `None` for a vector without a direction.
pub(crate) fn code(vector: &[f32]) -> Option<Vec<i8>> {
    let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    if !(largest.is_normal() && vector.iter().all(|value| value.is_finite())) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the quotient is at most 127 by construction")]
    Some(vector.iter().map(|value| (value / largest * f32::from(i8::MAX)).round() as i8).collect())
}

impl Directions {
    pub(crate) fn new(dimensions: usize) -> Self {
        let planes = (0..dimensions.div_ceil(PLANE)).map(|_| Plane::default()).collect();
        Self { dimensions, planes, inverse_lengths: Vec::new() }
    }

    /// What a vector takes, in bytes; vectors are kept with an eighth of room to grow.
    pub(crate) const fn bytes_of(dimensions: usize) -> usize {
        let planes = dimensions.div_ceil(PLANE);
        (planes * (PLANE + size_of::<f32>()) + size_of::<f32>()) * 9 / 8
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Adds a vector of codes, as the last one.
    pub(crate) fn push(&mut self, codes: &[i8]) {
        let length = norm(codes.iter().map(|code| f32::from(*code)));
        let inverse_length = if length > 0.0 { 1.0 / length } else { 0.0 };
        push(&mut self.inverse_lengths, inverse_length);
        for (number, plane) in self.planes.iter_mut().enumerate() {
            let mut padded = [0; PLANE];
            let components = codes.iter().skip(number * PLANE);
            padded.iter_mut().zip(components).for_each(|(place, code)| *place = *code);
            push(&mut plane.codes, padded);
            let rest = codes.iter().skip((number + 1) * PLANE).map(|code| f32::from(*code));
            push(&mut plane.rests, norm(rest) * inverse_length);
        }
    }

    /// Removes a vector; the last one takes its place.
    pub(crate) fn swap_remove(&mut self, place: usize) {
        self.inverse_lengths.swap_remove(place);
        for plane in &mut self.planes {
            plane.codes.swap_remove(place);
            plane.rests.swap_remove(place);
        }
    }

    /// The vectors whose cosine with this one is at least `least`, each with it, in no order.
    pub(crate) fn near(&self, vector: &[f32], least: f32) -> Vec<(usize, f32)> {
        let Some(wanted) = Wanted::new(vector).filter(|_| vector.len() == self.dimensions) else { return Vec::new() };
        let mut planes = self.planes.iter().zip(&wanted.planes);
        let Some((first, (components, wanted_rest))) = planes.next() else { return Vec::new() };
        let least = least - SLACK;
        let scale = wanted.inverse_length;
        let inverse_lengths = &self.inverse_lengths;
        let mut near = FirstPass { first, inverse_lengths, components, rest: *wanted_rest, scale, least }.dispatch();
        for (plane, (components, wanted_rest)) in planes {
            near.retain_mut(|(place, cosine)| {
                let line = plane.codes.get(*place).zip(plane.rests.get(*place)).zip(self.inverse_lengths.get(*place));
                let Some(((codes, rest), inverse_length)) = line else { return false };
                *cosine += dot(codes, components) * inverse_length * scale;
                *cosine + rest * wanted_rest >= least
            });
        }
        near
    }
}

/// The scan of the first plane, which is where the time goes.
struct FirstPass<'a> {
    first: &'a Plane,
    inverse_lengths: &'a [f32],
    components: &'a [i16; PLANE],
    rest: f32,
    scale: f32,
    least: f32,
}

/// Only for being dispatched: what is inlined here is compiled once for each set of instructions, and the widest that the
/// machine has is used.
impl SimdOp for FirstPass<'_> {
    type Output = Vec<(usize, f32)>;

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the oldest machines")]
    #[inline(always)]
    fn eval<I: Isa>(self, _isa: I) -> Self::Output {
        let mut near = Vec::new();
        let lines = self.first.codes.iter().zip(&self.first.rests).zip(self.inverse_lengths);
        for (place, ((codes, rest), inverse_length)) in lines.enumerate() {
            let cosine = dot(codes, self.components) * inverse_length * self.scale;
            if cosine + rest * self.rest >= self.least {
                near.push((place, cosine));
            }
        }
        near
    }
}

impl Wanted {
    fn new(vector: &[f32]) -> Option<Self> {
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        if !(largest.is_normal() && vector.iter().all(|value| value.is_finite())) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "the quotient is at most 32767 by construction")]
        let codes: Vec<i16> = vector.iter().map(|value| (value / largest * LARGEST).round() as i16).collect();
        let inverse_length = 1.0 / norm(codes.iter().map(|code| f32::from(*code)));
        let planes = codes.chunks(PLANE).enumerate().map(|(number, components)| {
            let mut padded = [0; PLANE];
            padded.iter_mut().zip(components).for_each(|(place, code)| *place = *code);
            let rest = codes.iter().skip((number + 1) * PLANE).map(|code| f32::from(*code));
            (padded, norm(rest) * inverse_length)
        });
        Some(Self { planes: planes.collect(), inverse_length })
    }
}

/// In a form that the compiler turns into instructions that multiply and add pairs of 16-bit numbers.
#[expect(clippy::inline_always, reason = "what is not inlined is compiled for the oldest machines")]
#[inline(always)]
fn dot(codes: &[i8; PLANE], wanted: &[i16; PLANE]) -> f32 {
    let sum: i32 = codes.iter().zip(wanted).map(|(code, wanted)| i32::from(*code) * i32::from(*wanted)).sum();
    sum as f32
}

fn norm(components: impl Iterator<Item = f32>) -> f32 {
    components.map(|value| value * value).sum::<f32>().sqrt()
}

/// Adds to a list that grows by an eighth, not by doubling.
fn push<T>(list: &mut Vec<T>, value: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 1);
    }
    list.push(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        dot / norm(a.iter().copied()) / norm(b.iter().copied())
    }

    fn directions(vectors: &[Vec<f32>]) -> Directions {
        let mut directions = Directions::new(vectors[0].len());
        for vector in vectors {
            directions.push(&code(vector).unwrap());
        }
        directions
    }

    #[test]
    fn a_vector_without_a_direction_is_near_nothing() {
        assert_eq!(
            [code(&[0.0, 0.0]), code(&[f32::NAN, 1.0]), code(&[f32::INFINITY, 1.0]), code(&[])],
            [const { None }; 4]
        );
        let directions = directions(&[vec![1.0, 0.0]]);
        for vector in [vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![1.0], vec![]] {
            assert_eq!(directions.near(&vector, -1.0), []);
        }
        assert_eq!(directions.near(&[2.0, 0.0], 0.99), [(0, 1.0)]);
    }

    /// Some components are large, so that the bound prunes at each plane.
    fn vectors(dimensions: usize) -> impl Strategy<Value = Vec<Vec<f32>>> {
        let component = prop_oneof![4 => -0.1_f32..0.1, 1 => -1.0_f32..1.0];
        let vector = proptest::collection::vec(component, dimensions)
            .prop_filter("it has a direction", |vector| vector.iter().any(|value| value.abs() > 0.01));
        proptest::collection::vec(vector, 2..20)
    }

    proptest! {
        #[test]
        fn it_finds_all_that_are_near_and_no_other(
            vectors in prop_oneof![vectors(3), vectors(130), vectors(384)], least in -0.2_f32..1.0, share in 0.0_f32..1.0,
        ) {
            let (wanted, vectors) = vectors.split_first().unwrap();
            // Half of them lie near what is looked for.
            let mixed: Vec<Vec<f32>> = vectors.iter().enumerate().map(|(place, vector)| {
                let share = if place % 2 == 0 { share } else { 0.0 };
                vector.iter().zip(wanted).map(|(a, b)| a * (1.0 - share) + b * share).collect()
            }).filter(|vector: &Vec<f32>| code(vector).is_some()).collect();
            prop_assume!(!mixed.is_empty());
            let near = directions(&mixed).near(wanted, least);
            for (place, vector) in mixed.iter().enumerate() {
                let cosine = cosine(wanted, vector);
                match near.iter().find(|(found, _)| *found == place) {
                    Some((_, similarity)) => prop_assert!((similarity - cosine).abs() < 0.02, "{similarity} {cosine}"),
                    None => prop_assert!(cosine < least + 0.02, "{cosine} {least}"),
                }
            }
            prop_assert!(near.iter().all(|(_, similarity)| *similarity >= least - 2.0 * SLACK));
        }

        #[test]
        fn what_is_removed_leaves_the_others(vectors in vectors(130), removed in any::<prop::sample::Index>()) {
            let mut directions = directions(&vectors);
            let mut left = vectors.clone();
            let place = removed.index(left.len());
            directions.swap_remove(place);
            left.swap_remove(place);
            let near = directions.near(&vectors[0], -1.1);
            prop_assert_eq!(near.len(), left.len());
            for (place, similarity) in near {
                prop_assert!((similarity - cosine(&vectors[0], &left[place])).abs() < 0.02);
            }
        }
    }
}
