//! What the tests share.

use std::time::{Duration, Instant};

use coordination::{Coordination, RedisUrl, Settings};
use fred::clients::Client;
use fred::interfaces::ClientLike as _;
use fred::types::config::Config;
use uuid::Uuid;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What `scripts/with_servers.py` says about a server.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run through scripts/with_servers.py, as in `scripts/with_servers.py cargo nextest run …`")
    })
}

/// The address of the plain Redis of the tests.
pub(crate) fn redis() -> String {
    variable("VOICEASSIST_TEST_REDIS")
}

/// Settings with keys of their own and a timeout that a busy machine keeps.
pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        url: Some(RedisUrl::new(url)),
        timeout_ms: 2_000,
        key_prefix: format!("test-{}:", Uuid::now_v7().simple()),
        ..Settings::default()
    }
}

/// Starts, and waits until Redis was reached.
pub(crate) async fn connected(settings: &Settings) -> Coordination {
    let coordination = Coordination::start(settings).unwrap();
    until("Redis is reached", async || coordination.health().await.reachable).await;
    coordination
}

/// Two processes, as far as Redis can tell.
pub(crate) async fn two(settings: &Settings) -> [Coordination; 2] {
    [connected(settings).await, connected(settings).await]
}

/// Waits for something that takes its time.
pub(crate) async fn until(what: &str, happens: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !happens().await {
        assert!(began.elapsed() < PATIENCE, "it did not happen that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A connection of the test's own, to look behind the scenes.
pub(crate) async fn raw(url: &str) -> Client {
    let client = Client::new(Config::from_url(url).unwrap(), None, None, None);
    client.init().await.unwrap();
    client
}

/// The names of all entries with the prefix of the settings.
pub(crate) async fn names(raw: &Client, settings: &Settings) -> Vec<String> {
    let pattern = format!("{}*", settings.key_prefix);
    raw.custom(fred::cmd!("KEYS"), vec![pattern]).await.unwrap()
}
