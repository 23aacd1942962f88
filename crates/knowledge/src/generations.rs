//! A map that forgets what was not asked for lately, bounded in bytes.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Two generations: what is asked for lives on in the young one; when that is full, the old one is forgotten and the young
/// one grows old. Simpler than an exact order of use, and enough for what can be computed again.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    both: Mutex<Both<K, V>>,
    most_bytes: usize,
}

#[derive(Debug)]
struct Both<K, V> {
    young: HashMap<K, (V, usize)>,
    young_bytes: usize,
    old: HashMap<K, (V, usize)>,
    old_bytes: usize,
}

impl<K: Eq + Hash, V: Clone> Generations<K, V> {
    /// Keeps at most so many bytes.
    pub(crate) fn new(most_bytes: usize) -> Self {
        let both = Both { young: HashMap::new(), young_bytes: 0, old: HashMap::new(), old_bytes: 0 };
        Self { both: Mutex::new(both), most_bytes }
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let mut both = self.both.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = both.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, bytes)) = both.old.remove_entry(key)?;
        both.old_bytes -= bytes;
        both.add(key, value.clone(), bytes, self.most_bytes);
        Some(value)
    }

    /// Keeps a value, which takes so many bytes. One that is too large for a generation is not kept.
    pub(crate) fn put(&self, key: K, value: V, bytes: usize) {
        let mut both = self.both.lock().unwrap_or_else(PoisonError::into_inner);
        both.remove(&key);
        if bytes <= self.most_bytes / 2 {
            both.add(key, value, bytes, self.most_bytes);
        }
    }

    pub(crate) fn remove(&self, key: &K) {
        self.both.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// What they take.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let both = self.both.lock().unwrap_or_else(PoisonError::into_inner);
        both.young_bytes + both.old_bytes
    }
}

impl<K: Eq + Hash, V> Both<K, V> {
    fn add(&mut self, key: K, value: V, bytes: usize, most_bytes: usize) {
        if self.young_bytes + bytes > most_bytes / 2 {
            self.old = std::mem::take(&mut self.young);
            self.old_bytes = std::mem::take(&mut self.young_bytes);
        }
        self.young_bytes += bytes;
        self.young.insert(key, (value, bytes));
    }

    fn remove(&mut self, key: &K) {
        if let Some((_, bytes)) = self.young.remove(key) {
            self.young_bytes -= bytes;
        }
        if let Some((_, bytes)) = self.old.remove(key) {
            self.old_bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_asked_for_stays() {
        let kept = Generations::new(100);
        kept.put("used", 0, 10);
        for number in 0..100 {
            kept.put(["a", "b", "c", "d", "e", "f", "g", "h"][number % 8], number, 10);
            assert_eq!(kept.get("used"), Some(0), "{number}");
        }
    }

    proptest! {
        #[test]
        fn it_gives_the_last_value_or_none_and_stays_within_its_bytes(
            puts in proptest::collection::vec((0_u8..20, 1_usize..80, any::<bool>()), 0..200),
        ) {
            let (kept, mut all) = (Generations::new(100), HashMap::new());
            for (place, (key, bytes, remove)) in puts.into_iter().enumerate() {
                if remove {
                    kept.remove(&key);
                    all.remove(&key);
                } else {
                    kept.put(key, place, bytes);
                    all.insert(key, place);
                }
                prop_assert!(kept.bytes() <= 100);
                for key in 0_u8..20 {
                    let given = kept.get(&key);
                    prop_assert!(given.is_none() || given == all.get(&key).copied());
                }
            }
        }
    }
}
