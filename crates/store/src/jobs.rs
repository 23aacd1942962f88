//! Jobs: rows that are claimed, and that go when their effect is committed.
//!
//! A claim is a lease: the process that holds it extends it while it lives. When a lease runs out, its holder counts as
//! dead and the job is somebody else's; what the old holder still stores of it is refused.

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, ExprTrait as _, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait as _, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use crate::database::Transaction;
pub use crate::entity::job::Model as Job;
use crate::entity::{document, job};
use crate::page::{Page, PageRequest};
use crate::values::{JobKind, JobState};
use crate::{Result, Store};

/// How many jobs there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Waiting.
    pub queued: u64,
    /// In hand.
    pub running: u64,
    /// Given up.
    pub failed: u64,
}

/// Which jobs in hand are nobody's any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orphans {
    /// Those whose lease has run out.
    Expired,
    /// All but this process's own: the others of its data directory are dead.
    AllOthers,
}

/// A job whose process died this often without the job getting any further is given up: probably the job kills it.
const MAX_CRASHES: i32 = 5;

/// How long a claim holds unless it is extended. The clocks of the machines of a cluster must not differ by as much.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);

/// The channel on which PostgreSQL tells workers that there is something to do.
pub(crate) const CHANNEL: &str = "voiceassist_jobs";

impl Store {
    /// Adds a job within the transaction that makes it necessary.
    ///
    /// Its turn makes the queue fair: a person's jobs have increasing turns, and the first job of somebody who has none
    /// waiting gets the turn that is being worked off. Ten thousand files of one person are thus passed by another
    /// one's single file. Source: start-time fair queueing (Goyal, Vin, Cheng 1996) with jobs of equal length.
    pub(crate) async fn enqueue(
        &self,
        transaction: &Transaction,
        kind: JobKind,
        document_id: Uuid,
        owner_id: Uuid,
    ) -> Result<()> {
        let turns = |state: JobState| {
            job::Entity::find()
                .select_only()
                .column(job::Column::Turn)
                .filter(job::Column::Kind.eq(kind))
                .filter(job::Column::State.eq(state))
        };
        let own_last: Option<i64> = turns(JobState::Queued)
            .filter(job::Column::OwnerId.eq(owner_id))
            .order_by_desc(job::Column::Turn)
            .limit(1)
            .into_tuple()
            .one(transaction)
            .await?;
        let mut present: Option<i64> = None;
        for state in [JobState::Running, JobState::Queued] {
            let first = turns(state).filter(job::Column::Crashes.eq(0)).order_by_asc(job::Column::Turn).limit(1);
            let first: Option<i64> = first.into_tuple().one(transaction).await?;
            present = present.into_iter().chain(first).min();
        }
        let turn = Ord::max(own_last.map_or(0, |last| last + 1), present.unwrap_or(0));
        let now = self.clock().now();
        let row = job::ActiveModel {
            id: Set(self.clock().new_id()),
            kind: Set(kind),
            document_id: Set(document_id),
            owner_id: Set(Some(owner_id)),
            state: Set(JobState::Queued),
            turn: Set(turn),
            attempts: Set(0),
            crashes: Set(0),
            run_at: Set(now),
            error: Set(None),
            lease_holder: Set(None),
            lease_until: Set(None),
            created_at: Set(now),
        };
        job::Entity::insert(row).exec_without_returning(transaction).await?;
        self.ring(transaction).await
    }

    /// Wakes the workers of other processes once the transaction is committed.
    async fn ring(&self, transaction: &Transaction) -> Result<()> {
        if !self.is_sqlite() {
            let notify = format!("NOTIFY {CHANNEL}");
            transaction.execute_raw(Statement::from_string(transaction.get_database_backend(), notify)).await?;
        }
        Ok(())
    }

    /// Takes up to `limit` waiting jobs of a kind: those that never crashed a process first, then by turn. A job that
    /// did crash one is taken alone, so that it does not take others down with it.
    pub async fn claim_jobs(&self, kind: JobKind, limit: u64) -> Result<Vec<Job>> {
        let waiting = job::Entity::find()
            .filter(job::Column::State.eq(JobState::Queued))
            .filter(job::Column::Kind.eq(kind))
            .filter(job::Column::RunAt.lte(self.clock().now()))
            .order_by_asc(job::Column::Crashes)
            .order_by_asc(job::Column::Turn)
            .order_by_asc(job::Column::Id);
        // An idle worker looks often; it must not take the write lock each time.
        if waiting.clone().limit(1).one(&self.read("jobs.look")).await?.is_none() {
            return Ok(Vec::new());
        }
        let transaction = self.begin("jobs.claim").await?;
        let mut jobs = waiting
            .limit(limit)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&transaction)
            .await?;
        let together = jobs.iter().take_while(|job| job.crashes == 0).count().max(1);
        jobs.truncate(together);
        let lease_until = self.clock().now() + LEASE;
        job::Entity::update_many()
            .col_expr(job::Column::State, Expr::value("running"))
            .col_expr(job::Column::LeaseHolder, Expr::value(self.worker_id()))
            .col_expr(job::Column::LeaseUntil, Expr::value(lease_until))
            .filter(job::Column::Id.is_in(jobs.iter().map(|job| job.id)))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(jobs)
    }

    /// Extends the leases of the jobs that this process has in hand: it lives.
    pub async fn extend_leases(&self) -> Result<u64> {
        let extended = job::Entity::update_many()
            .col_expr(job::Column::LeaseUntil, Expr::value(self.clock().now() + LEASE))
            .filter(self.in_hand())
            .exec(&self.write("jobs.extend_leases"))
            .await?;
        Ok(extended.rows_affected)
    }

    /// Puts jobs that this process has in hand back, since there is more to do for them; others have their turn before.
    pub async fn release_jobs(&self, ids: &[Uuid]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        job::Entity::update_many()
            .col_expr(job::Column::State, Expr::value("queued"))
            .col_expr(job::Column::LeaseHolder, Expr::value(None::<Uuid>))
            .col_expr(job::Column::Turn, Expr::col(job::Column::Turn).add(1))
            .filter(job::Column::Id.is_in(ids.iter().copied()))
            .filter(self.in_hand())
            .exec(&self.write("jobs.release"))
            .await?;
        Ok(())
    }

    /// Records that a job failed. With `retry_in` it runs again after that time; without, it is given up and its
    /// document is marked as failed with the reason. A job that is another process's by now is left to it.
    pub async fn fail_job(&self, id: Uuid, error: &str, retry_in: Option<TimeDelta>) -> Result<()> {
        let transaction = self.begin("jobs.fail").await?;
        let found = job::Entity::find_by_id(id).filter(self.in_hand()).lock_exclusive().one(&transaction).await?;
        let Some(found) = found else { return Ok(()) };
        let attempts = found.attempts + 1;
        self.end_attempt(&transaction, found, error, retry_in, |row| row.attempts = Set(attempts)).await?;
        transaction.commit().await
    }

    async fn end_attempt(
        &self,
        transaction: &Transaction,
        found: Job,
        error: &str,
        retry_in: Option<TimeDelta>,
        count: impl FnOnce(&mut job::ActiveModel),
    ) -> Result<()> {
        let document_id = found.document_id;
        let mut row: job::ActiveModel = found.into();
        count(&mut row);
        row.error = Set(Some(error.to_owned()));
        row.state = Set(if retry_in.is_some() { JobState::Queued } else { JobState::Failed });
        row.run_at = Set(self.clock().now() + retry_in.unwrap_or_default());
        row.lease_holder = Set(None);
        row.update(transaction).await?;
        if retry_in.is_none() {
            self.fail_document(transaction, document_id, error).await?;
        }
        Ok(())
    }

    async fn fail_document(&self, transaction: &Transaction, id: Uuid, error: &str) -> Result<()> {
        document::Entity::update_many()
            .col_expr(document::Column::Status, Expr::value("failed"))
            .col_expr(document::Column::Error, Expr::value(error))
            .col_expr(document::Column::UpdatedAt, Expr::value(self.clock().now()))
            .filter(document::Column::Id.eq(id))
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// Puts back the jobs that dead processes had in hand, and returns how many. A job that was in hand at too many
    /// deaths is given up.
    pub async fn recover_jobs(&self, orphans: Orphans) -> Result<u64> {
        let orphaned = match orphans {
            Orphans::Expired => job::Column::LeaseUntil.lte(self.clock().now()).into(),
            Orphans::AllOthers => Condition::any()
                .add(job::Column::LeaseHolder.is_null())
                .add(job::Column::LeaseHolder.ne(self.worker_id())),
        };
        let running = job::Entity::find().filter(job::Column::State.eq(JobState::Running)).filter(orphaned);
        if running.clone().limit(1).one(&self.read("jobs.look_for_orphans")).await?.is_none() {
            return Ok(0);
        }
        let transaction = self.begin("jobs.recover").await?;
        // What another process is recovering already is its business.
        let running = running.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&transaction).await?;
        let recovered = running.len() as u64;
        for found in running {
            let crashes = found.crashes + 1;
            let error = format!("the process died {crashes} times while it had this document in hand");
            let retry_in = (crashes < MAX_CRASHES).then(TimeDelta::zero);
            self.end_attempt(&transaction, found, &error, retry_in, |row| row.crashes = Set(crashes)).await?;
        }
        self.ring(&transaction).await?;
        transaction.commit().await?;
        Ok(recovered)
    }

    /// That a job is in this process's hands.
    fn in_hand(&self) -> Condition {
        Condition::all()
            .add(job::Column::State.eq(JobState::Running))
            .add(job::Column::LeaseHolder.eq(self.worker_id()))
    }

    /// Which of these documents another process has in hand: this one's lease of them has run out.
    pub(crate) async fn held_by_others(&self, transaction: &Transaction, document_ids: &[Uuid]) -> Result<Vec<Uuid>> {
        Ok(job::Entity::find()
            .select_only()
            .column(job::Column::DocumentId)
            .filter(job::Column::DocumentId.is_in(document_ids.iter().copied()))
            .filter(job::Column::State.eq(JobState::Running))
            .filter(Expr::col(job::Column::LeaseHolder).ne(self.worker_id()))
            .into_tuple()
            .all(transaction)
            .await?)
    }

    /// How many jobs there are.
    pub async fn count_jobs(&self) -> Result<JobCounts> {
        let rows: Vec<(JobState, i64)> = job::Entity::find()
            .select_only()
            .column(job::Column::State)
            .column_as(job::Column::Id.count(), "count")
            .group_by(job::Column::State)
            .into_tuple()
            .all(&self.read("jobs.count"))
            .await?;
        let mut counts = JobCounts::default();
        for (state, count) in rows {
            let count = u64::try_from(count).unwrap_or_default();
            match state {
                JobState::Queued => counts.queued = count,
                JobState::Running => counts.running = count,
                JobState::Failed => counts.failed = count,
            }
        }
        Ok(counts)
    }

    /// The jobs, newest first.
    pub async fn jobs(&self, request: &PageRequest) -> Result<Page<Job>> {
        let mut query = job::Entity::find().order_by_desc(job::Column::Id).limit(request.capped() + 1);
        if let Some(cursor) = request.cursor {
            query = query.filter(job::Column::Id.lt(cursor));
        }
        Ok(Page::cut(query.all(&self.read("jobs.list")).await?, request.capped(), |job| job.id))
    }
}
