//! What is put into the tiers, and what is taken out of them.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use crate::entry::{Entry, Question};
use crate::figures::Cause;
use crate::flights::{Boarded, LOOK_AGAIN, Lease};
use crate::l1::Found;
use crate::l2::{Place, Record};
use crate::scan::code;
use crate::tiers::{Cache, Tiers, Verdict};
use crate::{Cleared, Described, Flight, Key, Landed, Leader, Lookup, Tier, Value};

impl<V: Value> Cache<V> {
    /// Keeps a value that has seen all changes up to `as_of`, in every tier; by meaning only with a vector. It is not kept, and
    /// that is counted, when the journal does not tell all changes since, or one of them alters it.
    pub async fn put(
        &self,
        lookup: &Lookup<'_>,
        context: &str,
        vector: Option<&[f32]>,
        as_of: u64,
        value: V,
    ) -> Arc<V> {
        let (tiers, value) = (&*self.0, Arc::new(value));
        if !tiers.settings.enabled {
            return value;
        }
        tiers.popular.computed(lookup.key, lookup.question, lookup.scope, context);
        let Some(seen) = tiers.may_keep(&value, as_of) else { return value };
        let (now_ms, negative) = (tiers.clock.now_ms(), value.is_negative());
        let until_ms = |ttl_s| now_ms.saturating_add(tiers.life_ms(ttl_s, negative));
        let entry = Entry {
            key: lookup.key,
            scope: lookup.scope,
            question: lookup.question.into(),
            context: context.into(),
            created_ms: now_ms,
            expires_ms: until_ms(tiers.settings.l2_ttl_s),
            value: Arc::clone(&value),
            encoded_bytes: 0,
        };
        let Some((entry, bytes)) = entry.encode(seen) else { return value };
        let entry = Arc::new(entry);
        let l1_until_ms = until_ms(tiers.settings.l1_ttl_s);
        tiers.l1.put(lookup.key, &entry, seen, l1_until_ms, tiers.counters.of(Tier::L1));
        let last_ms = if tiers.l2.is_there() { l1_until_ms.max(entry.expires_ms) } else { l1_until_ms };
        let question = vector.and_then(code).map(|codes| Question {
            key: lookup.key,
            scope: lookup.scope,
            text: lookup.question.into(),
            context: context.into(),
            expires_ms: until_ms(tiers.settings.rag_ttl_s).min(last_ms),
            codes,
        });
        let record = Record {
            key: lookup.key,
            value: Bytes::from(bytes),
            news: question.as_ref().and_then(Question::encode),
            sources: entry.value.sources().to_vec(),
            expires_ms: entry.expires_ms,
            now_ms,
        };
        tiers.l2.put(record, tiers.counters.of(Tier::L2)).await;
        match question {
            Some(question) => tiers.questions.put(question, tiers.counters.of(Tier::Rag)),
            None => {
                tiers.questions.remove(&[lookup.key]);
            }
        }
        // What happened meanwhile was told to the other tiers before the value was there.
        if tiers.may_keep(&value, seen).is_none() {
            tiers.take_out(&lookup.key, Cause::Invalidated).await;
        }
        value
    }

    /// Makes the asker the one who computes, or waits for who does: in this process, and in the others that share Redis. What
    /// it hands out from others is checked as in [`Cache::get`]. It comes after a miss; who does not want to be given
    /// a cached value leaves it out.
    pub async fn flight(&self, lookup: &Lookup<'_>) -> Flight<V> {
        let tiers = &*self.0;
        loop {
            match tiers.flights.board((lookup.key, lookup.scope), &tiers.counters) {
                Boarded::Follower(mut result) => {
                    let landed = result.wait_for(Option::is_some).await.ok().and_then(|landed| landed.clone());
                    let Some(Landed { value, as_of }) = landed else { continue };
                    if let Verdict::Holds(as_of) = tiers.judge(&value, as_of, lookup.present, true) {
                        tiers.counters.followed.add(1);
                        return Flight::Landed(Landed { value, as_of });
                    }
                }
                Boarded::Leader(leader) => {
                    // Somebody may have landed between the asker's miss and now.
                    if let Ok(found) = tiers.find_in_l1(lookup, tiers.clock.now_ms()) {
                        tiers.counters.followed.add(1);
                        return landed(leader, &found.entry.value, found.as_of);
                    }
                    return tiers.agree(lookup, leader).await;
                }
            }
        }
    }

    /// Removes every value that shows or rests on one of these, from every tier.
    pub async fn forget_sources(&self, sources: &[Uuid]) {
        let tiers = &*self.0;
        let in_l1 = tiers.l1.forget(sources);
        tiers.counters.of(Tier::L1).removed(Cause::Invalidated, in_l1.len() as u64);
        let in_l2 = tiers.l2.forget(sources, tiers.counters.of(Tier::L2)).await;
        tiers.counters.of(Tier::L2).removed(Cause::Invalidated, in_l2.len() as u64);
        let removed = tiers.questions.remove(&[in_l1, in_l2].concat());
        tiers.counters.of(Tier::Rag).removed(Cause::Invalidated, removed);
    }

    /// Removes a value, under whichever key of this process it stands; the tiers that had it.
    pub async fn remove(&self, key: Key) -> Vec<Tier> {
        let origin = self.0.origin(&key).await;
        let mut had = self.0.take_out(&origin, Cause::Removed).await;
        if origin != key {
            had.extend(self.0.take_out(&key, Cause::Removed).await);
        }
        Tier::ALL.into_iter().filter(|tier| had.contains(tier)).collect()
    }

    /// Removes everything from this process, and from the disk or Redis. Other gateways go on with what they hold in process.
    pub async fn clear(&self) -> Cleared {
        let tiers = &*self.0;
        let counted = |tier, count| {
            tiers.counters.of(tier).removed(Cause::Removed, count);
            count
        };
        // The second tier first: it fills the others.
        let in_l2 = tiers.l2.clear(tiers.counters.of(Tier::L2)).await;
        let l2 = counted(Tier::L2, in_l2.unwrap_or_default());
        let (l1, rag) = (counted(Tier::L1, tiers.l1.clear()), counted(Tier::Rag, tiers.questions.clear()));
        tiers.l2.tidy(tiers.clock.now_ms(), tiers.counters.of(Tier::L2)).await;
        Cleared { l1, l2, rag, complete: in_l2.is_ok() }
    }

    /// What each tier has under a key, for "why was this answered from the cache?". Unchecked: it may be an entry that would
    /// not be given any more.
    pub async fn find(&self, key: Key) -> Vec<Described> {
        let tiers = &*self.0;
        let now_ms = tiers.clock.now_ms();
        let describe = |tier, entry: &Entry<V>, as_of, until_ms: u64, bytes, hits| Described {
            tier,
            key: entry.key,
            question: entry.question.to_string(),
            scope: entry.scope,
            context: entry.context.to_string(),
            age_ms: now_ms.saturating_sub(entry.created_ms),
            ttl_left_ms: until_ms.saturating_sub(now_ms),
            as_of,
            bytes,
            hits,
            sources: entry.value.sources().to_vec(),
        };
        let mut all = Vec::new();
        if let Some(found) = tiers.l1.peek(&key) {
            all.push(describe(Tier::L1, &found.entry, found.as_of, found.until_ms, found.bytes, Some(found.hits)));
        }
        if let Ok(Some(bytes)) = tiers.l2.get(&key).await
            && let Some((entry, as_of)) = Entry::<V>::decode(&key, &bytes)
        {
            all.push(describe(Tier::L2, &entry, as_of, entry.expires_ms, entry.encoded_bytes, None));
        }
        if let Some(listed) = tiers.questions.describe(&key) {
            let value = all.last();
            all.push(Described {
                tier: Tier::Rag,
                key,
                question: listed.text.to_string(),
                scope: listed.scope,
                context: listed.context.to_string(),
                age_ms: value.map_or(0, |value| value.age_ms),
                ttl_left_ms: listed.expires_ms.saturating_sub(now_ms),
                as_of: value.map_or(0, |value| value.as_of),
                bytes: listed.bytes,
                hits: Some(listed.hits),
                sources: value.map(|value| value.sources.clone()).unwrap_or_default(),
            });
        }
        all
    }
}

impl<V: Value> Tiers<V> {
    /// Up to which change a value holds that has seen those up to `as_of`; `None`, which is counted, if it is not to be kept.
    fn may_keep(&self, value: &V, as_of: u64) -> Option<u64> {
        match self.judge(value, as_of, 0, true) {
            Verdict::Holds(seen) => return Some(seen),
            Verdict::Altered => self.counters.refused_as_altered.add(1),
            Verdict::Forgotten | Verdict::Unknown => self.counters.too_old.add(1),
        }
        None
    }

    /// What was computed under one key, also under that of a question that says the same: it does not come from there again
    /// when it is removed, altered or over.
    pub(crate) async fn put_alias(&self, key: Key, found: &Found<V>, until_ms: u64, now_ms: u64) {
        let entry = &found.entry;
        let Some(bytes) = entry.encoded(&key, found.as_of).filter(|_| self.l2.is_there()) else { return };
        let record = Record {
            key,
            value: Bytes::from(bytes),
            news: None,
            sources: [entry.value.sources(), &[alias_source(&entry.key)]].concat(),
            expires_ms: entry.expires_ms.min(until_ms),
            now_ms,
        };
        self.l2.put(record, self.counters.of(Tier::L2)).await;
    }

    /// The key that what stands under a key was computed under.
    async fn origin(&self, key: &Key) -> Key {
        if let Some(found) = self.l1.peek(key) {
            return found.entry.key;
        }
        let bytes = self.l2.get(key).await.ok().flatten();
        bytes.and_then(|bytes| Entry::<V>::decode(key, &bytes)).map_or(*key, |(entry, _)| entry.key)
    }

    /// Removes what was computed under a key from every tier; those that had it.
    async fn take_out(&self, key: &Key, cause: Cause) -> Vec<Tier> {
        let of_l2 = self.counters.of(Tier::L2);
        let in_l2 = u64::from(self.l2.remove(key, of_l2).await);
        let aliases = self.l2.forget(&[alias_source(key)], of_l2).await;
        let removed = [
            (Tier::L1, self.l1.remove_computed(key)),
            (Tier::L2, in_l2 + aliases.len() as u64),
            (Tier::Rag, self.questions.remove(&[*key])),
        ];
        for (tier, count) in removed {
            self.counters.of(tier).removed(cause, count);
        }
        removed.into_iter().filter(|(_, count)| *count > 0).map(|(tier, _)| tier).collect()
    }

    /// The leaders of several gateways agree on who computes.
    async fn agree(&self, lookup: &Lookup<'_>, leader: Leader<V>) -> Flight<V> {
        let Place::Shared(shared) = self.l2.place() else { return self.lead(leader) };
        let holder = Uuid::now_v7();
        loop {
            let leased = shared.lease(&lookup.key, &holder, self.settings.flight_lease()).await;
            // Without Redis everybody computes.
            let Ok(leased) = leased else { return self.lead(leader) };
            // The one who had the lease may have put the value there before it gave it back.
            if let Ok(found) = self.find_in_l2(lookup, self.clock.now_ms()).await {
                if leased {
                    // At the worst it ends with its time.
                    let _ = shared.release(&lookup.key, &holder).await;
                }
                self.counters.followed_elsewhere.add(1);
                return landed(leader, &found.entry.value, found.as_of);
            }
            if leased {
                let lease = Lease { shared: shared.clone(), key: lookup.key, holder };
                return self.lead(leader.with(lease));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn lead(&self, leader: Leader<V>) -> Flight<V> {
        self.counters.led.add(1);
        Flight::Leader(leader)
    }
}

/// By which what stands under other keys as well is removed together.
fn alias_source(key: &Key) -> Uuid {
    let mut id = [0; 16];
    id.iter_mut().zip(key.as_bytes()).for_each(|(to, from)| *to = *from);
    Uuid::from_bytes(id)
}

/// Hands what was found to everybody who waits.
fn landed<V>(leader: Leader<V>, value: &Arc<V>, as_of: u64) -> Flight<V> {
    leader.finish(as_of, Arc::clone(value));
    Flight::Landed(Landed { value: Arc::clone(value), as_of })
}
