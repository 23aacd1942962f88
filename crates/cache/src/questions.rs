//! The third tier: questions that have an answer, to be found by meaning. It holds no answers; those are the other tiers'.
//!
//! Questions of different scopes or contexts stand in different lists, so that nothing is compared that must not match: a
//! permission is never a filter.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use crate::entry::Question;
use crate::figures::{Cause, TierCounters};
use crate::scan::Directions;
use crate::{Key, Miss};

/// What a question takes beside its text and its vector: maps, lists, the fields.
const QUESTION_BYTES: usize = 448;

/// The index. Who was not found for longest goes first.
#[derive(Debug)]
pub(crate) struct Questions {
    lists: RwLock<Lists>,
    most_bytes: u64,
    most_entries: usize,
}

/// Scope and context.
type Name = (Uuid, Box<str>);

#[derive(Debug, Default)]
struct Lists {
    by_name: HashMap<Arc<Name>, List>,
    places: HashMap<Key, Place>,
    /// Numbers in the order of the last use.
    order: BTreeMap<u64, Key>,
    next: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Place {
    list: Arc<Name>,
    at: usize,
    number: u64,
    bytes: u64,
}

#[derive(Debug)]
struct List {
    directions: Directions,
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    key: Key,
    text: Arc<str>,
    expires_ms: u64,
    hits: u64,
}

/// A question that is near.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) key: Key,
    pub(crate) text: Arc<str>,
    /// Cosine.
    pub(crate) similarity: f32,
    pub(crate) expires_ms: u64,
}

/// A question as it stands in the index.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) text: Arc<str>,
    pub(crate) scope: Uuid,
    pub(crate) context: Box<str>,
    pub(crate) expires_ms: u64,
    pub(crate) hits: u64,
    pub(crate) bytes: u64,
}

impl Questions {
    pub(crate) fn new(most_bytes: u64, most_entries: usize) -> Self {
        Self { lists: RwLock::default(), most_bytes, most_entries }
    }

    /// Adds a question in place of what stands under its key, and makes room for it.
    pub(crate) fn put(&self, question: Question, counters: &TierCounters) {
        let Question { key, scope, text, context, expires_ms, codes } = question;
        let bytes = QUESTION_BYTES + text.len() + context.len() + Directions::bytes_of(codes.len());
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        lists.remove(&key);
        if bytes > self.most_bytes || self.most_entries == 0 || codes.is_empty() {
            return;
        }
        let mut evicted = 0;
        while lists.bytes + bytes > self.most_bytes || lists.places.len() >= self.most_entries {
            let Some(oldest) = lists.order.first_key_value().map(|(_, key)| *key) else { break };
            lists.remove(&oldest);
            evicted += 1;
        }
        lists.add(&(scope, context), bytes, Asked { key, text, expires_ms, hits: 0 }, &codes);
        drop(lists);
        counters.removed(Cause::Size, evicted);
    }

    /// Whether a question stands under a key, with this end.
    pub(crate) fn has(&self, key: &Key, expires_ms: u64) -> bool {
        self.describe(key).is_some_and(|listed| listed.expires_ms == expires_ms)
    }

    /// The nearest questions of a scope and context, best first: so many at most, none below `least`.
    pub(crate) fn nearest(
        &self,
        scope: Uuid,
        context: &str,
        vector: &[f32],
        least: f32,
        most: usize,
        now_ms: u64,
    ) -> Result<Vec<Candidate>, Miss> {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let list = lists.by_name.get(&(scope, Box::from(context))).ok_or(Miss::Absent)?;
        let mut near: Vec<(&Asked, f32)> = list
            .directions
            .near(vector, least)
            .into_iter()
            .filter_map(|(place, similarity)| Some((list.asked.get(place)?, similarity.min(1.0))))
            .filter(|(asked, _)| asked.expires_ms > now_ms)
            .collect();
        let best_first =
            |(a, of_a): &(&Asked, f32), (b, of_b): &(&Asked, f32)| of_b.total_cmp(of_a).then_with(|| a.key.cmp(&b.key));
        if near.len() > most {
            near.select_nth_unstable_by(most, best_first);
            near.truncate(most);
        }
        near.sort_unstable_by(best_first);
        let candidate = |(asked, similarity): (&Asked, f32)| Candidate {
            key: asked.key,
            text: Arc::clone(&asked.text),
            similarity,
            expires_ms: asked.expires_ms,
        };
        let candidates: Vec<Candidate> = near.into_iter().map(candidate).collect();
        if candidates.is_empty() { Err(Miss::BelowThreshold) } else { Ok(candidates) }
    }

    /// A question's answer was given.
    pub(crate) fn used(&self, key: &Key) {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        let next = lists.next;
        let Some(place) = lists.places.get_mut(key) else { return };
        let before = std::mem::replace(&mut place.number, next);
        let (name, at) = (Arc::clone(&place.list), place.at);
        lists.next += 1;
        lists.order.remove(&before);
        lists.order.insert(next, *key);
        if let Some(asked) = lists.by_name.get_mut(&name).and_then(|list| list.asked.get_mut(at)) {
            asked.hits += 1;
        }
    }

    pub(crate) fn describe(&self, key: &Key) -> Option<Listed> {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let place = lists.places.get(key)?;
        let asked = lists.by_name.get(&place.list)?.asked.get(place.at)?;
        let (scope, context) = &*place.list;
        Some(Listed {
            text: Arc::clone(&asked.text),
            scope: *scope,
            context: context.clone(),
            expires_ms: asked.expires_ms,
            hits: asked.hits,
            bytes: place.bytes,
        })
    }

    /// Removes questions; how many there were.
    pub(crate) fn remove(&self, keys: &[Key]) -> u64 {
        if keys.is_empty() {
            return 0;
        }
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| u64::from(lists.remove(key))).sum()
    }

    pub(crate) fn clear(&self) -> u64 {
        let mut lists = self.lists.write().unwrap_or_else(PoisonError::into_inner);
        let count = lists.places.len() as u64;
        *lists = Lists { next: lists.next, ..Lists::default() };
        count
    }

    /// Removes what expired.
    pub(crate) fn sweep(&self, now_ms: u64, counters: &TierCounters) {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        let expired = |asked: &&Asked| asked.expires_ms <= now_ms;
        let keys: Vec<Key> =
            lists.by_name.values().flat_map(|list| &list.asked).filter(expired).map(|asked| asked.key).collect();
        drop(lists);
        counters.removed(Cause::Expired, self.remove(&keys));
    }

    /// Bytes and entries.
    pub(crate) fn size(&self) -> (u64, u64) {
        let lists = self.lists.read().unwrap_or_else(PoisonError::into_inner);
        (lists.bytes, lists.places.len() as u64)
    }
}

impl Lists {
    fn add(&mut self, name: &Name, bytes: u64, asked: Asked, codes: &[i8]) {
        // Another model's vectors cannot be compared with these: its questions take over.
        if self.by_name.get(name).is_some_and(|list| list.directions.dimensions() != codes.len()) {
            let old: Vec<Key> =
                self.by_name.get(name).into_iter().flat_map(|list| &list.asked).map(|asked| asked.key).collect();
            for key in old {
                self.remove(&key);
            }
        }
        let shared = self.by_name.get_key_value(name).map(|(name, _)| Arc::clone(name));
        let shared = shared.unwrap_or_else(|| Arc::new(name.clone()));
        let new = || List { directions: Directions::new(codes.len()), asked: Vec::new() };
        let list = self.by_name.entry(Arc::clone(&shared)).or_insert_with(new);
        let number = self.next;
        self.next += 1;
        self.order.insert(number, asked.key);
        self.places.insert(asked.key, Place { list: shared, at: list.asked.len(), number, bytes });
        list.directions.push(codes);
        list.asked.push(asked);
        self.bytes += bytes;
    }

    fn remove(&mut self, key: &Key) -> bool {
        let Some(Place { list: name, at, number, bytes }) = self.places.remove(key) else { return false };
        self.bytes -= bytes;
        self.order.remove(&number);
        let Some(list) = self.by_name.get_mut(&name) else { return false };
        list.directions.swap_remove(at);
        list.asked.swap_remove(at);
        if let Some(moved) = list.asked.get(at).and_then(|asked| self.places.get_mut(&asked.key)) {
            moved.at = at;
        }
        if list.asked.is_empty() {
            self.by_name.remove(&name);
        }
        true
    }
}

#[cfg(test)]
mod tests;
