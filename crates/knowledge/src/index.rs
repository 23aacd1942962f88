//! Vector search in process: an exact scan over 8-bit codes, document by document.
//!
//! A component is stored as a signed 8-bit code times a scale of its vector, and the question is coded the same way,
//! so that the scan multiplies integers; the error of a cosine is below 0.002. Shared documents stand in one list and
//! each person's private ones in a list of their own, so that a permission is never a filter.
//!
//! The scan gives three similarities of each chunk: its own, that of the chunk blended with its neighbours, and its
//! document's. [`Near`] says what becomes of them. Over PostgreSQL this index stays empty: pgvector searches there.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use store::chunks::IndexEntry;
use store::search::{NEIGHBOUR, Near, blend, decoded, length};
use uuid::Uuid;

/// Chunks that are found of a document that is wanted for other reasons than its meaning.
const OF_ONE_DOCUMENT: usize = 2;

/// The vectors of all chunks.
#[derive(Debug, Default)]
pub(crate) struct VectorIndex {
    lists: RwLock<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    shared: Vec<DocumentVectors>,
    private: HashMap<Uuid, Vec<DocumentVectors>>,
}

/// The vectors of a document's chunks, in reading order.
#[derive(Debug)]
struct DocumentVectors {
    id: Uuid,
    numbers: Vec<i64>,
    scales: Vec<f32>,
    /// All codes, one vector after the other.
    codes: Vec<i8>,
    /// The length of each chunk's vector blended with its neighbours'.
    blended_lengths: Vec<f32>,
    /// The sum of all vectors, and its length.
    sum: Vec<f32>,
    sum_length: f32,
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
    /// Adds a chunk's vector; a chunk that is there already stays as it is. Chunks come in reading order.
    pub(crate) fn add(&self, number: i64, entry: &IndexEntry, scale: f32, codes: &[u8]) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        let list = match entry.private_to {
            None => &mut lists.shared,
            Some(owner) => lists.private.entry(owner).or_default(),
        };
        // A document's chunks come one after the other, so it is nearly always the last.
        let place = list.iter().rposition(|document| document.id == entry.document_id).unwrap_or_else(|| {
            list.push(DocumentVectors::new(entry.document_id, codes.len()));
            list.len() - 1
        });
        if let Some(document) = list.get_mut(place) {
            document.add(number, scale, codes);
        }
    }

    /// Forgets a document; an unknown one is fine.
    pub(crate) fn forget(&self, document_id: Uuid) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        lists.shared.retain(|document| document.id != document_id);
        for list in lists.private.values_mut() {
            list.retain(|document| document.id != document_id);
        }
    }

    /// The `wanted` nearest chunks among the shared ones and `reader`'s own, best first, and then the nearest
    /// [`OF_ONE_DOCUMENT`] of each document in `also`, where they are not among them.
    pub(crate) fn nearest(&self, vector: &[f32], reader: Uuid, wanted: usize, also: &HashSet<Uuid>) -> Vec<Near> {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let coded = quantise(vector);
        let own = lists.private.get(&reader).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<Near> = Vec::new();
        let mut of_also: Vec<Near> = Vec::new();
        for document in lists.shared.iter().chain(own) {
            let first = all.len();
            document.scan(vector, &coded, &mut all);
            if also.contains(&document.id) {
                let mut chunks = all.get(first..).unwrap_or_default().to_vec();
                chunks.sort_unstable_by(Near::best_first);
                of_also.extend(chunks.into_iter().take(OF_ONE_DOCUMENT));
            }
        }
        drop(lists);
        if wanted < all.len() {
            all.select_nth_unstable_by(wanted, Near::best_first);
            all.truncate(wanted);
        }
        all.sort_unstable_by(Near::best_first);
        let nearest: HashSet<i64> = all.iter().map(|near| near.number).collect();
        all.extend(of_also.into_iter().filter(|near| !nearest.contains(&near.number)));
        all
    }

    /// How many vectors it holds.
    #[cfg(test)]
    fn len(&self) -> usize {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        lists.shared.iter().chain(lists.private.values().flatten()).map(|document| document.numbers.len()).sum()
    }
}

impl DocumentVectors {
    fn new(id: Uuid, dimensions: usize) -> Self {
        Self {
            id,
            numbers: Vec::new(),
            scales: Vec::new(),
            codes: Vec::new(),
            blended_lengths: Vec::new(),
            sum: vec![0.0; dimensions],
            sum_length: 0.0,
        }
    }

    fn add(&mut self, number: i64, scale: f32, codes: &[u8]) {
        if codes.len() != self.sum.len() || self.numbers.contains(&number) {
            return;
        }
        let place = self.numbers.len();
        self.numbers.push(number);
        self.scales.push(scale);
        self.codes.extend(codes.iter().map(|code| code.cast_signed()));
        for (total, value) in
            self.sum.iter_mut().zip(decoded(self.codes.chunks_exact(codes.len()).last().unwrap_or_default(), scale))
        {
            *total += value;
        }
        self.sum_length = length(&self.sum);
        // The chunk before has a neighbour now.
        self.blended_lengths.truncate(place.saturating_sub(1));
        for chunk in self.blended_lengths.len()..=place {
            let blended = self.blended(chunk);
            self.blended_lengths.push(length(&blended));
        }
    }

    /// A chunk's vector with its neighbours' blended in.
    fn blended(&self, place: usize) -> Vec<f32> {
        let vector = |place: Option<usize>| -> Option<Vec<f32>> {
            let codes = self.codes.chunks_exact(self.sum.len()).nth(place?)?;
            Some(decoded(codes, *self.scales.get(place?)?).collect())
        };
        let [own, before, after] = [Some(place), place.checked_sub(1), place.checked_add(1)].map(vector);
        blend(own.as_deref(), [before.as_deref(), after.as_deref()])
    }

    /// Adds each chunk's nearness to a question.
    fn scan(&self, vector: &[f32], coded: &Quantised, all: &mut Vec<Near>) {
        let dimensions = vector.len();
        if dimensions != self.sum.len() || self.numbers.is_empty() {
            return;
        }
        let dots = self.codes.chunks_exact(dimensions).zip(&self.scales);
        let cosines: Vec<f32> =
            dots.map(|(codes, scale)| integer_dot(codes, &coded.codes) * scale * coded.scale).collect();
        let document = cosines.iter().sum::<f32>() / self.sum_length.max(f32::MIN_POSITIVE);
        let chunks = self.numbers.iter().zip(&cosines).zip(&self.blended_lengths).enumerate();
        all.extend(chunks.map(|(place, ((number, cosine), blended_length))| {
            let neighbour = |place: Option<usize>| place.and_then(|place| cosines.get(place)).copied().unwrap_or(0.0);
            let neighbours = neighbour(place.checked_sub(1)) + neighbour(place.checked_add(1));
            let blended = (cosine + NEIGHBOUR * neighbours) / blended_length.max(f32::MIN_POSITIVE);
            Near { number: *number, document_id: self.id, cosine: *cosine, blended, document }
        }));
    }
}

/// The dot product of two code vectors, in a form that the compiler turns into vector instructions.
fn integer_dot(a: &[i8], b: &[i8]) -> f32 {
    let sum: i32 = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    sum as f32
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
        raw.iter().map(|value| value / length(&raw)).collect()
    }

    fn vector_of(number: i64) -> Vec<f32> {
        unit(number.cast_unsigned())
    }

    fn add(index: &VectorIndex, number: i64, document: u128, private_to: Option<Uuid>) {
        let Quantised { scale, codes } = quantise(&vector_of(number));
        let codes: Vec<u8> = codes.into_iter().map(i8::cast_unsigned).collect();
        index.add(number, &IndexEntry { document_id: Uuid::from_u128(document), private_to }, scale, &codes);
    }

    fn found(index: &VectorIndex, question: &[f32], reader: Uuid) -> Vec<Near> {
        index.nearest(question, reader, 100, &HashSet::new())
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn blend(parts: &[(i64, f32)]) -> Vec<f32> {
        let mut sum = vec![0.0; 64];
        for (number, share) in parts {
            sum.iter_mut().zip(vector_of(*number)).for_each(|(total, value)| *total += share * value);
        }
        let whole = length(&sum);
        sum.into_iter().map(|value| value / whole).collect()
    }

    #[test]
    fn the_three_similarities_are_those_of_full_precision() {
        let index = VectorIndex::default();
        (1..=4).for_each(|number| add(&index, number, 1, None));
        let question = unit(77);
        let near = found(&index, &question, Uuid::nil());
        let of = |number: i64| *near.iter().find(|near| near.number == number).unwrap();
        let mean = dot(&question, &blend(&[(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0)]));
        for (number, parts) in
            [(1, vec![(1, 1.0), (2, NEIGHBOUR)]), (3, vec![(3, 1.0), (2, NEIGHBOUR), (4, NEIGHBOUR)])]
        {
            let is = of(number);
            assert!((is.cosine - dot(&question, &vector_of(number))).abs() < 0.005);
            assert!((is.blended - dot(&question, &blend(&parts))).abs() < 0.005);
            assert!((is.document - mean).abs() < 0.005);
        }
    }

    #[test]
    fn the_nearest_of_a_wanted_document_come_after_the_nearest_of_all() {
        let index = VectorIndex::default();
        (1..=50).for_each(|number| add(&index, number, u128::from(number.cast_unsigned() / 10), None));
        let question = vector_of(7);
        let wanted = |documents: &[u128]| documents.iter().map(|id| Uuid::from_u128(*id)).collect::<HashSet<_>>();
        let alone = index.nearest(&question, Uuid::nil(), 3, &HashSet::new());
        let all = index.nearest(&question, Uuid::nil(), 50, &HashSet::new());
        let found = index.nearest(&question, Uuid::nil(), 3, &wanted(&[4, 999]));
        let best_of_4: Vec<Near> = all.into_iter().filter(|near| near.document_id.as_u128() == 4).take(2).collect();
        assert_eq!(found, [alone, best_of_4].concat());
        // A document is not listed twice.
        let again = index.nearest(&question, Uuid::nil(), 50, &wanted(&[4]));
        assert_eq!(again.len(), 50);
    }

    #[test]
    fn nobody_finds_somebody_elses_private_chunk() {
        let (anna, ben) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let index = VectorIndex::default();
        add(&index, 1, 1, None);
        add(&index, 2, 2, Some(anna));
        add(&index, 3, 3, Some(ben));
        let seen = |reader| {
            // Asking for the document does not help either.
            let also = [1, 2, 3].map(Uuid::from_u128);
            let near = index.nearest(&vector_of(3), reader, 10, &HashSet::from(also));
            let mut numbers: Vec<i64> = near.iter().map(|near| near.number).collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(seen(anna), [1, 2]);
        assert_eq!(seen(ben), [1, 3]);
        assert_eq!(seen(Uuid::from_u128(9)), [1]);
    }

    proptest! {
        #[test]
        fn forgetting_leaves_exactly_the_other_documents(
            present in proptest::collection::vec((1_i64..200, 1_u128..12), 0..60),
            forgotten in proptest::collection::vec(1_u128..12, 0..8),
        ) {
            let index = VectorIndex::default();
            for (number, document) in &present {
                add(&index, *number, *document, None);
            }
            for document in &forgotten {
                index.forget(Uuid::from_u128(*document));
            }
            let mut left: Vec<(i64, u128)> = found(&index, &unit(99), Uuid::nil())
                .iter()
                .map(|near| (near.number, near.document_id.as_u128()))
                .collect();
            left.sort_unstable();
            let mut expected: Vec<(i64, u128)> =
                present.iter().copied().filter(|(_, document)| !forgotten.contains(document)).collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(left.len().min(100), expected.len().min(100));
            prop_assert!(left.iter().all(|chunk| expected.contains(chunk)));
            prop_assert_eq!(index.len(), expected.len());
        }
    }
}
