//! Reading from a streaming replica: never what a person's own writes have made stale, and never an error because of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop where it stands")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};
use store::accounts::{Account, NewAccount};
use store::documents::{NewDocument, Stored};
use store::page::PageRequest;
use store::values::Role;
use store::{Clock, DatabaseUrl, Marks, MarksUnavailable, Reader, Settings, Store, Visibility};
use tempfile::TempDir;
use test_servers::Server;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Replaying is paused for the whole server, so these tests take turns.
static REPLICA: AsyncMutex<()> = AsyncMutex::const_new(());

/// Marks of a single process.
#[derive(Debug, Default)]
struct InProcess {
    marks: Mutex<HashMap<Uuid, u64>>,
    unavailable: std::sync::atomic::AtomicBool,
}

#[async_trait::async_trait]
impl Marks for InProcess {
    async fn mark(&self, keys: &[Uuid], position: u64) -> Result<(), MarksUnavailable> {
        let mut marks = self.marks.lock().unwrap();
        for key in keys {
            let mark = marks.entry(*key).or_default();
            *mark = position.max(*mark);
        }
        Ok(())
    }

    async fn marked(&self, keys: &[Uuid]) -> Result<Option<u64>, MarksUnavailable> {
        if self.unavailable.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(MarksUnavailable);
        }
        let marks = self.marks.lock().unwrap();
        Ok(keys.iter().filter_map(|key| marks.get(key)).max().copied())
    }
}

struct Replicated {
    store: Store,
    marks: Arc<InProcess>,
    anna: Account,
    ben: Account,
    replica: DatabaseConnection,
    _directory: TempDir,
}

impl Replicated {
    /// A database whose replica is reached at `through`, or directly.
    async fn new(through: Option<u16>) -> Self {
        let url = test_servers::database(Server::WithVectors).await;
        let on_replica = test_servers::on_replica(&url);
        let replica_url = through.map_or_else(|| on_replica.clone(), |port| with_port(&on_replica, port));
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings {
            url: Some(DatabaseUrl::new(url)),
            replica_urls: vec![DatabaseUrl::new(replica_url)],
            min_connections: 0,
            max_connections: 4,
            ..Settings::default()
        };
        let marks = Arc::new(InProcess::default());
        let store = Store::open(directory.path(), &settings, Clock::System).await.unwrap().with_marks(marks.clone());
        let account = async |name: &str| {
            let (email, name) = (format!("{name}@example.org"), name.to_owned());
            let new = NewAccount { email, name, password_hash: String::new(), role: Role::User };
            store.add_account(new).await.unwrap()
        };
        let (anna, ben) = (account("anna").await, account("ben").await);
        let connected = async || Database::connect(on_replica.clone()).await.ok();
        let replica = until("the replica has the database", connected).await;
        let answering = async || store.replicas().iter().all(|replica| replica.reachable).then_some(());
        until("the replica answers", answering).await;
        Self { store, marks, anna, ben, replica, _directory: directory }
    }

    async fn share(&self, name: &str) -> Uuid {
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(name.bytes()).for_each(|(place, byte)| *place = byte);
        let new = NewDocument {
            owner_id: self.anna.id,
            visibility: Visibility::Shared,
            title: Some(name.to_owned()),
            file_name: name.to_owned(),
            format: "text".to_owned(),
            sha256,
            bytes: name.into(),
        };
        let Stored::Created(document) = self.store.add_document(new).await.unwrap() else { panic!("it is new") };
        document.id
    }

    async fn titles(&self, reader: &Account) -> Vec<String> {
        let request = PageRequest { limit: 10, ..PageRequest::default() };
        let page = self.store.documents(Reader::new(reader.id), &request).await.unwrap();
        page.items.into_iter().map(|document| document.title).collect()
    }

    async fn on_replica(&self, sql: &str) {
        self.replica.execute_unprepared(sql).await.unwrap();
    }
}

#[tokio::test]
async fn a_replica_serves_what_may_be_stale_and_the_primary_what_one_wrote_oneself() {
    let _turn = REPLICA.lock().await;
    let test = Replicated::new(None).await;
    test.share("first").await;
    until("the first arrives", async || (test.titles(&test.ben).await == ["first"]).then_some(())).await;
    test.on_replica("SELECT pg_wal_replay_pause()").await;
    let second = test.share("second").await;
    assert_eq!(test.titles(&test.anna).await, ["second", "first"], "her own");
    assert_eq!(test.titles(&test.ben).await, ["first"], "from the replica");
    // Whether marks can be read or not: nobody gets less than their own writes.
    test.marks.unavailable.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(test.titles(&test.ben).await, ["second", "first"], "from the primary");
    test.marks.unavailable.store(false, std::sync::atomic::Ordering::Relaxed);
    // A deletion is everybody's.
    test.store.delete_document(second).await.unwrap();
    let third = test.share("third").await;
    assert_eq!(test.titles(&test.ben).await, ["third", "first"]);
    assert!(test.store.document(Reader::new(test.ben.id), third).await.unwrap().is_some());
    test.on_replica("SELECT pg_wal_replay_resume()").await;
    until("the replica catches up", async || (test.titles(&test.ben).await == ["third", "first"]).then_some(())).await;
}

#[tokio::test]
async fn a_dead_replica_is_left_out_and_taken_back() {
    let _turn = REPLICA.lock().await;
    let url = test_servers::variable_of_a_server("VOICEASSIST_TEST_PGVECTOR_REPLICA");
    let port: u16 = url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let line = Line::new(port).await;
    let through = line.port;
    let test = Replicated::new(Some(through)).await;
    test.share("first").await;
    drop(line);
    for _ in 0..3 {
        assert_eq!(test.titles(&test.ben).await, ["first"]);
    }
    let reachable = || test.store.replicas()[0].reachable;
    until("it is left out", async || (!reachable()).then_some(())).await;
    assert_eq!(test.titles(&test.ben).await, ["first"]);
    let _line = Line::at(through, port).await;
    until("it is taken back", async || reachable().then_some(())).await;
    until("it is read from", async || (test.titles(&test.ben).await == ["first"]).then_some(())).await;
}

/// A connection to a server that can be cut.
struct Line {
    port: u16,
    task: JoinHandle<()>,
}

impl Line {
    async fn new(server: u16) -> Self {
        Self::at(0, server).await
    }

    async fn at(port: u16, server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let mut conversations = tokio::task::JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                conversations.spawn(async move {
                    let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                    // Either side may end it.
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { port, task }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn with_port(url: &str, port: u16) -> String {
    let (before, after) = url.rsplit_once(':').unwrap();
    format!("{before}:{port}/{}", after.split_once('/').unwrap().1)
}

/// Waits for something that another process brings about.
async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let waited = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waited).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}
