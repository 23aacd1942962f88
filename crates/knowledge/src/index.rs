//! Vector search in process: an exact scan over 8-bit codes.
//!
//! A component is stored as a signed 8-bit code times a scale of its vector. The scan multiplies integers (the
//! question is coded too); the best are scored again with the question's full precision. Shared chunks stand in
//! one list and each person's private chunks in one of their own, so that a permission is never a filter.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use store::chunks::IndexEntry;
use uuid::Uuid;

/// How many of the best by integer arithmetic are scored again, for each one wanted.
const RESCORED_PER_WANTED: usize = 2;

/// The vectors of all chunks.
#[derive(Debug, Default)]
pub(crate) struct VectorIndex {
    lists: RwLock<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    shared: List,
    private: HashMap<Uuid, List>,
    /// In which list each chunk stands, and where.
    places: HashMap<i64, (Option<Uuid>, usize)>,
}

#[derive(Debug, Default)]
struct List {
    numbers: Vec<i64>,
    scales: Vec<f32>,
    /// All codes, one vector after the other.
    codes: Vec<i8>,
}

/// A vector as codes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantised {
    /// What one step is worth.
    pub(crate) scale: f32,
    /// The components in steps.
    pub(crate) codes: Vec<i8>,
}

/// Codes a vector so that its largest component has the largest code.
pub(crate) fn quantise(vector: &[f32]) -> Quantised {
    let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())).max(f32::MIN_POSITIVE);
    let scale = largest / f32::from(i8::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "the quotient is at most 127 by construction")]
    let codes = vector.iter().map(|value| (value / scale).round() as i8).collect();
    Quantised { scale, codes }
}

impl VectorIndex {
    /// Adds a chunk's vector; a chunk that is there already stays as it is.
    pub(crate) fn add(&self, number: i64, entry: &IndexEntry, scale: f32, codes: &[u8]) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        if lists.places.contains_key(&number) {
            return;
        }
        let list = match entry.private_to {
            None => &mut lists.shared,
            Some(owner) => lists.private.entry(owner).or_default(),
        };
        let place = list.numbers.len();
        list.numbers.push(number);
        list.scales.push(scale);
        list.codes.extend(codes.iter().map(|code| code.cast_signed()));
        lists.places.insert(number, (entry.private_to, place));
    }

    /// Forgets chunks; unknown numbers are fine.
    pub(crate) fn forget(&self, numbers: &[i64]) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        for number in numbers {
            let Some((owner, place)) = lists.places.remove(number) else { continue };
            let list = match owner {
                None => Some(&mut lists.shared),
                Some(owner) => lists.private.get_mut(&owner),
            };
            if let Some(moved) = list.and_then(|list| list.swap_remove(place)) {
                lists.places.insert(moved, (owner, place));
            }
        }
    }

    /// The `wanted` nearest chunks by cosine similarity among the shared ones and `reader`'s own, best first.
    pub(crate) fn nearest(&self, vector: &[f32], reader: Uuid, wanted: usize) -> Vec<(i64, f32)> {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let coded = quantise(vector);
        let mut found = lists.shared.nearest(vector, &coded, wanted);
        if let Some(own) = lists.private.get(&reader) {
            found.extend(own.nearest(vector, &coded, wanted));
            sort_best_first(&mut found);
            found.truncate(wanted);
        }
        found
    }

    /// How many vectors it holds.
    pub(crate) fn len(&self) -> usize {
        self.lists.read().unwrap_or_else(PoisonError::into_inner).places.len()
    }
}

impl List {
    fn nearest(&self, vector: &[f32], coded: &Quantised, wanted: usize) -> Vec<(i64, f32)> {
        let dimensions = vector.len();
        if self.numbers.is_empty() || dimensions == 0 || wanted == 0 {
            return Vec::new();
        }
        let mut rough: Vec<(usize, f32)> = self
            .codes
            .chunks_exact(dimensions)
            .zip(&self.scales)
            .map(|(codes, scale)| integer_dot(codes, &coded.codes) * scale)
            .enumerate()
            .collect();
        let rescored = (wanted * RESCORED_PER_WANTED).min(rough.len());
        if rescored < rough.len() {
            rough.select_nth_unstable_by(rescored, |a, b| b.1.total_cmp(&a.1));
            rough.truncate(rescored);
        }
        let mut found: Vec<(i64, f32)> = rough
            .into_iter()
            .filter_map(|(place, _)| {
                let codes = self.codes.get(place * dimensions..(place + 1) * dimensions)?;
                let sum: f32 = codes.iter().zip(vector).map(|(code, value)| f32::from(*code) * value).sum();
                Some((*self.numbers.get(place)?, sum * self.scales.get(place)?))
            })
            .collect();
        sort_best_first(&mut found);
        found.truncate(wanted);
        found
    }

    /// Removes a vector by putting the last one in its place; returns that one's number if it moved.
    fn swap_remove(&mut self, place: usize) -> Option<i64> {
        let last = self.numbers.len().checked_sub(1)?;
        let dimensions = self.codes.len() / self.numbers.len();
        if place < last {
            self.codes.copy_within(last * dimensions.., place * dimensions);
        }
        self.codes.truncate(last * dimensions);
        self.scales.swap_remove(place);
        self.numbers.swap_remove(place);
        self.numbers.get(place).copied()
    }
}

/// The dot product of two code vectors; eight sums side by side let the compiler use vector instructions.
fn integer_dot(a: &[i8], b: &[i8]) -> f32 {
    let sum: i32 = a.iter().zip(b).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum();
    sum as f32
}

/// Equal scores are ordered by number, so that the same question finds the same passages in the same order.
fn sort_best_first(found: &mut [(i64, f32)]) {
    found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / 16_777_216.0 - 0.5
        };
        let raw: Vec<f32> = (0..64).map(|_| next()).collect();
        let length = raw.iter().map(|value| value * value).sum::<f32>().sqrt();
        raw.into_iter().map(|value| value / length).collect()
    }

    fn add(index: &VectorIndex, number: i64, private_to: Option<Uuid>) {
        let Quantised { scale, codes } = quantise(&unit(number.cast_unsigned()));
        let codes: Vec<u8> = codes.into_iter().map(i8::cast_unsigned).collect();
        index.add(number, &IndexEntry { document_id: Uuid::nil(), private_to }, scale, &codes);
    }

    #[test]
    fn the_scan_agrees_with_full_precision() {
        let index = VectorIndex::default();
        (1..=2_000).for_each(|number| add(&index, number, None));
        let mut agreed = 0;
        for question in 5_000..5_050 {
            let question = unit(question);
            let mut exact: Vec<(i64, f32)> = (1..=2_000)
                .map(|number: i64| {
                    let other = unit(number.cast_unsigned());
                    (number, question.iter().zip(&other).map(|(a, b)| a * b).sum())
                })
                .collect();
            sort_best_first(&mut exact);
            let found = index.nearest(&question, Uuid::nil(), 10);
            agreed += exact.iter().take(10).filter(|(number, _)| found.iter().any(|hit| hit.0 == *number)).count();
        }
        assert!(agreed >= 495, "recall at 10 is {agreed} of 500");
    }

    #[test]
    fn nobody_finds_somebody_elses_private_chunk() {
        let (anna, ben) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let index = VectorIndex::default();
        add(&index, 1, None);
        add(&index, 2, Some(anna));
        add(&index, 3, Some(ben));
        let seen = |reader| {
            let mut numbers: Vec<i64> = index.nearest(&unit(3), reader, 10).iter().map(|hit| hit.0).collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(seen(anna), [1, 2]);
        assert_eq!(seen(ben), [1, 3]);
        assert_eq!(seen(Uuid::from_u128(9)), [1]);
    }

    proptest! {
        #[test]
        fn forgetting_leaves_exactly_the_others(
            present in proptest::collection::btree_set(1_i64..60, 0..40),
            forgotten in proptest::collection::vec(1_i64..60, 0..40),
        ) {
            let index = VectorIndex::default();
            present.iter().for_each(|number| add(&index, *number, None));
            index.forget(&forgotten);
            let mut left: Vec<i64> = index.nearest(&unit(99), Uuid::nil(), 100).iter().map(|hit| hit.0).collect();
            left.sort_unstable();
            let expected: Vec<i64> = present.iter().copied().filter(|number| !forgotten.contains(number)).collect();
            prop_assert_eq!(&left, &expected);
            prop_assert_eq!(index.len(), expected.len());
            for number in expected {
                let nearest = index.nearest(&unit(number.cast_unsigned()), Uuid::nil(), 1);
                prop_assert_eq!(nearest.first().map(|hit| hit.0), Some(number));
            }
        }
    }
}
