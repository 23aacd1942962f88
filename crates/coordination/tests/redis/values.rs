//! Values that one process computed for all.

use std::time::Duration;

use bytes::Bytes;
use coordination::{Coordination, State, Unavailable};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::common::{connected, names, raw, redis, settings, two, until};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_value_of_one_process_is_there_for_the_other_until_it_is_deleted() {
    let settings = settings(&redis());
    let [one, other] = two(&settings).await;
    let question = "What does Anna Schmidt earn?";
    assert_eq!(other.get(question).await, Ok(None));
    let value = Bytes::from_static(b"\xff\0\r\n value");
    one.set(question, value.clone(), MINUTE).await.unwrap();
    one.set("empty", Bytes::new(), MINUTE).await.unwrap();
    assert_eq!(other.get(question).await, Ok(Some(value)));
    assert_eq!(other.get("empty").await, Ok(Some(Bytes::new())));
    let names = names(&raw(&redis()).await, &settings).await;
    assert!(names.len() == 2 && names.iter().all(|name| !name.contains("Anna")), "{names:?}");
    other.delete(&[question, "empty", "never there"]).await.unwrap();
    assert_eq!((one.get(question).await, one.get("empty").await), (Ok(None), Ok(None)));
}

#[tokio::test]
async fn a_value_ends_with_its_time() {
    let coordination = connected(&settings(&redis())).await;
    coordination.set("key", Bytes::from_static(b"value"), Duration::from_millis(30)).await.unwrap();
    until("the value is gone", async || coordination.get("key").await == Ok(None)).await;
    // The shortest time there is.
    coordination.set("key", Bytes::from_static(b"value"), Duration::ZERO).await.unwrap();
    until("the value is gone", async || coordination.get("key").await == Ok(None)).await;
}

#[test]
fn any_key_holds_any_value() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let coordination = runtime.block_on(connected(&settings(&redis())));
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let tested = runner.run(&(any::<String>(), any::<Vec<u8>>()), |(key, value)| {
        let value = Bytes::from(value);
        prop_assert_eq!(runtime.block_on(coordination.set(&key, value.clone(), MINUTE)), Ok(()));
        prop_assert_eq!(runtime.block_on(coordination.get(&key)), Ok(Some(value)));
        Ok(())
    });
    tested.unwrap();
}

#[tokio::test]
async fn without_redis_there_are_no_values() {
    let alone = Coordination::alone();
    assert_eq!(alone.set("key", Bytes::new(), MINUTE).await, Err(Unavailable));
    assert_eq!(alone.get("key").await, Err(Unavailable));
    assert_eq!(alone.delete(&["key"]).await, Err(Unavailable));
    let health = alone.health().await;
    assert_eq!((health.configured, health.reachable, health.round_trip_ms), (false, false, None));
    assert_eq!(alone.counters().state, State::Alone);
}

#[tokio::test]
async fn what_was_done_is_counted() {
    let coordination = connected(&settings(&redis())).await;
    assert_eq!(coordination.counters().operations, 0);
    coordination.set("key", Bytes::new(), MINUTE).await.unwrap();
    coordination.get("key").await.unwrap();
    coordination.mark(&["a", "b", "c"], 1, MINUTE).await.unwrap();
    let counters = coordination.counters();
    assert_eq!((counters.operations, counters.failures, counters.skipped), (3, 0, 0));
    assert_eq!(counters.state, State::Reachable);
    let health = coordination.health().await;
    assert!(health.configured && health.reachable && health.round_trip_ms.is_some_and(|ms| ms > 0.0), "{health:?}");
}
