//! Housekeeping: what nobody asks for any more is found without being asked for.

use crate::entry::Question;
use crate::figures::Cause;
use crate::tiers::{Cache, Verdict};
use crate::{Key, Tier, Value};

impl<V: Value> Cache<V> {
    /// Housekeeping, once a second or so: removes from this process what expired or what a change altered, and some of what
    /// expired on disk or in Redis; learns the questions that other gateways answered; begins a damaged file anew. A question
    /// whose value is only on disk or in Redis goes when somebody asks, or with its time.
    pub async fn sweep(&self) {
        let tiers = &*self.0;
        if !tiers.settings.enabled {
            return;
        }
        let now_ms = tiers.clock.now_ms();
        self.sweep_l1(now_ms).await;
        tiers.questions.sweep(now_ms, tiers.counters.of(Tier::Rag));
        tiers.popular.sweep(now_ms);
        tiers.l2.tidy(now_ms, tiers.counters.of(Tier::L2)).await;
        self.hear().await;
    }

    async fn sweep_l1(&self, now_ms: u64) {
        let tiers = &*self.0;
        let counters = tiers.counters.of(Tier::L1);
        let mut next = Some(0);
        while let Some(place) = next {
            let present = tiers.journal.present();
            let (behind, then) = tiers.l1.sweep(place, now_ms, present, counters);
            next = then;
            let mut altered: Vec<Key> = Vec::new();
            for (key, found) in behind {
                match tiers.judge(&found.entry.value, found.as_of, 0, true) {
                    Verdict::Holds(as_of) => tiers.l1.used(&key, &found.entry, as_of, false),
                    Verdict::Unknown => {}
                    Verdict::Altered | Verdict::Forgotten => {
                        let removed = tiers.l1.remove(&key, Some(&found.entry));
                        counters.removed(Cause::Invalidated, removed.into());
                        altered.push(found.entry.key);
                    }
                }
            }
            let removed = tiers.questions.remove(&altered);
            tiers.counters.of(Tier::Rag).removed(Cause::Invalidated, removed);
            tokio::task::yield_now().await;
        }
    }

    /// Learns the questions that were answered since it was called last, by whomever.
    pub(crate) async fn hear(&self) {
        let tiers = &*self.0;
        // One at a time is enough.
        let Ok(mut heard) = tiers.heard.try_lock() else { return };
        let now_ms = tiers.clock.now_ms();
        loop {
            let Ok(news) = tiers.l2.news(&heard, tiers.counters.of(Tier::L2)).await else { return };
            if news.questions.is_empty() {
                return;
            }
            *heard = news.position;
            for question in news.questions.iter().filter_map(|bytes| Question::decode(bytes)) {
                if question.expires_ms > now_ms && !tiers.questions.has(&question.key, question.expires_ms) {
                    tiers.questions.put(question, tiers.counters.of(Tier::Rag));
                }
            }
            tokio::task::yield_now().await;
        }
    }
}
