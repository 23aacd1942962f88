//! The index against a list of everything.

use proptest::prelude::*;

use super::*;
use crate::scan::code;

const DIMENSIONS: usize = 6;

fn key(number: u8) -> Key {
    Key::from_bytes([number; 32])
}

fn name(number: u8) -> (Uuid, &'static str) {
    (Uuid::from_u128((number % 2).into()), if (number / 2).is_multiple_of(2) { "simple" } else { "complex" })
}

fn question(number: u8, list: u8, vector: &[f32], expires_ms: u64) -> Option<Question> {
    let (scope, context) = name(list);
    let text = format!("question {number}").into();
    Some(Question { key: key(number), scope, text, context: context.into(), expires_ms, codes: code(vector)? })
}

fn bytes() -> u64 {
    // Of the longest question and context.
    (QUESTION_BYTES + "question 99".len() + "complex".len() + Directions::bytes_of(DIMENSIONS)) as u64
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / dot(a, a).sqrt() / dot(b, b).sqrt()
}

#[derive(Clone, Debug)]
enum Step {
    Put { number: u8, list: u8, vector: Vec<f32>, expires_ms: u64 },
    Look { list: u8, vector: Vec<f32>, least: f32 },
    Use { number: u8 },
    Remove { number: u8 },
    Wait { ms: u64 },
    Sweep,
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let vector = || {
        proptest::collection::vec(-1.0_f32..1.0, DIMENSIONS)
            .prop_filter("it has a direction", |vector| vector.iter().any(|value| value.abs() > 0.1))
    };
    prop_oneof![
        6 => (0_u8..20, 0_u8..4, vector(), 1_u64..80)
            .prop_map(|(number, list, vector, expires_ms)| Step::Put { number, list, vector, expires_ms }),
        6 => (0_u8..4, vector(), 0.0_f32..1.0).prop_map(|(list, vector, least)| Step::Look { list, vector, least }),
        2 => (0_u8..20).prop_map(|number| Step::Use { number }),
        2 => (0_u8..20).prop_map(|number| Step::Remove { number }),
        2 => (0_u64..8).prop_map(|ms| Step::Wait { ms }),
        1 => Just(Step::Sweep),
        1 => Just(Step::Clear),
    ]
}

struct Known {
    number: u8,
    list: u8,
    vector: Vec<f32>,
    expires_ms: u64,
}

proptest! {
    #[test]
    fn it_finds_exactly_what_is_near_and_of_the_same_scope_and_context(
        steps in proptest::collection::vec(step(), 1..100), most in 1_usize..15,
    ) {
        let most_bytes = bytes() * 10;
        let (questions, counters) = (Questions::new(most_bytes, most), TierCounters::new());
        // The one that was not used for longest is the first.
        let (mut model, mut now_ms) = (Vec::<Known>::new(), 0);
        for step in steps {
            match step {
                Step::Put { number, list, vector, expires_ms } => {
                    let expires_ms = now_ms + expires_ms;
                    questions.put(question(number, list, &vector, expires_ms).unwrap(), &counters);
                    model.retain(|known| known.number != number);
                    model.push(Known { number, list, vector, expires_ms });
                    while model.len() as u64 > questions.size().1 {
                        // Only for want of room.
                        prop_assert!(model.len() > most || model.len() > 10);
                        model.remove(0);
                    }
                }
                Step::Look { list, vector, least } => {
                    let (scope, context) = name(list);
                    let found = questions.nearest(scope, context, &vector, least, 3, now_ms).unwrap_or_default();
                    let in_list = |known: &&Known| name(known.list) == (scope, context) && known.expires_ms > now_ms;
                    let near = |number: &Key| {
                        let known = model.iter().filter(in_list).find(|known| key(known.number) == *number);
                        known.map(|known| cosine(&known.vector, &vector))
                    };
                    prop_assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity));
                    for candidate in &found {
                        let cosine = near(&candidate.key);
                        prop_assert!(cosine.is_some_and(|cosine| (cosine - candidate.similarity).abs() < 0.02));
                        prop_assert!(candidate.similarity >= least - 0.001);
                    }
                    // None that is left out is nearer than one that was found.
                    let worst = if found.len() < 3 { least } else { found[2].similarity };
                    for known in model.iter().filter(in_list) {
                        let left_out = !found.iter().any(|candidate| candidate.key == key(known.number));
                        prop_assert!(!left_out || cosine(&known.vector, &vector) < worst + 0.04);
                    }
                }
                Step::Use { number } => {
                    questions.used(&key(number));
                    if let Some(place) = model.iter().position(|known| known.number == number) {
                        let known = model.remove(place);
                        model.push(known);
                    }
                }
                Step::Remove { number } => {
                    let there = model.iter().any(|known| known.number == number);
                    prop_assert_eq!(questions.remove(&[key(number)]), u64::from(there));
                    model.retain(|known| known.number != number);
                }
                Step::Wait { ms } => now_ms += ms,
                Step::Sweep => {
                    questions.sweep(now_ms, &counters);
                    model.retain(|known| known.expires_ms > now_ms);
                }
                Step::Clear => {
                    prop_assert_eq!(questions.clear(), model.len() as u64);
                    model.clear();
                }
            }
            let (bytes, entries) = questions.size();
            prop_assert!(bytes <= most_bytes && entries <= most as u64);
            prop_assert_eq!(entries, model.len() as u64);
            prop_assert_eq!(bytes == 0, entries == 0);
            for known in &model {
                let listed = questions.describe(&key(known.number));
                prop_assert!(listed.is_some_and(|listed| (listed.scope, &*listed.context) == name(known.list)));
            }
        }
    }
}

#[test]
fn another_models_questions_take_over() {
    let (questions, counters) = (Questions::new(u64::MAX, 10), TierCounters::new());
    questions.put(question(1, 0, &[1.0, 0.0], 10).unwrap(), &counters);
    questions.put(question(2, 1, &[1.0, 0.0], 10).unwrap(), &counters);
    questions.put(question(3, 0, &[1.0, 0.0, 0.0], 10).unwrap(), &counters);
    assert!(questions.describe(&key(1)).is_none() && questions.describe(&key(2)).is_some());
    let (scope, context) = name(0);
    assert_eq!(questions.nearest(scope, context, &[1.0, 0.0], 0.5, 3, 0), Err(Miss::BelowThreshold));
    assert_eq!(questions.nearest(scope, "other", &[1.0, 0.0], 0.5, 3, 0), Err(Miss::Absent));
    assert_eq!(questions.nearest(scope, context, &[1.0, 0.0, 0.0], 0.5, 3, 0).unwrap()[0].key, key(3));
    // Once its time is over, it is not found, swept or not.
    assert_eq!(questions.nearest(scope, context, &[1.0, 0.0, 0.0], 0.5, 3, 10), Err(Miss::BelowThreshold));
}
