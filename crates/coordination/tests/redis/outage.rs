//! A Redis that is slow, silent, gone, or back again never fails a request, and hardly holds one up.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use coordination::{Coordination, Decision, Limit, RedisUrl, Settings, State, Unavailable};
use fred::interfaces::ClientLike as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::common::{connected, raw, redis, settings, until};
use crate::own::{OwnRedis, free_port};

const MINUTE: Duration = Duration::from_mins(1);
const TIMEOUT: Duration = Duration::from_millis(100);
/// What a busy machine may add to each wait.
const SLACK: Duration = Duration::from_millis(150);

fn quick(url: &str) -> Settings {
    Settings { timeout_ms: 100, ..settings(url) }
}

/// Tries many operations one after the other: how long the slowest took, and all together.
async fn try_many(coordination: &Coordination) -> (Duration, Duration) {
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for number in 0..100 {
        let one = Instant::now();
        assert_eq!(coordination.marks(&[number.to_string()]).await, Err(Unavailable));
        slowest = slowest.max(one.elapsed());
    }
    (slowest, began.elapsed())
}

async fn until_state(coordination: &Coordination, state: State) {
    until(&format!("Redis is {state:?}"), async || coordination.counters().state == state).await;
}

#[tokio::test]
async fn a_redis_that_is_killed_is_done_without_until_it_is_back() {
    let mut redis = OwnRedis::start();
    let coordination = connected(&quick(&redis.url())).await;
    let limit = Limit::per_minute("test", 3);
    assert_eq!(coordination.allow(&limit, "key").await, Decision::Allowed);

    redis.kill();
    // The process's own limit holds, from its beginning.
    for _ in 0..3 {
        assert_eq!(coordination.allow(&limit, "key").await, Decision::Allowed);
    }
    assert!(matches!(coordination.allow(&limit, "key").await, Decision::Refused { .. }));
    let (slowest, all) = try_many(&coordination).await;
    assert!(slowest < TIMEOUT + SLACK && all < 3 * TIMEOUT + SLACK, "{slowest:?} {all:?}");
    let counters = coordination.counters();
    assert_eq!(counters.state, State::Unreachable);
    assert!(counters.failures <= 3 && counters.skipped >= 100, "{counters:?}");
    assert!(!coordination.health().await.reachable);

    redis.restart();
    until_state(&coordination, State::Reachable).await;
    coordination.mark(&["key"], 7, MINUTE).await.unwrap();
    assert_eq!(coordination.marks(&["key"]).await, Ok(Some(7)));
    // Redis has forgotten everything, and its limit holds from its beginning.
    assert_eq!(coordination.allow(&limit, "key").await, Decision::Allowed);
}

#[tokio::test]
async fn a_redis_that_stands_still_costs_three_timeouts_and_then_nothing() {
    let redis = OwnRedis::start();
    let coordination = connected(&quick(&redis.url())).await;
    redis.pause();
    let (slowest, all) = try_many(&coordination).await;
    assert!(slowest >= TIMEOUT && slowest < TIMEOUT + SLACK, "{slowest:?}");
    assert!(all < 3 * TIMEOUT + SLACK, "{all:?}");
    let (_, all) = try_many(&coordination).await;
    assert!(all < SLACK, "{all:?}");
    redis.resume();
    until_state(&coordination, State::Reachable).await;
    coordination.mark(&["key"], 7, MINUTE).await.unwrap();
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_costs_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let held = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            connections.push(connection);
        }
    });
    let coordination = Coordination::start(&quick(&url)).unwrap();
    let (_, all) = try_many(&coordination).await;
    assert!(all < SLACK, "{all:?}");
    until_state(&coordination, State::Unreachable).await;
    let (_, all) = try_many(&coordination).await;
    assert!(all < SLACK, "{all:?}");
    assert_eq!(coordination.allow(&Limit::per_minute("test", 1), "key").await, Decision::Allowed);
    held.abort();
}

#[tokio::test]
async fn a_connection_whose_other_end_is_gone_without_a_word_is_replaced() {
    let mut proxy = Proxy::start(redis()).await;
    let coordination = connected(&quick(&proxy.url)).await;
    assert_eq!(proxy.connections(), 1);
    proxy.freeze();
    until_state(&coordination, State::Unreachable).await;
    until_state(&coordination, State::Reachable).await;
    coordination.mark(&["key"], 7, MINUTE).await.unwrap();
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn a_redis_that_comes_late_is_found() {
    let port = free_port();
    let settings = quick(&format!("redis://127.0.0.1:{port}"));
    let coordination = Coordination::start(&settings).unwrap();
    assert_eq!(coordination.allow(&Limit::per_minute("test", 1), "key").await, Decision::Allowed);
    assert_eq!(coordination.set("key", Bytes::new(), MINUTE).await, Err(Unavailable));
    until_state(&coordination, State::Unreachable).await;
    let _redis = OwnRedis::with(port, &[]);
    until_state(&coordination, State::Reachable).await;
    assert_eq!(coordination.set("key", Bytes::new(), MINUTE).await, Ok(()));
}

#[tokio::test]
async fn a_redis_that_refuses_is_still_there() {
    let redis = OwnRedis::with(free_port(), &["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let coordination = connected(&quick(&redis.url())).await;
    for _ in 0..10 {
        assert_eq!(coordination.set("key", Bytes::new(), MINUTE).await, Err(Unavailable));
    }
    assert_eq!(coordination.get("key").await, Ok(None));
    let counters = coordination.counters();
    assert_eq!((counters.state, counters.failures), (State::Reachable, 10));
    // What Redis does not count, the process does.
    let limit = Limit { burst: NonZeroU32::MIN, ..Limit::per_minute("test", 60) };
    assert_eq!(coordination.allow(&limit, "key").await, Decision::Allowed);
    assert!(matches!(coordination.allow(&limit, "key").await, Decision::Refused { .. }));
}

#[tokio::test]
async fn the_connection_ends_with_the_last_clone() {
    let redis = OwnRedis::start();
    let coordination = connected(&quick(&redis.url())).await;
    let raw = raw(&redis.url()).await;
    let clients = async || {
        let list: String = raw.custom(fred::cmd!("CLIENT"), vec!["LIST"]).await.unwrap();
        list.lines().count()
    };
    let clone = coordination.clone();
    drop(coordination);
    assert!(clone.health().await.reachable);
    assert_eq!(clients().await, 2);
    drop(clone);
    until("one connection is left", async || clients().await == 1).await;
}

/// Stands between a client and Redis, and can let its connections go dead.
struct Proxy {
    url: String,
    connections: Arc<AtomicUsize>,
    frozen: Vec<TcpStream>,
    freeze: tokio::sync::watch::Sender<()>,
    kept: tokio::sync::mpsc::UnboundedReceiver<TcpStream>,
}

impl Proxy {
    async fn start(redis: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let redis = url::Url::parse(&redis).unwrap();
        let mut url = redis.clone();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let target = (redis.host_str().unwrap().to_owned(), redis.port().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (freeze, frozen) = tokio::sync::watch::channel(());
        let (keep, kept) = tokio::sync::mpsc::unbounded_channel();
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut far = TcpStream::connect(target.clone()).await.unwrap();
                let (mut frozen, keep) = (frozen.clone(), keep.clone());
                frozen.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        Ok(()) = frozen.changed() => { let _ = keep.send(near); }
                    }
                });
            }
        });
        Self { url: url.to_string(), connections, frozen: Vec::new(), freeze, kept }
    }

    /// Nothing passes any more on the connections there are, and nobody closes them.
    fn freeze(&mut self) {
        self.freeze.send(()).unwrap();
        self.frozen.extend(std::iter::from_fn(|| self.kept.try_recv().ok()));
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

#[test]
fn settings_that_cannot_work_are_the_only_error() {
    let wrong = Settings { url: Some(RedisUrl::new("mysql://localhost")), ..Settings::default() };
    let error = Coordination::start(&wrong).unwrap_err();
    assert!(error.to_string().starts_with("redis.url must begin with"), "{error}");
}
