//! The questions that are asked most, so that their answers can be computed again before somebody waits for them.
//!
//! The list is bounded: a question that is new to a full list takes the place of the least asked one, and its count. Source:
//! Metwally, Agrawal and El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams" (2005).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use crate::{Key, Popular};

/// Longer questions are not remembered, in bytes.
const LONGEST: usize = 2_000;
/// After so long, counts are halved: what was asked once gives way.
const HALVED_EVERY_MS: u64 = 3_600_000;

/// The list.
#[derive(Debug)]
pub(crate) struct PopularQuestions {
    lists: Mutex<Lists>,
    most: usize,
}

#[derive(Debug, Default)]
struct Lists {
    questions: HashMap<Key, Popular>,
    by_hits: BTreeSet<(u64, Key)>,
    /// Those that were computed in vain since they were asked.
    tried: HashSet<Key>,
    /// When the counts were halved last, or first looked at.
    halved_ms: Option<u64>,
}

impl PopularQuestions {
    pub(crate) fn new(most: usize) -> Self {
        Self { lists: Mutex::default(), most }
    }

    /// An answer was asked for.
    pub(crate) fn asked(&self, key: &Key) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).count(key);
    }

    /// An answer was computed.
    pub(crate) fn computed(&self, key: Key, question: &str, scope: Uuid, context: &str) {
        if self.most == 0 || question.len() > LONGEST {
            return;
        }
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.questions.contains_key(&key) {
            return;
        }
        let mut hits = 1;
        if lists.questions.len() >= self.most
            && let Some((least, gone)) = lists.by_hits.pop_first()
        {
            lists.questions.remove(&gone);
            lists.tried.remove(&gone);
            hits += least;
        }
        lists.by_hits.insert((hits, key));
        let popular = Popular { key, question: question.to_owned(), scope, context: context.to_owned(), hits };
        lists.questions.insert(key, popular);
    }

    /// The best, most asked first.
    pub(crate) fn best(&self, count: usize) -> Vec<Popular> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let best = lists.by_hits.iter().rev().take(count);
        best.filter_map(|(_, key)| lists.questions.get(key)).cloned().collect()
    }

    /// Those for which this holds and that were not tried since they were asked, most asked first.
    pub(crate) fn best_of(&self, count: usize, holds: impl Fn(&Popular) -> bool) -> Vec<Popular> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let best = lists.by_hits.iter().rev().filter(|(_, key)| !lists.tried.contains(key));
        best.filter_map(|(_, key)| lists.questions.get(key))
            .filter(|popular| holds(popular))
            .take(count)
            .cloned()
            .collect()
    }

    /// Remembers that computing the value was tried.
    pub(crate) fn tried(&self, key: &Key) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.questions.contains_key(key) {
            lists.tried.insert(*key);
        }
    }

    /// Halves the counts when it is time.
    pub(crate) fn sweep(&self, now_ms: u64) {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *lists.halved_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since) < HALVED_EVERY_MS {
            return;
        }
        lists.halved_ms = Some(now_ms);
        lists.questions.values_mut().for_each(|popular| popular.hits /= 2);
        lists.by_hits = lists.questions.iter().map(|(key, popular)| (popular.hits, *key)).collect();
    }
}

impl Lists {
    fn count(&mut self, key: &Key) -> bool {
        let Some(popular) = self.questions.get_mut(key) else { return false };
        self.tried.remove(key);
        let before = popular.hits;
        popular.hits += 1;
        self.by_hits.remove(&(before, *key));
        self.by_hits.insert((before + 1, *key));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        Key::from_bytes([number; 32])
    }

    fn best(list: &PopularQuestions) -> Vec<(String, u64)> {
        list.best(10).into_iter().map(|popular| (popular.question, popular.hits)).collect()
    }

    #[test]
    fn the_most_asked_come_first_and_the_least_asked_gives_way() {
        let list = PopularQuestions::new(2);
        list.computed(key(1), "one", Uuid::nil(), "c");
        list.computed(key(2), "two", Uuid::nil(), "c");
        list.asked(&key(2));
        list.asked(&key(9));
        assert_eq!(best(&list), [("two".to_owned(), 2), ("one".to_owned(), 1)]);
        list.computed(key(3), "three", Uuid::nil(), "c");
        list.asked(&key(3));
        // Computed again, and nobody asked.
        list.computed(key(3), "three", Uuid::nil(), "c");
        assert_eq!(best(&list), [("three".to_owned(), 3), ("two".to_owned(), 2)]);
        list.computed(key(4), &"long".repeat(LONGEST), Uuid::nil(), "c");
        assert_eq!((best(&list).len(), list.best(1).len()), (2, 1));
    }

    #[test]
    fn what_was_tried_in_vain_is_tried_again_when_somebody_asks() {
        let list = PopularQuestions::new(2);
        list.computed(key(1), "one", Uuid::nil(), "c");
        let missing = || list.best_of(10, |_| true).len();
        assert_eq!((missing(), list.best_of(10, |popular| popular.hits > 1).len()), (1, 0));
        list.tried(&key(1));
        assert_eq!(missing(), 0);
        list.asked(&key(1));
        assert_eq!(missing(), 1);
    }

    #[test]
    fn counts_fade() {
        let list = PopularQuestions::new(2);
        list.sweep(1_000);
        list.computed(key(1), "one", Uuid::nil(), "c");
        (0..7).for_each(|_| list.asked(&key(1)));
        list.sweep(1_000 + HALVED_EVERY_MS - 1);
        assert_eq!(best(&list), [("one".to_owned(), 8)]);
        list.sweep(1_000 + HALVED_EVERY_MS);
        assert_eq!(best(&list), [("one".to_owned(), 4)]);
        list.asked(&key(1));
        assert_eq!(best(&list), [("one".to_owned(), 5)]);
    }
}
