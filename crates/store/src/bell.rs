//! Being woken when another process enqueues a job.

use sea_orm::sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use crate::jobs::CHANNEL;
use crate::{Error, Result, Store};

/// Rings when a process of the cluster has enqueued a job.
#[derive(Debug)]
pub struct JobBell(PgListener);

impl Store {
    /// The bell of this database's jobs. `None` for `SQLite`, which other processes cannot ring: look now and then.
    pub async fn job_bell(&self) -> Result<Option<JobBell>> {
        let Some(url) = &self.settings().url else { return Ok(None) };
        // A connection of its own, which it keeps: the pool's are for those who give them back.
        let options: PgConnectOptions = url.secret().parse().map_err(Error::Listening)?;
        let pool =
            PgPoolOptions::new().max_connections(1).connect_lazy_with(options.application_name("voiceassist bell"));
        let mut listener = PgListener::connect_with(&pool).await.map_err(Error::Listening)?;
        listener.listen(CHANNEL).await.map_err(Error::Listening)?;
        Ok(Some(JobBell(listener)))
    }
}

impl JobBell {
    /// Waits until it rings. After a lost connection it rings as well: something may have been missed.
    pub async fn rung(&mut self) -> Result<()> {
        self.0.try_recv().await.map_err(Error::Listening)?;
        Ok(())
    }
}
