//! The password of Redis is for Redis alone; and the log tells of losses once.

use std::io;
use std::sync::{Arc, Mutex};

use coordination::{Coordination, State};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use crate::common::{connected, settings, until};
use crate::own::{OwnRedis, free_port};

const PASSWORD: &str = "s3cret-w0rd";

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens on this thread; the tests run on one.
    fn listen() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
        let guard = tracing::subscriber::set_default(subscriber.with_max_level(tracing::Level::TRACE).finish());
        (log, guard)
    }

    fn lines(&self) -> Vec<String> {
        let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        log.lines().filter(|line| line.contains("coordination")).map(ToOwned::to_owned).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn with_password(port: u16, password: &str) -> String {
    format!("redis://:{password}@127.0.0.1:{port}")
}

async fn until_state(coordination: &Coordination, state: State) {
    until(&format!("Redis is {state:?}"), async || coordination.counters().state == state).await;
}

#[tokio::test]
async fn a_loss_and_its_end_are_logged_once_each() {
    let (log, _guard) = Log::listen();
    let port = free_port();
    let mut redis = OwnRedis::with(port, &["--requirepass", PASSWORD]);
    let settings = settings(&with_password(port, PASSWORD));
    let coordination = connected(&settings).await;
    redis.kill();
    until_state(&coordination, State::Unreachable).await;
    for _ in 0..100 {
        assert!(coordination.get("key").await.is_err());
    }
    redis.restart();
    until_state(&coordination, State::Reachable).await;
    let [arrived, lost, returned] = log.lines().try_into().unwrap();
    assert!(arrived.contains("INFO") && arrived.contains("connected to Redis"), "{arrived}");
    assert!(lost.contains("WARN") && lost.contains("Redis does not answer") && lost.contains("reason="), "{lost}");
    assert!(returned.contains("WARN") && returned.contains("Redis answers again"), "{returned}");
    let shown =
        format!("{coordination:?} {settings:?} {} {:?}", serde_json::to_string(&settings).unwrap(), log.lines());
    assert!(!shown.contains(PASSWORD) && shown.contains(&port.to_string()), "{shown}");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let (log, _guard) = Log::listen();
    let port = free_port();
    let _redis = OwnRedis::with(port, &["--requirepass", "another"]);
    let coordination = Coordination::start(&settings(&with_password(port, PASSWORD))).unwrap();
    until("the log tells why", async || log.lines().iter().any(|line| line.contains("WRONGPASS"))).await;
    assert_eq!(coordination.counters().state, State::Unreachable);
    assert!(!log.lines().concat().contains(PASSWORD), "{:?}", log.lines());
}
