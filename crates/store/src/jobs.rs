//! Jobs: rows that are claimed, and that go when their effect is committed.

use chrono::TimeDelta;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

pub use crate::entity::job::Model as Job;
use crate::entity::{document, job};
use crate::page::{Page, PageRequest};
use crate::values::{DocumentStatus, JobKind, JobState};
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

/// A job whose process died this often without the job getting any further is given up: probably the job kills it.
const MAX_CRASHES: i32 = 5;

impl Store {
    /// Adds a job within the transaction that makes it necessary.
    pub(crate) async fn enqueue(
        &self,
        transaction: &DatabaseTransaction,
        kind: JobKind,
        document_id: Uuid,
    ) -> Result<()> {
        let now = self.clock().now();
        let row = job::ActiveModel {
            id: Set(self.clock().new_id()),
            kind: Set(kind),
            document_id: Set(document_id),
            state: Set(JobState::Queued),
            attempts: Set(0),
            crashes: Set(0),
            run_at: Set(now),
            error: Set(None),
            created_at: Set(now),
        };
        job::Entity::insert(row).exec_without_returning(transaction).await?;
        Ok(())
    }

    /// Takes up to `limit` waiting jobs of a kind: those that never crashed a process first, then the oldest.
    pub async fn claim_jobs(&self, kind: JobKind, limit: u64) -> Result<Vec<Job>> {
        let waiting = job::Entity::find()
            .filter(job::Column::State.eq(JobState::Queued))
            .filter(job::Column::Kind.eq(kind))
            .filter(job::Column::RunAt.lte(self.clock().now()))
            .order_by_asc(job::Column::Crashes)
            .order_by_asc(job::Column::Id)
            .limit(limit);
        // An idle worker looks often; it must not take the write lock each time.
        if waiting.clone().one(self.read()).await?.is_none() {
            return Ok(Vec::new());
        }
        let transaction = self.begin().await?;
        let jobs = waiting.all(&transaction).await?;
        job::Entity::update_many()
            .col_expr(job::Column::State, Expr::value("running"))
            .filter(job::Column::Id.is_in(jobs.iter().map(|job| job.id)))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(jobs)
    }

    /// Puts jobs that are in hand back untouched, for instance when the process is asked to stop.
    pub async fn release_jobs(&self, ids: &[Uuid]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        job::Entity::update_many()
            .col_expr(job::Column::State, Expr::value("queued"))
            .filter(job::Column::Id.is_in(ids.iter().copied()))
            .filter(job::Column::State.eq(JobState::Running))
            .exec(self.write())
            .await?;
        Ok(())
    }

    /// Records that a job failed. With `retry_in` it runs again after that time; without, it is given up and its
    /// document is marked as failed with the reason.
    pub async fn fail_job(&self, id: Uuid, error: &str, retry_in: Option<TimeDelta>) -> Result<()> {
        let transaction = self.begin().await?;
        let Some(found) = job::Entity::find_by_id(id).one(&transaction).await? else { return Ok(()) };
        let now = self.clock().now();
        let (document_id, attempts) = (found.document_id, found.attempts);
        let mut row: job::ActiveModel = found.into();
        row.attempts = Set(attempts + 1);
        row.error = Set(Some(error.to_owned()));
        row.state = Set(if retry_in.is_some() { JobState::Queued } else { JobState::Failed });
        row.run_at = Set(now + retry_in.unwrap_or_default());
        row.update(&transaction).await?;
        if retry_in.is_none() {
            self.fail_document(&transaction, document_id, error).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn fail_document(&self, transaction: &DatabaseTransaction, id: Uuid, error: &str) -> Result<()> {
        let Some(found) = document::Entity::find_by_id(id).one(transaction).await? else { return Ok(()) };
        let mut row: document::ActiveModel = found.into();
        row.status = Set(DocumentStatus::Failed);
        row.error = Set(Some(error.to_owned()));
        row.updated_at = Set(self.clock().now());
        row.update(transaction).await?;
        Ok(())
    }

    /// Puts back the jobs that a dead process had in hand. Call it once, holding the lock for serving. A job that
    /// was in hand at too many deaths is given up.
    pub async fn recover_jobs(&self) -> Result<u64> {
        let running = job::Entity::find().filter(job::Column::State.eq(JobState::Running)).all(self.read()).await?;
        let recovered = running.len() as u64;
        for found in running {
            if found.crashes + 1 >= MAX_CRASHES {
                let error = format!("the process died {MAX_CRASHES} times while it had this document in hand");
                self.fail_job(found.id, &error, None).await?;
            } else {
                let crashes = found.crashes + 1;
                let mut row: job::ActiveModel = found.into();
                row.state = Set(JobState::Queued);
                row.crashes = Set(crashes);
                row.update(self.write()).await?;
            }
        }
        Ok(recovered)
    }

    /// How many jobs there are.
    pub async fn count_jobs(&self) -> Result<JobCounts> {
        let count =
            async |state: JobState| job::Entity::find().filter(job::Column::State.eq(state)).count(self.read()).await;
        Ok(JobCounts {
            queued: count(JobState::Queued).await?,
            running: count(JobState::Running).await?,
            failed: count(JobState::Failed).await?,
        })
    }

    /// The jobs, newest first.
    pub async fn jobs(&self, request: &PageRequest) -> Result<Page<Job>> {
        let mut query = job::Entity::find().order_by_desc(job::Column::Id).limit(request.capped() + 1);
        if let Some(cursor) = request.cursor {
            query = query.filter(job::Column::Id.lt(cursor));
        }
        Ok(Page::cut(query.all(self.read()).await?, request.capped(), |job| job.id))
    }
}
