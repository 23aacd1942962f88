//! What the tests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache::{Backing, Cache, Clock, Hit, Key, Lookup, Settings, Value};
use coordination::{Coordination, RedisUrl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A value that rests on sources; a change alters it when it is about one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) text: String,
    sources: Vec<Uuid>,
}

impl Note {
    pub(crate) fn new(text: &str, sources: &[u128]) -> Self {
        Self { text: text.to_owned(), sources: sources.iter().map(|id| Uuid::from_u128(*id)).collect() }
    }
}

impl Value for Note {
    type Change = Uuid;

    fn altered_by(&self, change: &Uuid) -> Option<&'static str> {
        self.sources.contains(change).then_some("source")
    }

    fn sources(&self) -> &[Uuid] {
        &self.sources
    }

    fn is_negative(&self) -> bool {
        self.text.is_empty()
    }
}

/// A clock that stands until it is moved. It begins in 2033.
#[derive(Clone, Debug)]
pub(crate) struct Hands(Arc<AtomicU64>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(2_000_000_000_000)))
    }

    pub(crate) fn clock(&self) -> Clock {
        let hands = Arc::clone(&self.0);
        Clock::new(move || hands.load(Ordering::Relaxed))
    }

    pub(crate) fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

pub(crate) const MINE: Uuid = Uuid::from_u128(1);
pub(crate) const YOURS: Uuid = Uuid::from_u128(2);

pub(crate) fn key(name: &str) -> Key {
    Key::builder("test").part("name", name).finish()
}

/// Somebody asks for what has the name of the question.
pub(crate) fn lookup(question: &str, scope: Uuid, present: u64) -> Lookup<'_> {
    Lookup { key: key(question), scope, question, present }
}

/// A cache whose journal begins with the first change.
pub(crate) async fn opened(settings: Settings, backing: Backing, hands: &Hands) -> Cache<Note> {
    let cache = Cache::open(settings, backing, hands.clock()).await;
    cache.journal().extend(1, Vec::new()).unwrap();
    cache
}

/// Something happens to a source.
pub(crate) fn change(cache: &Cache<Note>, source: u128) -> u64 {
    let number = cache.journal().present() + 1;
    cache.journal().extend(number, vec![Arc::new(Uuid::from_u128(source))]).unwrap();
    number
}

pub(crate) fn text(hit: Option<Hit<Note>>) -> Option<String> {
    hit.map(|hit| hit.value.text.clone())
}

/// What `scripts/with_servers.py` says about a server.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run through scripts/with_servers.py, as in `scripts/with_servers.py cargo nextest run …`")
    })
}

/// Settings for a Redis, with keys of their own and a timeout that a busy machine keeps.
pub(crate) fn redis_settings(url: &str) -> coordination::Settings {
    coordination::Settings {
        url: Some(RedisUrl::new(url)),
        timeout_ms: 2_000,
        key_prefix: format!("test-{}:", Uuid::now_v7().simple()),
        ..coordination::Settings::default()
    }
}

/// Starts, and waits until Redis was reached.
pub(crate) async fn connected(settings: &coordination::Settings) -> Coordination {
    let coordination = Coordination::start(settings).unwrap();
    until("Redis is reached", async || coordination.health().await.reachable).await;
    coordination
}

/// Waits for something that takes its time.
pub(crate) async fn until(what: &str, happens: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !happens().await {
        assert!(began.elapsed() < PATIENCE, "it did not happen that {what}");
        tokio::task::yield_now().await;
    }
}
