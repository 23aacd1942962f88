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

use rten_simd::{Isa, SimdOp};
use serde::{Deserialize, Serialize};
use store::chunks::{IndexEntry, StoredVector};
use store::search::{NEIGHBOUR, Near, blend, decoded, length};
use uuid::Uuid;

/// Chunks that are found of a document that is wanted for other reasons than its meaning.
const OF_ONE_DOCUMENT: usize = 2;
/// How many times as many as are wanted are looked at before the others are dropped.
const ROOM: usize = 8;

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
#[derive(Clone, Debug)]
pub(crate) struct DocumentVectors {
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

impl Lists {
    fn of(&mut self, private_to: Option<Uuid>) -> &mut Vec<DocumentVectors> {
        match private_to {
            None => &mut self.shared,
            Some(owner) => self.private.entry(owner).or_default(),
        }
    }
}

/// All vectors of an index, in the making.
#[derive(Debug, Default)]
pub(crate) struct Loading(Lists);

impl Loading {
    /// Adds a chunk's vector. Chunks come in reading order.
    pub(crate) fn add(&mut self, vector: &StoredVector, entry: &IndexEntry) {
        let list = self.0.of(entry.private_to);
        // A document's chunks come one after the other, so it is nearly always the last.
        let place = list.iter().rposition(|document| document.id == entry.document_id).unwrap_or_else(|| {
            list.push(DocumentVectors::new(entry.document_id, vector.codes.len()));
            list.len() - 1
        });
        if let Some(document) = list.get_mut(place) {
            document.add(vector);
        }
    }
}

impl VectorIndex {
    /// Puts these vectors in the place of all that it has.
    pub(crate) fn load(&self, Loading(lists): Loading) {
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = lists;
    }

    /// Puts these vectors in the place of those that a document has; with `None` it is forgotten.
    pub(crate) fn replace(&self, document_id: Uuid, vectors: Option<(Option<Uuid>, DocumentVectors)>) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        lists.shared.retain(|document| document.id != document_id);
        for list in lists.private.values_mut() {
            list.retain(|document| document.id != document_id);
        }
        lists.private.retain(|_, list| !list.is_empty());
        if let Some((private_to, vectors)) = vectors {
            lists.of(private_to).push(vectors);
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
            document.scan(&coded, &mut all);
            if also.contains(&document.id) {
                let mut chunks = all.get(first..).unwrap_or_default().to_vec();
                chunks.sort_unstable_by(Near::best_first);
                of_also.extend(chunks.into_iter().take(OF_ONE_DOCUMENT));
            }
            // Now and then, so that what is kept stays in the processor's cache.
            if all.len() > ROOM * wanted {
                keep_best(&mut all, wanted);
            }
        }
        drop(lists);
        keep_best(&mut all, wanted);
        all.sort_unstable_by(Near::best_first);
        let nearest: HashSet<i64> = all.iter().map(|near| near.number).collect();
        all.extend(of_also.into_iter().filter(|near| !nearest.contains(&near.number)));
        all
    }
}

/// Keeps the `wanted` best, in any order.
fn keep_best(all: &mut Vec<Near>, wanted: usize) {
    if wanted < all.len() {
        all.select_nth_unstable_by(wanted, Near::best_first);
        all.truncate(wanted);
    }
}

impl DocumentVectors {
    /// A document's vectors with who alone may find them; `None` when there are none.
    pub(crate) fn of(id: Uuid, vectors: &[(StoredVector, IndexEntry)]) -> Option<(Option<Uuid>, Self)> {
        let (first, entry) = vectors.first()?;
        let mut document = Self::new(id, first.codes.len());
        for (vector, _) in vectors {
            document.add(vector);
        }
        Some((entry.private_to, document))
    }

    /// The largest [`Near::meaning`] of its chunks for a question; `None` when their vectors have other dimensions.
    pub(crate) fn nearest(&self, question: &Quantised) -> Option<f32> {
        let mut all = Vec::new();
        self.scan(question, &mut all);
        all.iter().map(Near::meaning).max_by(f32::total_cmp)
    }

    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let of_chunks = self.codes.len() + self.numbers.len() * (size_of::<i64>() + 2 * size_of::<f32>());
        size_of::<Self>() + of_chunks + size_of_val(self.sum.as_slice())
    }

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

    fn add(&mut self, StoredVector { number, scale, codes, .. }: &StoredVector) {
        let (number, scale) = (*number, *scale);
        if codes.len() != self.sum.len() {
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
    fn scan(&self, coded: &Quantised, all: &mut Vec<Near>) {
        let dimensions = coded.codes.len();
        if dimensions != self.sum.len() || self.numbers.is_empty() {
            return;
        }
        let cosines = Cosines { of: self, with: coded }.dispatch();
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

/// The cosine of each chunk of a document with a question.
struct Cosines<'a> {
    of: &'a DocumentVectors,
    with: &'a Quantised,
}

/// Only for being dispatched: what is inlined here is compiled once for each set of instructions, and the widest that the
/// machine has is used.
impl SimdOp for Cosines<'_> {
    type Output = Vec<f32>;

    #[expect(clippy::inline_always, reason = "what is not inlined is compiled for the oldest machines")]
    #[inline(always)]
    fn eval<I: Isa>(self, _isa: I) -> Self::Output {
        let Quantised { codes: wanted, scale: wanted_scale } = self.with;
        let mut cosines = Vec::with_capacity(self.of.scales.len());
        for (codes, scale) in self.of.codes.chunks_exact(wanted.len()).zip(&self.of.scales) {
            cosines.push(integer_dot(codes, wanted) * scale * wanted_scale);
        }
        cosines
    }
}

/// The dot product of two code vectors, in a form that the compiler turns into vector instructions.
#[expect(clippy::inline_always, reason = "what is not inlined is compiled for the oldest machines")]
#[inline(always)]
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

    /// A chunk of a document that somebody may read.
    type Added = (i64, u128, Option<Uuid>);

    fn index(chunks: impl IntoIterator<Item = Added>) -> VectorIndex {
        let mut loading = Loading::default();
        for (number, document, private_to) in chunks {
            let (vector, entry) = stored(number, document, private_to);
            loading.add(&vector, &entry);
        }
        let index = VectorIndex::default();
        index.load(loading);
        index
    }

    fn stored(number: i64, document: u128, private_to: Option<Uuid>) -> (StoredVector, IndexEntry) {
        let Quantised { scale, codes } = quantise(&vector_of(number));
        let codes = codes.into_iter().map(i8::cast_unsigned).collect();
        let entry = IndexEntry { document_id: Uuid::from_u128(document), private_to };
        (StoredVector { number, scale, codes, units: Vec::new() }, entry)
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
        let index = index((1..=4).map(|number| (number, 1, None)));
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
        let index = index((1..=50).map(|number: i64| (number, u128::from(number.cast_unsigned() / 10), None)));
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
        let index = index([(1, 1, None), (2, 2, Some(anna)), (3, 3, Some(ben))]);
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
        fn replacing_documents_one_by_one_is_like_loading_all_of_them(
            first in proptest::collection::btree_map(1_u128..12, (0_i64..20, 0_u128..3), 0..12),
            then in proptest::collection::vec((1_u128..12, 0_i64..20, 0_u128..3), 0..12),
        ) {
            // A document has so many chunks, and is somebody's or everybody's.
            let chunks = |document: u128, count: i64, owner: u128| {
                let first = i64::try_from(document).unwrap() * 100;
                let private_to = (owner > 0).then(|| Uuid::from_u128(owner));
                (first..first + count).map(move |number| (number, document, private_to))
            };
            let all = |documents: &std::collections::BTreeMap<u128, (i64, u128)>| {
                documents.iter().flat_map(|(id, (count, owner))| chunks(*id, *count, *owner)).collect::<Vec<Added>>()
            };
            let changed = index(all(&first));
            let mut documents = first;
            for (document, count, owner) in then {
                documents.insert(document, (count, owner));
                let vectors: Vec<_> = chunks(document, count, owner).map(|(n, d, p)| stored(n, d, p)).collect();
                let id = Uuid::from_u128(document);
                changed.replace(id, DocumentVectors::of(id, &vectors));
            }
            let loaded = index(all(&documents));
            for reader in 0..3 {
                let [a, b] = [&changed, &loaded].map(|index| found(index, &unit(99), Uuid::from_u128(reader)));
                prop_assert_eq!(a, b);
            }
        }
    }
}
