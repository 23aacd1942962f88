//! The first tier: in this process, by the exact key. The least recently used goes first, exactly.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::entry::Entry;
use crate::figures::{Cause, TierCounters};
use crate::{Key, Miss, Value};

/// What an entry takes beside its value: the map, the list, the fields. Each source takes a place in the reverse index.
const ENTRY_BYTES: u64 = 512;
const SOURCE_BYTES: u64 = 96;

/// Entries that are looked at in one go, so that nobody waits long for the lock.
const AT_ONCE: usize = 512;

/// The entries of this process.
#[derive(Debug)]
pub(crate) struct L1<V> {
    lists: Mutex<Lists<V>>,
    most_bytes: u64,
    most_entries: usize,
}

/// A place in the list of residents.
type Place = usize;
const NOWHERE: Place = usize::MAX;

#[derive(Debug)]
struct Lists<V> {
    places: HashMap<Key, Place>,
    residents: Vec<Option<Resident<V>>>,
    free: Vec<Place>,
    /// The most recently used, and the least.
    newest: Place,
    oldest: Place,
    by_source: HashMap<Uuid, HashSet<Place>>,
    bytes: u64,
}

#[derive(Debug)]
struct Resident<V> {
    key: Key,
    entry: Arc<Entry<V>>,
    as_of: u64,
    until_ms: u64,
    bytes: u64,
    hits: u64,
    newer: Place,
    older: Place,
}

/// What was found, before or after it was checked against the changes.
#[derive(Debug)]
pub(crate) struct Found<V> {
    pub(crate) entry: Arc<Entry<V>>,
    /// The last change that it is known to have survived.
    pub(crate) as_of: u64,
    /// When the tier gives it up.
    pub(crate) until_ms: u64,
    /// How often it was found before.
    pub(crate) hits: u64,
    /// What it counts for.
    pub(crate) bytes: u64,
}

impl<V> Clone for Found<V> {
    fn clone(&self) -> Self {
        Self { entry: Arc::clone(&self.entry), ..*self }
    }
}

impl<V: Value> L1<V> {
    pub(crate) fn new(most_bytes: u64, most_entries: usize) -> Self {
        let lists = Lists {
            places: HashMap::new(),
            residents: Vec::new(),
            free: Vec::new(),
            newest: NOWHERE,
            oldest: NOWHERE,
            by_source: HashMap::new(),
            bytes: 0,
        };
        Self { lists: Mutex::new(lists), most_bytes, most_entries }
    }

    /// What stands under a key, if its time is not over and it has this scope. Whoever gives it to somebody says so by
    /// [`L1::used`].
    pub(crate) fn get(&self, key: &Key, scope: Uuid, now_ms: u64, counters: &TierCounters) -> Result<Found<V>, Miss> {
        let mut lists = self.lists();
        let place = *lists.places.get(key).ok_or(Miss::Absent)?;
        let resident = lists.resident(place).ok_or(Miss::Absent)?;
        if resident.entry.scope != scope {
            return Err(Miss::Scope);
        }
        if resident.until_ms <= now_ms {
            lists.remove(place);
            counters.removed(Cause::Expired, 1);
            return Err(Miss::Expired);
        }
        Ok(resident.found())
    }

    /// The same entry was given to somebody, or at least has survived the changes up to `as_of`.
    pub(crate) fn used(&self, key: &Key, entry: &Arc<Entry<V>>, as_of: u64, given: bool) {
        let mut lists = self.lists();
        let Some(place) = lists.place_of(key, entry) else { return };
        if given {
            lists.unlink(place);
            lists.link_newest(place);
        }
        if let Some(resident) = lists.resident_mut(place) {
            resident.as_of = resident.as_of.max(as_of);
            resident.hits += u64::from(given);
        }
    }

    /// What stands under a key, whatever its state.
    pub(crate) fn peek(&self, key: &Key) -> Option<Found<V>> {
        let lists = self.lists();
        lists.resident(*lists.places.get(key)?).map(Resident::found)
    }

    /// Puts an entry under a key, in place of what is there, and makes room for it. An entry that is larger than the whole tier
    /// is not kept.
    pub(crate) fn put(&self, key: Key, entry: &Arc<Entry<V>>, as_of: u64, until_ms: u64, counters: &TierCounters) {
        let sources = entry.value.sources().len() as u64;
        let bytes = ENTRY_BYTES + SOURCE_BYTES * sources + entry.encoded_bytes;
        let mut lists = self.lists();
        if let Some(place) = lists.places.get(&key).copied() {
            lists.remove(place);
        }
        if bytes > self.most_bytes || self.most_entries == 0 {
            return;
        }
        let mut evicted = 0;
        while lists.bytes + bytes > self.most_bytes || lists.places.len() >= self.most_entries {
            let oldest = lists.oldest;
            lists.remove(oldest);
            evicted += 1;
        }
        let entry = Arc::clone(entry);
        lists.add(Resident { key, entry, as_of, until_ms, bytes, hits: 0, newer: NOWHERE, older: NOWHERE });
        drop(lists);
        counters.removed(Cause::Size, evicted);
    }

    /// Removes what stands under a key, if it is this entry; or whatever it is.
    pub(crate) fn remove(&self, key: &Key, entry: Option<&Arc<Entry<V>>>) -> bool {
        let mut lists = self.lists();
        let place = match entry {
            Some(entry) => lists.place_of(key, entry),
            None => lists.places.get(key).copied(),
        };
        place.is_some_and(|place| lists.remove(place).is_some())
    }

    /// Removes what was computed under a key, wherever it stands; how many entries.
    pub(crate) fn remove_computed(&self, key: &Key) -> u64 {
        let mut lists = self.lists();
        let is_it = |resident: &Resident<V>| resident.entry.key == *key;
        let places: Vec<Place> =
            (0..lists.residents.len()).filter(|place| lists.resident(*place).is_some_and(is_it)).collect();
        places.into_iter().filter_map(|place| lists.remove(place)).count() as u64
    }

    /// Removes everything that shows or rests on one of these; the keys that the values were computed under.
    pub(crate) fn forget(&self, sources: &[Uuid]) -> Vec<Key> {
        let mut lists = self.lists();
        let places: HashSet<Place> =
            sources.iter().filter_map(|source| lists.by_source.get(source)).flatten().copied().collect();
        places.into_iter().filter_map(|place| lists.remove(place)).map(|resident| resident.entry.key).collect()
    }

    /// Removes everything.
    pub(crate) fn clear(&self) -> u64 {
        let mut lists = self.lists();
        let count = lists.places.len() as u64;
        let places: Vec<Place> = lists.places.values().copied().collect();
        for place in places {
            lists.remove(place);
        }
        lists.residents.shrink_to(0);
        count
    }

    /// Removes what expired among the next entries from `place` on, and gives those that have not seen the change `present`.
    /// Then comes the place to go on from, until there is none.
    pub(crate) fn sweep(
        &self,
        place: Place,
        now_ms: u64,
        present: u64,
        counters: &TierCounters,
    ) -> (Vec<(Key, Found<V>)>, Option<Place>) {
        let mut lists = self.lists();
        let end = place.saturating_add(AT_ONCE).min(lists.residents.len());
        let mut behind = Vec::new();
        for place in place..end {
            let Some(resident) = lists.resident(place) else { continue };
            if resident.until_ms <= now_ms {
                lists.remove(place);
                counters.removed(Cause::Expired, 1);
            } else if resident.as_of < present {
                behind.push((resident.key, resident.found()));
            }
        }
        (behind, (end < lists.residents.len()).then_some(end))
    }

    /// Bytes and entries.
    pub(crate) fn size(&self) -> (u64, u64) {
        let lists = self.lists();
        (lists.bytes, lists.places.len() as u64)
    }

    fn lists(&self) -> MutexGuard<'_, Lists<V>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Resident<V> {
    fn found(&self) -> Found<V> {
        Found {
            entry: Arc::clone(&self.entry),
            as_of: self.as_of,
            until_ms: self.until_ms,
            hits: self.hits,
            bytes: self.bytes,
        }
    }
}

impl<V: Value> Lists<V> {
    fn resident(&self, place: Place) -> Option<&Resident<V>> {
        self.residents.get(place)?.as_ref()
    }

    fn resident_mut(&mut self, place: Place) -> Option<&mut Resident<V>> {
        self.residents.get_mut(place)?.as_mut()
    }

    fn place_of(&self, key: &Key, entry: &Arc<Entry<V>>) -> Option<Place> {
        let place = *self.places.get(key)?;
        Arc::ptr_eq(&self.resident(place)?.entry, entry).then_some(place)
    }

    fn add(&mut self, resident: Resident<V>) {
        let place = self.free.pop().unwrap_or(self.residents.len());
        self.places.insert(resident.key, place);
        self.bytes += resident.bytes;
        for source in resident.entry.value.sources() {
            self.by_source.entry(*source).or_default().insert(place);
        }
        if place == self.residents.len() {
            self.residents.push(Some(resident));
        } else if let Some(slot) = self.residents.get_mut(place) {
            *slot = Some(resident);
        }
        self.link_newest(place);
    }

    fn remove(&mut self, place: Place) -> Option<Resident<V>> {
        self.resident(place)?;
        self.unlink(place);
        let resident = self.residents.get_mut(place)?.take()?;
        self.free.push(place);
        self.places.remove(&resident.key);
        self.bytes -= resident.bytes;
        for source in resident.entry.value.sources() {
            if let Some(places) = self.by_source.get_mut(source) {
                places.remove(&place);
                if places.is_empty() {
                    self.by_source.remove(source);
                }
            }
        }
        Some(resident)
    }

    fn link_newest(&mut self, place: Place) {
        let second = self.newest;
        if let Some(resident) = self.resident_mut(place) {
            (resident.newer, resident.older) = (NOWHERE, second);
        }
        match self.resident_mut(second) {
            Some(resident) => resident.newer = place,
            None => self.oldest = place,
        }
        self.newest = place;
    }

    fn unlink(&mut self, place: Place) {
        let Some(&Resident { newer, older, .. }) = self.resident(place) else { return };
        match self.resident_mut(newer) {
            Some(resident) => resident.older = older,
            None => self.newest = older,
        }
        match self.resident_mut(older) {
            Some(resident) => resident.newer = newer,
            None => self.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests;
