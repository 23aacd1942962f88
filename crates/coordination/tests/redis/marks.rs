//! Marks of fresh writes.

use std::time::Duration;

use coordination::{Coordination, Unavailable};
use fred::interfaces::KeysInterface as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use crate::common::{connected, names, raw, redis, settings, two, until};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_greatest_position_is_kept_for_each_key() {
    let [one, other] = two(&settings(&redis())).await;
    assert_eq!(one.marks(&["a", "b"]).await, Ok(None));
    one.mark(&["a", "b"], 7, MINUTE).await.unwrap();
    other.mark(&["b"], 9, MINUTE).await.unwrap();
    other.mark(&["a", "b"], 8, MINUTE).await.unwrap();
    assert_eq!(one.marks(&["a"]).await, Ok(Some(8)));
    assert_eq!(one.marks(&["b"]).await, Ok(Some(9)));
    assert_eq!(other.marks(&["a", "b", "c"]).await, Ok(Some(9)));
    assert_eq!(other.marks(&["c"]).await, Ok(None));
    other.mark(&[""; 0], 10, MINUTE).await.unwrap();
    assert_eq!(other.marks(&[""; 0]).await, Ok(None));
}

#[tokio::test]
async fn positions_are_exact_over_the_whole_range() {
    let coordination = connected(&settings(&redis())).await;
    for position in [0, 9, 10, 1 << 53, (1 << 53) + 1, u64::MAX - 1, u64::MAX] {
        coordination.mark(&["key"], position, MINUTE).await.unwrap();
        assert_eq!(coordination.marks(&["key"]).await, Ok(Some(position)));
    }
}

#[test]
fn whatever_the_order_the_greatest_position_remains() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let processes = runtime.block_on(two(&settings(&redis())));
    let marks = proptest::collection::vec((0..2_usize, any::<u64>()), 1..20);
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let tested = runner.run(&marks, |marks| {
        let key = [Uuid::now_v7().to_string()];
        let told = marks.iter().map(|&(process, position)| {
            let (process, key) = (processes[process].clone(), key.clone());
            runtime.spawn(async move { process.mark(&key, position, MINUTE).await })
        });
        let told = runtime.block_on(futures::future::try_join_all(told.collect::<Vec<_>>())).unwrap();
        prop_assert!(told.iter().all(Result::is_ok));
        let greatest = marks.iter().map(|&(_, position)| position).max();
        prop_assert_eq!(runtime.block_on(processes[0].marks(&key)), Ok(greatest));
        Ok(())
    });
    tested.unwrap();
}

#[tokio::test]
async fn a_mark_ends_with_its_time_and_a_smaller_one_does_not_prolong_it() {
    let settings = settings(&redis());
    let coordination = connected(&settings).await;
    let raw = raw(&redis()).await;
    let lifetime = || async {
        let [name] = names(&raw, &settings).await.try_into().unwrap();
        Duration::from_millis(raw.pttl(name).await.unwrap())
    };
    coordination.mark(&["key"], 7, MINUTE).await.unwrap();
    coordination.mark(&["key"], 6, 60 * MINUTE).await.unwrap();
    assert!(lifetime().await <= MINUTE);
    coordination.mark(&["key"], 7, 2 * MINUTE).await.unwrap();
    assert!(lifetime().await > MINUTE);
    coordination.mark(&["key"], 8, Duration::from_millis(30)).await.unwrap();
    until("the mark is forgotten", async || coordination.marks(&["key"]).await == Ok(None)).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_not_taken_for_nothing() {
    let settings = settings(&redis());
    let coordination = connected(&settings).await;
    coordination.mark(&["key"], 7, MINUTE).await.unwrap();
    let raw = raw(&redis()).await;
    let [name] = names(&raw, &settings).await.try_into().unwrap();
    let () = raw.set(name, "nonsense", None, None, false).await.unwrap();
    assert_eq!(coordination.marks(&["key", "other"]).await, Err(Unavailable));
}

#[tokio::test]
async fn without_redis_nobody_knows() {
    let alone = Coordination::alone();
    assert_eq!(alone.mark(&["key"], 7, MINUTE).await, Err(Unavailable));
    assert_eq!(alone.marks(&["key"]).await, Err(Unavailable));
}
