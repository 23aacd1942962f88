//! The order in which the tiers are asked, and how a hit fills those above.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coordination::Coordination;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::entry::Entry;
use crate::figures::{Cause, Counters, JournalFigures};
use crate::flights::Flights;
use crate::l1::{Found, L1};
use crate::l2::L2;
use crate::popular::PopularQuestions;
use crate::questions::{Candidate, Questions};
use crate::{Clock, Figures, Hit, Journal, Key, Lookup, Miss, Popular, Settings, Tier, Value};

/// Where the second tier keeps its entries. One cache to a directory, or to a prefix of Redis.
#[derive(Clone, Debug)]
pub enum Backing {
    /// In a file `cache.db` in this directory.
    Disk(PathBuf),
    /// In Redis, for all gateways.
    Shared(Coordination),
    /// Nowhere: there is no second tier.
    None,
}

/// Questions by meaning that are tried at most.
const CANDIDATES: usize = 8;

/// The three tiers. Cheap to clone.
pub struct Cache<V: Value>(pub(crate) Arc<Tiers<V>>);

pub(crate) struct Tiers<V: Value> {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) journal: Journal<V::Change>,
    pub(crate) l1: L1<V>,
    pub(crate) l2: L2,
    pub(crate) questions: Questions,
    pub(crate) popular: PopularQuestions,
    pub(crate) flights: Arc<Flights<V>>,
    pub(crate) counters: Arc<Counters>,
    /// How far the questions of others were read.
    pub(crate) heard: Mutex<String>,
}

/// Whether a value may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has survived all changes up to this one.
    Holds(u64),
    /// A change altered it.
    Altered,
    /// Nobody can tell, and never will.
    Forgotten,
    /// The journal does not reach what the asker must see, or what the value has seen.
    Unknown,
}

impl<V: Value> Cache<V> {
    /// Opens the cache. Whatever is wrong with the disk or Redis, it opens: the second tier is empty then, or does not answer.
    pub async fn open(settings: Settings, backing: Backing, clock: Clock) -> Self {
        let backing = if settings.enabled { backing } else { Backing::None };
        let l2 = L2::open(backing, &settings).await;
        let cache = Self(Arc::new(Tiers {
            journal: Journal::new(settings.journal_changes, settings.journal_bytes, V::change_bytes),
            l1: L1::new(settings.l1_bytes, settings.l1_entries),
            l2,
            questions: Questions::new(settings.rag_bytes, settings.rag_entries),
            popular: PopularQuestions::new(settings.popular_questions),
            flights: Arc::new(Flights::new()),
            counters: Arc::new(Counters::new()),
            heard: Mutex::new(String::new()),
            settings,
            clock,
        }));
        cache.hear().await;
        cache.0.l2.tidy(cache.0.clock.now_ms(), cache.0.counters.of(Tier::L2)).await;
        cache
    }

    /// What has happened lately. The caller brings it up to [`Lookup::present`] before a lookup; as long as nobody has told it
    /// where the numbers stand, nothing is kept or given.
    #[must_use]
    pub fn journal(&self) -> &Journal<V::Change> {
        &self.0.journal
    }

    /// The value under a key: from this process, or else from the disk or Redis, which fills this process. It is checked
    /// against the clock, the scope and every change that it has not seen; one that a change alters is removed from where
    /// it was. Counts as a question.
    pub async fn get(&self, lookup: &Lookup<'_>) -> Option<Hit<V>> {
        let tiers = &*self.0;
        if !tiers.settings.enabled {
            return None;
        }
        tiers.counters.questions.add(1);
        let began = Instant::now();
        let now_ms = tiers.clock.now_ms();
        let found = tiers.find_in_l1(lookup, now_ms);
        tiers.counters.of(Tier::L1).looked_up(began, &found);
        if let Ok(found) = found {
            return Some(tiers.hit(&found, Tier::L1, now_ms));
        }
        if tiers.l2.is_there() {
            let began = Instant::now();
            let found = tiers.find_in_l2(lookup, now_ms).await;
            tiers.counters.of(Tier::L2).looked_up(began, &found);
            if let Ok(found) = found {
                return Some(tiers.hit(&found, Tier::L2, now_ms));
            }
        }
        tiers.popular.asked(&lookup.key);
        None
    }

    /// Whether [`Cache::get`] would find a value; it counts for nothing.
    pub async fn holds(&self, lookup: &Lookup<'_>) -> bool {
        let tiers = &*self.0;
        let now_ms = tiers.clock.now_ms();
        tiers.settings.enabled
            && (tiers.find_in_l1(lookup, now_ms).is_ok()
                || tiers.l2.is_there() && tiers.find_in_l2(lookup, now_ms).await.is_ok())
    }

    /// The value of the nearest stored question of the same scope and context that `same` (stored question, cosine
    /// similarity) says to be the same question, or why not. At most eight are tried, nearest first, none below
    /// `min_similarity`; their values are checked as in [`Cache::get`]. A hit fills this process and the second tier under the
    /// asker's own key.
    pub async fn get_alike(
        &self,
        lookup: &Lookup<'_>,
        vector: &[f32],
        context: &str,
        same: &(dyn Fn(&str, f32) -> Result<(), &'static str> + Sync),
    ) -> Option<Hit<V>> {
        let tiers = &*self.0;
        if !tiers.settings.enabled {
            return None;
        }
        let began = Instant::now();
        let now_ms = tiers.clock.now_ms();
        let found = tiers.find_alike(lookup, vector, context, same, now_ms).await;
        tiers.counters.of(Tier::Rag).looked_up(began, &found);
        let (found, Candidate { key, text, similarity, .. }) = found.ok()?;
        tiers.questions.used(&key);
        let hit = tiers.hit(&found, Tier::Rag, now_ms);
        Some(Hit { similarity: Some(similarity), question: Some(text.to_string()), ..hit })
    }

    /// The stored questions of the same scope and context that are nearest, with their cosine similarities, nearest first. It
    /// counts for nothing.
    #[must_use]
    pub fn nearest(&self, lookup: &Lookup<'_>, vector: &[f32], context: &str, count: usize) -> Vec<(String, f32)> {
        let tiers = &*self.0;
        let now_ms = tiers.clock.now_ms();
        let nearest = tiers.questions.nearest(lookup.scope, context, vector, -1.0, count, now_ms).unwrap_or_default();
        nearest.into_iter().map(|candidate| (candidate.text.to_string(), candidate.similarity)).collect()
    }

    /// How well it works.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let Tiers { journal, l1, l2, questions, counters, .. } = &*self.0;
        let journal =
            JournalFigures { present: journal.present(), changes: journal.len() as u64, bytes: journal.bytes() };
        counters.figures([l1.size(), l2.size(), questions.size()], journal)
    }

    /// Of the questions that are asked most, those of a scope that this process has no value for, best first; but for those
    /// that were [tried](Self::tried) since somebody asked.
    #[must_use]
    pub fn missing(&self, scope: Uuid, count: usize) -> Vec<Popular> {
        let Tiers { popular, l1, .. } = &*self.0;
        popular.best_of(count, |popular| popular.scope == scope && l1.peek(&popular.key).is_none())
    }

    /// Says that the value of a question was computed in vain.
    pub fn tried(&self, key: Key) {
        self.0.popular.tried(&key);
    }

    /// The questions that are asked most, best first; they are remembered when their values are gone.
    #[must_use]
    pub fn popular(&self, count: usize) -> Vec<Popular> {
        self.0.popular.best(count)
    }
}

impl<V: Value> Tiers<V> {
    /// From this process. It does not count.
    pub(crate) fn find_in_l1(&self, lookup: &Lookup<'_>, now_ms: u64) -> Result<Found<V>, Miss> {
        let counters = self.counters.of(Tier::L1);
        let found = self.l1.get(&lookup.key, lookup.scope, now_ms, counters)?;
        // What this process has was put there by this process: it can be ahead of the journal for a moment.
        match self.judge(&found.entry.value, found.as_of, lookup.present, true) {
            Verdict::Holds(as_of) => {
                self.l1.used(&lookup.key, &found.entry, as_of, true);
                Ok(Found { as_of, ..found })
            }
            Verdict::Unknown => Err(Miss::TooOld),
            verdict => {
                let removed = self.l1.remove(&lookup.key, Some(&found.entry));
                counters.removed(Cause::Invalidated, removed.into());
                Err(if verdict == Verdict::Altered { Miss::Invalidated } else { Miss::TooOld })
            }
        }
    }

    /// From the disk or Redis, into this process. It does not count.
    pub(crate) async fn find_in_l2(&self, lookup: &Lookup<'_>, now_ms: u64) -> Result<Found<V>, Miss> {
        let (key, counters) = (&lookup.key, self.counters.of(Tier::L2));
        let bytes = self.l2.get(key).await.map_err(|_| Miss::Failed)?.ok_or(Miss::Absent)?;
        let Some((entry, as_of)) = Entry::<V>::decode(key, &bytes) else {
            counters.failed();
            self.l2.remove(key, counters).await;
            return Err(Miss::Absent);
        };
        if entry.scope != lookup.scope {
            return Err(Miss::Scope);
        }
        if entry.expires_ms <= now_ms {
            let removed = self.l2.remove(key, counters).await;
            counters.removed(Cause::Expired, removed.into());
            return Err(Miss::Expired);
        }
        match self.judge(&entry.value, as_of, lookup.present, false) {
            Verdict::Holds(as_of) => {
                let until_ms = entry.expires_ms.min(now_ms.saturating_add(self.life_ms(self.settings.l1_ttl_s, false)));
                let entry = Arc::new(entry);
                self.l1.put(*key, &entry, as_of, until_ms, self.counters.of(Tier::L1));
                Ok(Found { entry, as_of, until_ms, hits: 0, bytes: 0 })
            }
            Verdict::Unknown => Err(Miss::TooOld),
            verdict => {
                let removed = self.l2.remove(key, counters).await;
                counters.removed(Cause::Invalidated, removed.into());
                Err(if verdict == Verdict::Altered { Miss::Invalidated } else { Miss::TooOld })
            }
        }
    }

    /// By meaning, into this process under the asker's key. It does not count, except why candidates were refused.
    async fn find_alike(
        &self,
        lookup: &Lookup<'_>,
        vector: &[f32],
        context: &str,
        same: &(dyn Fn(&str, f32) -> Result<(), &'static str> + Sync),
        now_ms: u64,
    ) -> Result<(Found<V>, Candidate), Miss> {
        let least = self.settings.min_similarity;
        let mut candidates = self.questions.nearest(lookup.scope, context, vector, least, CANDIDATES, now_ms)?;
        candidates.retain(|candidate| match same(&candidate.text, candidate.similarity) {
            Ok(()) => true,
            Err(reason) => {
                self.counters.guarded(reason);
                false
            }
        });
        let mut miss = Miss::Guard;
        for candidate in candidates {
            let stored = Lookup { key: candidate.key, question: &candidate.text, ..*lookup };
            let mut found = self.find_in_l1(&stored, now_ms);
            if found.is_err() && self.l2.is_there() {
                found = self.find_in_l2(&stored, now_ms).await;
            }
            // What stands under the key now may be another one's than the question that was compared.
            let found = found.and_then(|found| {
                let fits = *found.entry.context == *context && *found.entry.question == *candidate.text;
                if fits { Ok(found) } else { Err(Miss::Absent) }
            });
            match found {
                Ok(found) => {
                    let until_ms = found.until_ms.min(candidate.expires_ms);
                    let until_ms = until_ms.min(now_ms.saturating_add(self.life_ms(self.settings.l1_ttl_s, false)));
                    self.l1.put(lookup.key, &found.entry, found.as_of, until_ms, self.counters.of(Tier::L1));
                    self.put_alias(lookup.key, &found, candidate.expires_ms, now_ms).await;
                    return Ok((found, candidate));
                }
                Err(Miss::Failed) => miss = Miss::Failed,
                Err(why) => {
                    // A question without an answer is of no use.
                    let removed = self.questions.remove(&[candidate.key]);
                    self.counters.of(Tier::Rag).removed(cause_of(why), removed);
                    miss = why;
                }
            }
        }
        Err(miss)
    }

    /// Whether a value that has seen the changes up to `as_of` may be given to somebody who must see those up to `present`.
    /// `ahead` says whether it may have seen changes that the journal does not know yet.
    pub(crate) fn judge(&self, value: &V, as_of: u64, present: u64, ahead: bool) -> Verdict {
        let Some(known) = self.journal.known().filter(|known| *known >= present) else { return Verdict::Unknown };
        if as_of > known && !ahead {
            return Verdict::Unknown;
        }
        if as_of >= known {
            return Verdict::Holds(as_of);
        }
        let Some((changes, known)) = self.journal.until_present(as_of) else { return Verdict::Forgotten };
        match changes.iter().find_map(|change| value.altered_by(change)) {
            Some(why) => {
                self.counters.altered(why);
                Verdict::Altered
            }
            None => Verdict::Holds(known.max(as_of)),
        }
    }

    fn hit(&self, found: &Found<V>, tier: Tier, now_ms: u64) -> Hit<V> {
        let entry = &found.entry;
        self.popular.asked(&entry.key);
        Hit {
            value: Arc::clone(&entry.value),
            tier,
            age: Duration::from_millis(now_ms.saturating_sub(entry.created_ms)),
            similarity: None,
            question: None,
            key: entry.key,
        }
    }

    /// How long something is kept, by the time of its tier.
    pub(crate) fn life_ms(&self, ttl_s: u64, is_negative: bool) -> u64 {
        let ttl_s = if is_negative { ttl_s.min(self.settings.negative_ttl_s) } else { ttl_s };
        ttl_s.saturating_mul(1_000)
    }
}

/// Why a question is of no use any more.
fn cause_of(miss: Miss) -> Cause {
    match miss {
        Miss::Expired => Cause::Expired,
        Miss::Invalidated | Miss::TooOld => Cause::Invalidated,
        _ => Cause::Removed,
    }
}

impl<V: Value> Clone for Cache<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: Value> fmt::Debug for Cache<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
