//! Random histories of questions, changes and waiting, in two processes: whatever is given is what a fresh computation would
//! give to the one who asks.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use cache::{Backing, Cache, Hit, Key, Lookup, Settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use uuid::Uuid;

use crate::common::{Hands, MINE, Note, YOURS, connected, key, redis_settings, variable};

const QUESTIONS: u8 = 8;
const SOURCES: u8 = 4;

#[derive(Clone, Debug)]
enum What {
    /// Computed before the last so many changes.
    Put {
        changes_ago: u64,
    },
    Get,
    Alike,
    Remove,
    /// Something happens to a source, and perhaps it is forgotten everywhere.
    Change {
        source: u8,
        forget: bool,
    },
    Wait {
        ms: u64,
    },
    Sweep,
    Clear,
}

#[derive(Clone, Debug)]
struct Step {
    process: bool,
    question: u8,
    mine: bool,
    context: bool,
    what: What,
}

fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        8 => (0_u64..3).prop_map(|changes_ago| What::Put { changes_ago }),
        8 => Just(What::Get),
        6 => Just(What::Alike),
        4 => (0..SOURCES, any::<bool>()).prop_map(|(source, forget)| What::Change { source, forget }),
        3 => (0_u64..4_000).prop_map(|ms| What::Wait { ms }),
        2 => Just(What::Sweep),
        1 => Just(What::Remove),
        1 => Just(What::Clear),
    ];
    (any::<bool>(), 0..QUESTIONS, any::<bool>(), any::<bool>(), what)
        .prop_map(|(process, question, mine, context, what)| Step { process, question, mine, context, what })
}

/// So little room and time that everything runs out of both.
fn tight() -> Settings {
    Settings {
        l1_bytes: 4_000,
        l1_entries: 5,
        l1_ttl_s: 5,
        l2_bytes: 8_000,
        l2_ttl_s: 12,
        rag_bytes: 5_000,
        rag_entries: 6,
        rag_ttl_s: 8,
        negative_ttl_s: 2,
        min_similarity: 0.9,
        journal_changes: 6,
        ..Settings::default()
    }
}

/// A world of which values are made: how often something happened to each source.
struct World {
    changes: Vec<u8>,
    /// Which question of whom and in which context a key stands for.
    asked: HashMap<Key, (u8, Uuid, bool)>,
    put_at_ms: HashMap<(Key, String), u64>,
    now_ms: u64,
}

impl World {
    fn sources(question: u8) -> [u8; 2] {
        [question % SOURCES, (question + 1) % SOURCES]
    }

    /// What a computation gave that saw so many changes. Question 0 has no answer as long as nothing happened.
    fn computed(&self, question: u8, scope: Uuid, context: bool, seen: u64) -> Note {
        let seen = self.changes.iter().take(usize::try_from(seen).unwrap());
        let sources = Self::sources(question);
        let versions = sources.map(|source| seen.clone().filter(|change| **change == source).count());
        let nothing = question == 0 && versions == [0, 0];
        let text = if nothing { String::new() } else { format!("{question} of {scope} {context}: {versions:?}") };
        Note::new(&text, &sources.map(|source| u128::from(source) + 1))
    }

    fn present(&self) -> u64 {
        self.changes.len() as u64
    }

    /// As a request does: with the present number come the changes that this process does not have.
    fn tell(&self, cache: &Cache<Note>) {
        let known = usize::try_from(cache.journal().present()).unwrap();
        let missing = self.changes.iter().skip(known);
        let missing = missing.map(|source| Arc::new(Uuid::from_u128(u128::from(*source) + 1))).collect();
        cache.journal().extend(known as u64 + 1, missing).unwrap();
    }

    fn check(&self, hit: &Hit<Note>, scope: Uuid) -> Result<(), TestCaseError> {
        let (question, of, context) = self.asked[&hit.key];
        prop_assert_eq!(of, scope, "a foreign scope");
        prop_assert_eq!(&*hit.value, &self.computed(question, scope, context, self.present()), "an altered value");
        let age_ms = u64::try_from(hit.age.as_millis()).unwrap();
        let most = if hit.value.text.is_empty() { 2_000 } else { 12_000 };
        prop_assert!(age_ms < most, "an expired value");
        let put_at = self.put_at_ms[&(hit.key, hit.value.text.clone())];
        prop_assert!(self.now_ms - age_ms <= put_at, "the age {age_ms}");
        Ok(())
    }
}

async fn live(caches: [Cache<Note>; 2], hands: &Hands, steps: Vec<Step>) -> Result<u64, TestCaseError> {
    let limits = tight();
    let mut world = World { changes: Vec::new(), asked: HashMap::new(), put_at_ms: HashMap::new(), now_ms: 0 };
    let mut hits = 0;
    for cache in &caches {
        world.tell(cache);
    }
    for Step { process, question, mine, context, what } in steps {
        let cache = &caches[usize::from(process)];
        let scope = if mine { MINE } else { YOURS };
        let text = format!("question {question}");
        let name = format!("{question} {scope} {context}");
        let asked = Lookup { key: key(&name), scope, question: &text, present: world.present() };
        let in_context = if context { "simple" } else { "complex" };
        let vector = [1.0, f32::from(question) / 20.0];
        world.asked.insert(asked.key, (question, scope, context));
        world.tell(cache);
        match what {
            What::Put { changes_ago } => {
                let as_of = world.present().saturating_sub(changes_ago);
                let value = world.computed(question, scope, context, as_of);
                world.put_at_ms.insert((asked.key, value.text.clone()), world.now_ms);
                cache.put(&asked, in_context, Some(&vector), as_of, value).await;
            }
            What::Get => {
                if let Some(hit) = cache.get(&asked).await {
                    world.check(&hit, scope)?;
                    hits += 1;
                }
                // Somebody else who has the key by whatever means is given nothing.
                let other = Lookup { scope: if mine { YOURS } else { MINE }, ..asked };
                prop_assert!(cache.get(&other).await.is_none());
            }
            What::Alike => {
                if let Some(hit) = cache.get_alike(&asked, &vector, in_context, &|_, _| Ok(())).await {
                    world.check(&hit, scope)?;
                    prop_assert_eq!(world.asked[&hit.key].2, context, "another context");
                    hits += 1;
                }
            }
            What::Remove => {
                cache.remove(asked.key).await;
                prop_assert!(cache.find(asked.key).await.is_empty());
            }
            What::Change { source, forget } => {
                world.changes.push(source);
                if forget {
                    world.tell(cache);
                    let source = Uuid::from_u128(u128::from(source) + 1);
                    cache.forget_sources(&[source]).await;
                    for key in world.asked.keys() {
                        let left = cache.find(*key).await;
                        prop_assert!(left.iter().all(|left| !left.sources.contains(&source)), "{left:?}");
                    }
                }
            }
            What::Wait { ms } => {
                world.now_ms += ms;
                hands.advance_ms(ms);
            }
            What::Sweep => cache.sweep().await,
            What::Clear => prop_assert!(cache.clear().await.complete),
        }
        let figures = cache.figures();
        prop_assert!(figures.l1.bytes <= limits.l1_bytes && figures.l1.entries <= limits.l1_entries as u64);
        prop_assert!(figures.l2.bytes <= limits.l2_bytes);
        prop_assert!(figures.rag.bytes <= limits.rag_bytes && figures.rag.entries <= limits.rag_entries as u64);
        prop_assert_eq!(figures.l2.failures, 0);
    }
    Ok(hits)
}

/// Lives so many histories, each in two caches that `open` makes.
fn histories(cases: u32, open: &impl AsyncFn(&Hands) -> [Cache<Note>; 2]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let hits = Cell::new(0);
    let lived = runner.run(&proptest::collection::vec(step(), 1..150), |steps| {
        let hands = Hands::new();
        hits.set(hits.get() + runtime.block_on(async { live(open(&hands).await, &hands, steps).await })?);
        Ok(())
    });
    lived.unwrap();
    assert!(hits.get() > u64::from(cases), "{} hits: a history without any says nothing", hits.get());
}

#[test]
fn in_process_nothing_wrong_is_given() {
    histories(300, &async |hands: &Hands| {
        let open = || Cache::open(tight(), Backing::None, hands.clock());
        [open().await, open().await]
    });
}

#[test]
fn on_disk_nothing_wrong_is_given() {
    let directories = RefCell::new(Vec::new());
    histories(40, &async |hands: &Hands| {
        let directory = tempfile::tempdir().unwrap();
        let open = || Cache::open(tight(), Backing::Disk(directory.path().to_owned()), hands.clock());
        let caches = [open().await, open().await];
        directories.borrow_mut().push(directory);
        caches
    });
}

#[test]
fn in_redis_nothing_wrong_is_given() {
    histories(40, &async |hands: &Hands| {
        let settings = redis_settings(&variable("VOICEASSIST_TEST_REDIS"));
        let open = async || {
            let backing = Backing::Shared(connected(&settings).await);
            Cache::open(tight(), backing, hands.clock()).await
        };
        [open().await, open().await]
    });
}
