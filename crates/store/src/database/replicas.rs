//! Read replicas: who is there, how far each has come, and who may read from one.
//!
//! A replica replays the primary's write-ahead log and is behind by a little. Whoever writes marks its keys with the
//! position in the log that a reader of them must see; a reader is given a replica that has come that far, and otherwise
//! the primary. Keys are ids: of an account, of a conversation.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use sea_orm_migration::prelude::async_trait;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use super::queries::Named;
use super::{Settings, postgres, scalar};
use crate::{Reader, Result, Store};

/// How often a replica is asked how far it has come.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a replica may take for an answer before the primary is asked instead.
const PATIENCE: Duration = Duration::from_secs(1);
/// Stands for every document: a deletion is seen by everybody at once.
const ALL_DOCUMENTS: Uuid = Uuid::nil();

/// Where the processes of a cluster tell each other what a reader must see.
#[async_trait::async_trait]
pub trait Marks: Debug + Send + Sync {
    /// Remembers for some minutes that readers of these keys must see this position, or a later one that is known already.
    async fn mark(&self, keys: &[Uuid], position: u64) -> Result<(), MarksUnavailable>;

    /// The latest position among those of the keys, `None` when there is none; an error when nobody can tell.
    async fn marked(&self, keys: &[Uuid]) -> Result<Option<u64>, MarksUnavailable>;
}

/// Nobody can tell what a reader must see: read from the primary.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the marks of fresh writes cannot be read")]
pub struct MarksUnavailable;

/// What is known of a replica.
#[derive(Clone, Debug, Serialize)]
pub struct ReplicaState {
    /// The server and the database, without the password.
    pub place: String,
    /// Whether it answers.
    pub reachable: bool,
    /// Up to which position it has replayed the primary's log; 0 when it does not answer.
    pub replayed: u64,
}

/// The replicas of the database.
#[derive(Debug)]
pub(crate) struct Replicas {
    all: Vec<Replica>,
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Replica {
    place: String,
    connection: DatabaseConnection,
    /// How far it has come; 0 while it is left out.
    replayed: AtomicU64,
    /// Which change of documents it has come to.
    change: AtomicU64,
}

impl Replicas {
    pub(super) fn none() -> Arc<Self> {
        Arc::new(Self { all: Vec::new(), turn: AtomicUsize::new(0) })
    }

    pub(super) async fn connect(settings: &Settings) -> Result<Arc<Self>> {
        let mut all = Vec::with_capacity(settings.replica_urls.len());
        for url in &settings.replica_urls {
            let connection = postgres::connect_lazily(url, settings).await?;
            all.push(Replica {
                place: url.to_string(),
                connection,
                replayed: AtomicU64::new(0),
                change: AtomicU64::new(0),
            });
        }
        let replicas = Arc::new(Self { all, turn: AtomicUsize::new(0) });
        for number in 0..replicas.all.len() {
            // Seen once before the first reader comes; and then until the last one has gone.
            replicas.look_at(number).await;
            tokio::spawn(watch(Arc::downgrade(&replicas), number));
        }
        Ok(replicas)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn states(&self) -> Vec<ReplicaState> {
        let state = |replica: &Replica| {
            let replayed = replica.replayed.load(Ordering::Relaxed);
            ReplicaState { place: replica.place.clone(), reachable: replayed > 0, replayed }
        };
        self.all.iter().map(state).collect()
    }

    /// One that has come at least this far, and to this change of documents, in turn.
    fn at_least(&self, position: u64, change: u64) -> Option<&Replica> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..self.all.len()).filter_map(|step| self.all.get((first + step) % self.all.len()));
        in_turn.into_iter().find(|replica| {
            let replayed = replica.replayed.load(Ordering::Relaxed);
            replayed > 0 && replayed >= position && replica.change.load(Ordering::Relaxed) >= change
        })
    }

    /// Waits until every replica that is read from has come this far; not for ever.
    async fn all_at(&self, position: u64) {
        let behind = |replica: &Replica| (1..position).contains(&replica.replayed.load(Ordering::Relaxed));
        let caught_up = async {
            let mut ticks = interval(LOOK_EVERY / 4);
            while self.all.iter().any(behind) {
                ticks.tick().await;
            }
        };
        if timeout(PATIENCE, caught_up).await.is_err() {
            tracing::warn!(
                "a replica is behind, and nobody can be told: for a moment, some may miss their last writes"
            );
        }
    }

    async fn look_at(&self, number: usize) {
        let Some(replica) = self.all.get(number) else { return };
        match timeout(PATIENCE, how_far(&replica.connection)).await {
            Ok(Ok((position, change))) => replica.came_to(position, change),
            Ok(Err(error)) => replica.leave_out(&error.to_string()),
            Err(_) => replica.leave_out("no answer in time"),
        }
    }
}

/// Up to which position of the log a server has come, and to which change of documents.
async fn how_far(connection: &DatabaseConnection) -> Result<(u64, u64), DbErr> {
    let sql = "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END
        - '0/0'::pg_lsn)::bigint, number FROM change_counter";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("change_counter".to_owned()))?;
    let number = |place| Ok::<_, DbErr>(u64::try_from(row.try_get_by_index::<i64>(place)?).unwrap_or_default());
    Ok((number(0)?, number(1)?))
}

impl Replica {
    fn came_to(&self, position: u64, change: u64) {
        self.change.store(change, Ordering::Relaxed);
        if self.replayed.swap(position, Ordering::Relaxed) == 0 {
            tracing::info!(replica = self.place, "a replica answers and is read from");
        }
    }

    fn leave_out(&self, reason: &str) {
        if self.replayed.swap(0, Ordering::Relaxed) > 0 {
            tracing::warn!(replica = self.place, reason, "a replica is left out until it answers again");
        }
    }
}

/// Looks at a replica now and then, for as long as somebody may read from it.
async fn watch(replicas: Weak<Replicas>, number: usize) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(replicas) = replicas.upgrade() else { return };
        replicas.look_at(number).await;
    }
}

impl Store {
    /// The same store, with replicas that are read from by whoever `marks` lets.
    #[must_use]
    pub fn with_marks(mut self, marks: Arc<dyn Marks>) -> Self {
        self.marks = Some(marks);
        self
    }

    /// What is known of the replicas.
    #[must_use]
    pub fn replicas(&self) -> Vec<ReplicaState> {
        self.replicas.states()
    }

    /// A connection for reading what may be slightly stale, but has every write that was marked with one of the keys.
    pub(crate) async fn read_for(&self, keys: &[Uuid], name: &'static str) -> Reading<'_> {
        Reading { primary: self.read(name), replica: self.replica_for(keys, 0).await, name, store: self }
    }

    /// The same for documents: their deletion is never missed, nor any change that the reader has seen.
    pub(crate) async fn read_documents_for(&self, reader: Reader, name: &'static str) -> Reading<'_> {
        let replica = self.replica_for(&[reader.account_id, ALL_DOCUMENTS], reader.seen).await;
        Reading { primary: self.read(name), replica, name, store: self }
    }

    async fn replica_for(&self, keys: &[Uuid], change: u64) -> Option<&Replica> {
        // Without marks nobody knows what a reader must see.
        let marks = self.marks.as_ref().filter(|_| !self.replicas.is_empty())?;
        let needed = marks.marked(keys).await.ok()?;
        self.replicas.at_least(needed.unwrap_or_default(), change)
    }

    /// Says that readers of these keys must see what was committed by now.
    pub(crate) async fn wrote_for(&self, keys: &[Uuid]) -> Result<()> {
        let Some(marks) = self.marks.as_ref().filter(|_| !self.replicas.is_empty()) else { return Ok(()) };
        let sql = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";
        let position: i64 = scalar(&self.read("replicas.position"), sql).await?;
        let position = u64::try_from(position).unwrap_or_default();
        if marks.mark(keys, position).await.is_err() {
            // Another process may hear of marks while this one cannot tell any: what it does not hear of has to be everywhere.
            self.replicas.all_at(position).await;
        }
        Ok(())
    }

    /// Says that everybody must see which documents are gone.
    pub(crate) async fn deleted_document_of(&self, owner_id: Uuid) -> Result<()> {
        self.wrote_for(&[owner_id, ALL_DOCUMENTS]).await
    }
}

/// A connection to a replica that is fresh enough, or else to the primary. What a replica fails to answer, the primary does.
pub(crate) struct Reading<'a> {
    primary: Named<'a, DatabaseConnection>,
    replica: Option<&'a Replica>,
    name: &'static str,
    store: &'a Store,
}

impl Reading<'_> {
    async fn ask_replica<T>(
        &self,
        statement: &Statement,
        run: impl AsyncFnOnce(&Named<'_, DatabaseConnection>, Statement) -> Result<T, DbErr>,
    ) -> Option<T> {
        let replica = self.replica.filter(|replica| replica.replayed.load(Ordering::Relaxed) > 0)?;
        let connection = Named::new(self.name, &replica.connection, &self.store.queries);
        match timeout(PATIENCE, run(&connection, statement.clone())).await {
            Ok(Ok(rows)) => Some(rows),
            Ok(Err(error)) => {
                replica.leave_out(&error.to_string());
                None
            }
            Err(_) => {
                replica.leave_out("no answer in time");
                None
            }
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reading<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.primary.get_database_backend()
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let run = async |connection: &Named<'_, _>, statement| connection.query_one_raw(statement).await;
        match self.ask_replica(&statement, run).await {
            Some(row) => Ok(row),
            None => self.primary.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let run = async |connection: &Named<'_, _>, statement| connection.query_all_raw(statement).await;
        match self.ask_replica(&statement, run).await {
            Some(rows) => Ok(rows),
            None => self.primary.query_all_raw(statement).await,
        }
    }

    /// Nothing is written through it: a replica would refuse.
    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.primary.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.primary.execute_unprepared(sql).await
    }
}
