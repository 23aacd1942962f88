//! The second tier in Redis: what one gateway computed is there for the other.

use std::time::Duration;

use cache::{Backing, Cache, Settings, Tier};
use coordination::Coordination;
use fred::clients::Client;
use fred::interfaces::ClientLike as _;
use fred::types::config::Config;
use uuid::Uuid;

use crate::common::{Hands, MINE, Note, YOURS, connected, key, lookup, opened, redis_settings, text, variable};

const PLAIN: &str = "VOICEASSIST_TEST_REDIS";

async fn two(settings: &Settings, redis: &coordination::Settings, hands: &Hands) -> [Cache<Note>; 2] {
    let open = async || opened(settings.clone(), Backing::Shared(connected(redis).await), hands).await;
    [open().await, open().await]
}

async fn put(cache: &Cache<Note>, question: &str, sources: &[u128]) {
    cache.put(&lookup(question, MINE, 0), "c", Some(&[1.0, 0.0]), 0, Note::new(question, sources)).await;
}

async fn tier(cache: &Cache<Note>, question: &str) -> Option<Tier> {
    cache.get(&lookup(question, MINE, 0)).await.map(|hit| hit.tier)
}

/// Everything that the tier is for.
async fn everything_works(variable_of_redis: &str) {
    let hands = Hands::new();
    let redis = redis_settings(&variable(variable_of_redis));
    let [one, other] = two(&Settings::default(), &redis, &hands).await;
    for question in ["q", "p"] {
        put(&one, question, &[7, 8]).await;
    }
    put(&one, "r", &[9]).await;
    assert_eq!((tier(&other, "q").await, tier(&other, "q").await), (Some(Tier::L2), Some(Tier::L1)));
    assert!(other.get(&lookup("p", YOURS, 0)).await.is_none());
    other.sweep().await;
    assert_eq!(other.figures().rag.entries, 3);
    let alike = other.get_alike(&lookup("s", MINE, 0), &[1.0, 0.0], "c", &|_, _| Ok(())).await;
    assert!(text(alike).is_some());
    other.forget_sources(&[Uuid::from_u128(8)]).await;
    let [_, fresh] = two(&Settings::default(), &redis, &hands).await;
    assert_eq!(
        (tier(&fresh, "q").await, tier(&fresh, "p").await, tier(&fresh, "r").await),
        (None, None, Some(Tier::L2))
    );
    // What was forgotten is not announced either.
    assert_eq!(fresh.figures().rag.entries, 1);
    assert_eq!(fresh.remove(key("r")).await, [Tier::L1, Tier::L2, Tier::Rag]);
    one.put(&lookup("u", MINE, 0), "c", Some(&[0.0, 1.0]), 0, Note::new("u", &[10])).await;
    assert_eq!(
        text(one.get_alike(&lookup("v", MINE, 0), &[0.0, 1.0], "c", &|_, _| Ok(())).await),
        Some("u".to_owned())
    );
    assert_eq!(tier(&fresh, "v").await, Some(Tier::L2), "known by its own words");
    fresh.remove(key("u")).await;
    let [_, fresh] = two(&Settings::default(), &redis, &hands).await;
    assert_eq!((tier(&fresh, "u").await, tier(&fresh, "v").await), (None, None));
    put(&one, "t", &[9]).await;
    let cleared = fresh.clear().await;
    assert_eq!((cleared.l2, cleared.complete, fresh.figures().l2.bytes), (1, true, 0));
    assert!(one.figures().l2.failures + other.figures().l2.failures + fresh.figures().l2.failures == 0);
}

#[tokio::test]
async fn everything_works_on_one_redis() {
    everything_works(PLAIN).await;
}

#[tokio::test]
async fn everything_works_behind_a_sentinel() {
    everything_works("VOICEASSIST_TEST_REDIS_SENTINEL").await;
}

#[tokio::test]
async fn everything_works_on_a_cluster() {
    everything_works("VOICEASSIST_TEST_REDIS_CLUSTER").await;
}

/// What the shelf's books say, and what stands on it.
async fn books(raw: &Client, redis: &coordination::Settings) -> (u64, u64, u64) {
    let script = "local total, shelf = 0, ARGV[1]
        for _, line in ipairs(redis.call('HVALS', shelf .. ':ledger')) do total = total + string.match(line, '^%d+') end
        local values, bytes = redis.call('KEYS', shelf .. ':value:*'), 0
        for _, name in ipairs(values) do bytes = bytes + redis.call('STRLEN', name) end
        return {total, #values, bytes}";
    let shelf = format!("{}{{cache}}", redis.key_prefix);
    let arguments = [script, "0", &shelf].map(str::to_owned).to_vec();
    raw.custom(fred::cmd!("EVAL"), arguments).await.unwrap()
}

async fn raw(url: &str) -> Client {
    let client = Client::new(Config::from_url(url).unwrap(), None, None, None);
    client.init().await.unwrap();
    client
}

async fn names(raw: &Client, redis: &coordination::Settings) -> Vec<String> {
    raw.custom(fred::cmd!("KEYS"), vec![format!("{}*", redis.key_prefix)]).await.unwrap()
}

#[tokio::test]
async fn its_bytes_have_a_limit_and_the_oldest_goes_first() {
    let hands = Hands::new();
    let redis = redis_settings(&variable(PLAIN));
    let raw = raw(&variable(PLAIN)).await;
    let settings = Settings { l2_bytes: 30_000, ..Settings::default() };
    let [one, other] = two(&settings, &redis, &hands).await;
    for number in 0..100 {
        let question = "x".repeat(number * 30);
        put(if number % 2 == 0 { &one } else { &other }, &question, &[7, 8]).await;
        let (booked, values, bytes) = books(&raw, &redis).await;
        let l2 = if number % 2 == 0 { &one } else { &other }.figures().l2;
        assert_eq!((l2.bytes, l2.entries), (booked, values));
        assert!(booked <= 30_000 && bytes < booked, "{booked} {bytes}");
        let newest = one.find(key(&question)).await;
        assert!(newest.iter().any(|found| found.tier == Tier::L2), "{number}");
    }
    assert!(one.figures().l2.evictions.size + other.figures().l2.evictions.size > 60);
    put(&one, &"z".repeat(30_000), &[]).await;
    assert!(one.find(key(&"z".repeat(30_000))).await.iter().all(|found| found.tier != Tier::L2));
    one.clear().await;
    let left = names(&raw, &redis).await;
    let books = [":announcements", ":sequence"];
    assert!(left.iter().all(|name| books.iter().any(|book| name.ends_with(book))), "{left:?}");
}

#[tokio::test]
async fn what_has_expired_leaves_the_books() {
    let hands = Hands::new();
    let redis = redis_settings(&variable(PLAIN));
    let settings = Settings { l2_ttl_s: 1, ..Settings::default() };
    let [one, other] = two(&settings, &redis, &hands).await;
    put(&one, "q", &[7]).await;
    // Redis has a time of its own.
    crate::common::until("its time is over", async || {
        one.sweep().await;
        one.figures().l2.entries == 0
    })
    .await;
    assert_eq!((one.figures().l2.bytes, one.figures().l2.evictions.expired), (0, 1));
    assert_eq!(tier(&other, "q").await, None);
}

#[tokio::test]
async fn without_redis_it_is_a_miss_that_is_counted() {
    let hands = Hands::new();
    let cache = opened(Settings::default(), Backing::Shared(Coordination::alone()), &hands).await;
    put(&cache, "q", &[7]).await;
    assert_eq!((tier(&cache, "q").await, tier(&cache, "p").await), (Some(Tier::L1), None));
    let alike = cache.get_alike(&lookup("s", MINE, 0), &[1.0, 0.0], "c", &|_, _| Ok(())).await;
    assert_eq!(text(alike), Some("q".to_owned()));
    cache.forget_sources(&[Uuid::from_u128(7)]).await;
    cache.sweep().await;
    assert_eq!((tier(&cache, "q").await, cache.figures().l2.misses["failed"]), (None, 2));
    assert!(!cache.clear().await.complete);
    assert!(cache.figures().l2.failures > 2);
}

#[tokio::test]
async fn a_gateway_that_starts_before_redis_answers_learns_the_questions_later() {
    let hands = Hands::new();
    let redis = redis_settings(&variable(PLAIN));
    let [one, _] = two(&Settings::default(), &redis, &hands).await;
    put(&one, "q", &[7]).await;
    let starting = Coordination::start(&redis).unwrap();
    let cache = opened(Settings::default(), Backing::Shared(starting), &hands).await;
    assert_eq!(cache.figures().rag.entries, 0);
    crate::common::until("the question is learned", async || {
        cache.sweep().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        cache.figures().rag.entries == 1
    })
    .await;
}
