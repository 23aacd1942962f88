//! Limits that hold across processes.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use coordination::{Coordination, Decision, Limit};
use fred::interfaces::KeysInterface as _;
use fred::types::Expiration;

use crate::common::{connected, names, raw, redis, settings, two, until};

fn limit(per_minute: u32, burst: u32) -> Limit {
    Limit { name: "test", per_minute: NonZeroU32::new(per_minute).unwrap(), burst: NonZeroU32::new(burst).unwrap() }
}

/// How long one who is refused must wait; `None` for one who is allowed.
fn wait(decision: Decision) -> Option<Duration> {
    match decision {
        Decision::Allowed => None,
        Decision::Refused { retry_after } => Some(retry_after),
    }
}

/// By Redis, not by the process's own limit that takes its place.
async fn allow(coordination: &Coordination, limit: &Limit, key: &str) -> Decision {
    let before = coordination.counters();
    let decision = coordination.allow(limit, key).await;
    assert_eq!(coordination.counters().failures + coordination.counters().skipped, before.failures + before.skipped);
    decision
}

#[tokio::test]
async fn two_processes_share_a_limit() {
    let [one, other] = two(&settings(&redis())).await;
    let limit = Limit::per_minute("test", 3);
    for process in [&one, &other, &one] {
        assert_eq!(allow(process, &limit, "anna@example.org").await, Decision::Allowed);
    }
    for process in [&one, &other] {
        let retry_after = wait(allow(process, &limit, "anna@example.org").await).unwrap();
        assert!((15.0..=20.0).contains(&retry_after.as_secs_f64()), "{retry_after:?}");
    }
    assert_eq!(allow(&one, &limit, "berta@example.org").await, Decision::Allowed);
    let other_limit = Limit { name: "other", ..limit };
    assert_eq!(allow(&one, &other_limit, "anna@example.org").await, Decision::Allowed);
}

#[tokio::test]
async fn an_allowance_comes_back_in_time_and_not_before() {
    let coordination = connected(&settings(&redis())).await;
    let limit = limit(300, 2);
    let began = Instant::now();
    while allow(&coordination, &limit, "key").await == Decision::Allowed {}
    let told = wait(allow(&coordination, &limit, "key").await).unwrap();
    assert!(told <= Duration::from_millis(200), "{told:?}");
    until("one more is allowed", async || allow(&coordination, &limit, "key").await == Decision::Allowed).await;
    // Two at once, then one every 200 ms.
    assert!(began.elapsed() >= Duration::from_millis(195), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_burst_is_not_larger_however_many_come_at_once() {
    let processes = two(&settings(&redis())).await;
    let limit = limit(1, 100);
    let attempts = (0..600).map(|number| {
        let process = processes[number % 2].clone();
        tokio::spawn(async move { allow(&process, &limit, "key").await })
    });
    let decisions = futures::future::try_join_all(attempts).await.unwrap();
    assert_eq!(decisions.iter().filter(|&&decision| decision == Decision::Allowed).count(), 100);
}

#[tokio::test]
async fn the_longest_wait_is_an_interval_even_when_the_clock_was_set_back() {
    let settings = settings(&redis());
    let coordination = connected(&settings).await;
    let limit = limit(60, 5);
    assert_eq!(allow(&coordination, &limit, "key").await, Decision::Allowed);
    let raw = raw(&redis()).await;
    let name = names(&raw, &settings).await.pop().unwrap();
    let whole: u64 = raw.get(&name).await.unwrap();
    let hour_us = 3_600_000_000;
    let () = raw.set(&name, (whole + hour_us).to_string(), Some(Expiration::EX(3_600)), None, false).await.unwrap();
    let retry_after = wait(allow(&coordination, &limit, "key").await).unwrap();
    assert_eq!(retry_after, Duration::from_secs(1));
}

#[tokio::test]
async fn an_entry_lives_as_long_as_it_matters_and_names_nobody() {
    let settings = settings(&redis());
    let coordination = connected(&settings).await;
    let limit = limit(60, 5);
    let key = "127.0.0.1 anna@example.org\r\n{weird}";
    let entry = || async {
        assert_eq!(allow(&coordination, &limit, key).await, Decision::Allowed);
        let raw = raw(&redis()).await;
        let [name] = names(&raw, &settings).await.try_into().unwrap();
        let (lifetime_ms, value): (u64, String) = (raw.pttl(&name).await.unwrap(), raw.get(&name).await.unwrap());
        (name, value, lifetime_ms)
    };
    let (name, value, lifetime_ms) = entry().await;
    assert!(name.starts_with(&format!("{}limit:test:", settings.key_prefix)) && !name.contains("anna"), "{name}");
    assert!(value.bytes().all(|byte| byte.is_ascii_digit()), "{value}");
    assert!((500..=1_000).contains(&lifetime_ms), "{lifetime_ms}");
    let (_, _, lifetime_ms) = entry().await;
    assert!((1_000..=2_000).contains(&lifetime_ms), "{lifetime_ms}");
}
