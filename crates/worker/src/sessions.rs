//! Deletes the sessions that have expired, browsers' and programs' alike: nobody needs their rows any more.

use std::time::Duration;

use store::Store;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often it is looked for them. They do no harm meanwhile: an expired session is refused.
pub(crate) const EVERY: Duration = Duration::from_hours(1);

/// Rows to a transaction: nobody waits long for the write lock behind it.
const BATCH: u64 = 1_000;

/// Deletes them now, and again each time that `every` has passed, until `shutdown`.
pub(crate) async fn run(store: Store, every: Duration, shutdown: CancellationToken) {
    let mut due = tokio::time::interval(every);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = due.tick() => {}
        }
        match delete(&store).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "deleted the sessions that had expired"),
            Err(error) => tracing::error!(error = %error, "cannot delete expired sessions; trying again later"),
        }
    }
}

async fn delete(store: &Store) -> store::Result<u64> {
    let mut all = 0;
    loop {
        let deleted = store.delete_expired_sessions(BATCH).await?;
        all += deleted;
        if deleted < BATCH {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};
    use store::Clock;
    use store::accounts::NewAccount;
    use store::values::{Role, SessionKind};

    use super::*;

    const LIFETIME: TimeDelta = TimeDelta::days(14);

    #[tokio::test]
    async fn sessions_that_expire_while_it_runs_are_deleted() -> store::Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Utc::now());
        let store = Store::open(directory.path(), &store::Settings::default(), clock.clone()).await?;
        let (email, name, password_hash) = ("anna@example.org".to_owned(), "Anna".to_owned(), String::new());
        let anna = store.add_account(NewAccount { email, name, password_hash, role: Role::User }).await?;
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(run(store.clone(), Duration::from_millis(1), shutdown.clone()));
        for _ in 0..3 {
            store.begin_session(clock.new_id(), anna.id, SessionKind::Token, b"secret", LIFETIME).await?;
            assert_eq!(store.count_sessions().await?, 1);
            clock.advance(LIFETIME);
            let gone = async {
                while store.count_sessions().await.unwrap() > 0 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_mins(1), gone).await.unwrap();
        }
        shutdown.cancel();
        running.await.unwrap();
        Ok(())
    }
}
