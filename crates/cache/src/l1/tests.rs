//! The tier against a list of everything.

use proptest::prelude::*;

use super::*;
use crate::testing::Note;

const MOST_BYTES: u64 = 6 * ENTRY_BYTES;
const MOST_ENTRIES: usize = 8;

fn key(number: u8) -> Key {
    Key::from_bytes([number; 32])
}

fn entry(number: u8, scope: u8, bytes: u64, sources: &[u128]) -> Arc<Entry<Note>> {
    Arc::new(Entry {
        key: key(number),
        scope: Uuid::from_u128(scope.into()),
        question: "q".into(),
        context: "c".into(),
        created_ms: 0,
        expires_ms: u64::MAX,
        value: Arc::new(Note::new("text", sources)),
        encoded_bytes: bytes,
    })
}

#[derive(Clone, Debug)]
enum Step {
    Put { number: u8, scope: u8, bytes: u64, sources: Vec<u128>, until_ms: u64 },
    Get { number: u8, scope: u8 },
    Wait { ms: u64 },
    Forget { source: u128 },
    Remove { number: u8 },
    Sweep,
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0_u8..12;
    let scope = 0_u8..2;
    let sources = proptest::collection::vec(0_u128..5, 0..3);
    prop_oneof![
        8 => (number.clone(), scope.clone(), 0_u64..3 * ENTRY_BYTES, sources, 1_u64..60)
            .prop_map(|(number, scope, bytes, sources, until_ms)| Step::Put { number, scope, bytes, sources, until_ms }),
        8 => (number.clone(), scope).prop_map(|(number, scope)| Step::Get { number, scope }),
        2 => (0_u64..8).prop_map(|ms| Step::Wait { ms }),
        1 => (0_u128..5).prop_map(|source| Step::Forget { source }),
        1 => number.prop_map(|number| Step::Remove { number }),
        1 => Just(Step::Sweep),
        1 => Just(Step::Clear),
    ]
}

/// Everything that should be there, the least recently used first.
#[derive(Default)]
struct Model(Vec<(Key, Arc<Entry<Note>>, u64, u64)>);

impl Model {
    fn bytes(&self) -> u64 {
        self.0.iter().map(|(.., bytes)| bytes).sum()
    }

    fn put(&mut self, key: Key, entry: Arc<Entry<Note>>, until_ms: u64) {
        let bytes = ENTRY_BYTES + SOURCE_BYTES * entry.value.sources().len() as u64 + entry.encoded_bytes;
        self.0.retain(|(is, ..)| *is != key);
        if bytes <= MOST_BYTES {
            self.0.push((key, entry, until_ms, bytes));
            while self.bytes() > MOST_BYTES || self.0.len() > MOST_ENTRIES {
                self.0.remove(0);
            }
        }
    }

    fn get(&mut self, key: Key, scope: Uuid, now_ms: u64) -> Result<Arc<Entry<Note>>, Miss> {
        let place = self.0.iter().position(|(is, ..)| *is == key).ok_or(Miss::Absent)?;
        let found = self.0[place].clone();
        if found.1.scope != scope {
            return Err(Miss::Scope);
        }
        self.0.remove(place);
        if found.2 <= now_ms {
            return Err(Miss::Expired);
        }
        self.0.push(found.clone());
        Ok(found.1)
    }
}

proptest! {
    #[test]
    fn it_holds_exactly_what_it_should(steps in proptest::collection::vec(step(), 1..120)) {
        let (l1, counters) = (L1::new(MOST_BYTES, MOST_ENTRIES), TierCounters::new());
        let (mut model, mut now_ms) = (Model::default(), 0);
        for step in steps {
            match step {
                Step::Put { number, scope, bytes, sources, until_ms } => {
                    let entry = entry(number, scope, bytes, &sources);
                    l1.put(key(number), &entry, 0, now_ms + until_ms, &counters);
                    model.put(key(number), entry, now_ms + until_ms);
                }
                Step::Get { number, scope } => {
                    let scope = Uuid::from_u128(scope.into());
                    let found = l1.get(&key(number), scope, now_ms, &counters).map(|found| found.entry);
                    if let Ok(entry) = &found {
                        l1.used(&key(number), entry, 0, true);
                    }
                    let expected = model.get(key(number), scope, now_ms);
                    prop_assert_eq!(found.as_ref().map(Arc::as_ptr), expected.as_ref().map(Arc::as_ptr));
                }
                Step::Wait { ms } => now_ms += ms,
                Step::Forget { source } => {
                    let source = Uuid::from_u128(source);
                    l1.forget(&[source]);
                    model.0.retain(|(_, entry, ..)| !entry.value.sources().contains(&source));
                }
                Step::Remove { number } => {
                    let there = model.0.iter().any(|(is, ..)| *is == key(number));
                    prop_assert_eq!(l1.remove(&key(number), None), there);
                    model.0.retain(|(is, ..)| *is != key(number));
                }
                Step::Sweep => {
                    l1.sweep(0, now_ms, 0, &counters);
                    model.0.retain(|(_, _, until_ms, _)| *until_ms > now_ms);
                }
                Step::Clear => {
                    prop_assert_eq!(l1.clear(), model.0.len() as u64);
                    model.0.clear();
                }
            }
            prop_assert_eq!(l1.size(), (model.bytes(), model.0.len() as u64));
            prop_assert!(model.bytes() <= MOST_BYTES && model.0.len() <= MOST_ENTRIES);
            for (key, entry, ..) in &model.0 {
                prop_assert!(l1.peek(key).is_some_and(|found| Arc::ptr_eq(&found.entry, entry)));
            }
            let lists = l1.lists();
            let listed: usize = lists.by_source.values().map(HashSet::len).sum();
            let sources = |entry: &Entry<Note>| entry.value.sources().iter().collect::<HashSet<_>>().len();
            prop_assert_eq!(listed, model.0.iter().map(|(_, entry, ..)| sources(entry)).sum::<usize>());
        }
    }
}

#[test]
fn a_removed_entry_is_not_taken_for_the_one_that_replaced_it() {
    let (l1, counters) = (L1::new(MOST_BYTES, MOST_ENTRIES), TierCounters::new());
    let (old, new) = (entry(1, 0, 0, &[]), entry(1, 0, 0, &[]));
    l1.put(key(1), &old, 5, 100, &counters);
    l1.put(key(1), &new, 7, 100, &counters);
    assert!(!l1.remove(&key(1), Some(&old)));
    l1.used(&key(1), &old, 9, true);
    let found = l1.peek(&key(1)).unwrap();
    assert_eq!((found.as_of, found.hits), (7, 0));
    l1.used(&key(1), &new, 6, true);
    assert_eq!(l1.peek(&key(1)).unwrap().as_of, 7);
}

#[test]
fn what_was_computed_under_a_key_goes_from_everywhere() {
    let (l1, counters) = (L1::new(MOST_BYTES, MOST_ENTRIES), TierCounters::new());
    let computed = entry(1, 0, 0, &[3]);
    l1.put(key(1), &computed, 0, 100, &counters);
    l1.put(key(2), &computed, 0, 100, &counters);
    l1.put(key(3), &entry(3, 0, 0, &[]), 0, 100, &counters);
    assert_eq!(l1.remove_computed(&key(1)), 2);
    assert_eq!(l1.size().1, 1);
}

#[test]
fn a_sweep_walks_through_all_of_it() {
    let (l1, counters) = (L1::new(u64::MAX, usize::MAX), TierCounters::new());
    let count = AT_ONCE as u64 + 10;
    for number in 0..count {
        let key = Key::builder("k").part("n", &number).finish();
        l1.put(key, &entry(0, 0, 0, &[]), number % 2, 100 + number % 3, &counters);
    }
    let (mut behind, mut next) = (0, Some(0));
    while let Some(place) = next {
        let (found, then) = l1.sweep(place, 101, 1, &counters);
        behind += found.len() as u64;
        next = then;
    }
    let alive = (0..count).filter(|number| number % 3 == 2);
    assert_eq!(
        (behind, l1.size().1),
        (alive.clone().filter(|number| number % 2 == 0).count() as u64, alive.count() as u64)
    );
}
