//! The way to Redis: bounds each operation, counts it, and does not try what cannot succeed.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use fred::clients::{Client, WithOptions};
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike as _;
use fred::types::Builder;
use fred::types::config::Options;

use crate::breaker::{Breaker, Change};
use crate::{Counters, State};

/// Redis did not do it: it is slow, gone, refuses, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis is not available")]
pub struct Unavailable;

/// A client whose operations are bounded.
pub(crate) type Redis = WithOptions<Client>;

/// Between two lines in the log about operations that Redis refused; they may come with every request.
const BETWEEN_COMPLAINTS: Duration = Duration::from_mins(1);

/// The way to one Redis. `pulse` keeps it open.
pub(crate) struct Link {
    /// Makes clients. It knows the password and is not to be printed.
    builder: Builder,
    options: Options,
    timeout: Duration,
    redis: RwLock<Redis>,
    breaker: Breaker,
    operations: AtomicU64,
    failures: AtomicU64,
    skipped: AtomicU64,
    /// Why there is no connection, as the client last said.
    trouble: Mutex<Option<String>>,
    complained: Mutex<Option<Instant>>,
}

impl Link {
    pub(crate) fn new(builder: Builder, timeout: Duration) -> Result<Self, Error> {
        // Where there is no connection, an operation fails at once instead of waiting for one.
        // And what was lost with a connection is not sent again: nobody waits for it, and an event would count twice.
        let options = Options { timeout: Some(timeout), fail_fast: true, max_attempts: Some(1), ..Options::default() };
        Ok(Self {
            redis: RwLock::new(builder.build()?.with_options(&options)),
            builder,
            options,
            timeout,
            breaker: Breaker::new(),
            operations: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            trouble: Mutex::new(None),
            complained: Mutex::new(None),
        })
    }

    /// The client in use.
    pub(crate) fn redis(&self) -> Redis {
        self.redis.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a new client, not connected yet, in place of the one in use.
    pub(crate) fn renew(&self) -> Result<Redis, Error> {
        let redis = self.builder.build()?.with_options(&self.options);
        redis.clone_into(&mut self.redis.write().unwrap_or_else(PoisonError::into_inner));
        Ok(redis)
    }

    /// Performs an operation, if there is hope. The client's futures are large: box them.
    pub(crate) async fn run<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> Result<T, Unavailable> {
        if !self.breaker.admits() {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return Err(Unavailable);
        }
        self.operations.fetch_add(1, Ordering::Relaxed);
        match self.bounded(operation).await {
            Ok(value) => {
                Self::tell(self.breaker.succeeded(), "");
                Ok(value)
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                if is_answer(&error) {
                    self.complain(&error);
                } else {
                    self.lost(&error);
                }
                Err(Unavailable)
            }
        }
    }

    /// The client bounds what it has sent; what it still holds back, for instance while it reconnects, is bounded here.
    async fn bounded<T>(&self, operation: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let late = |_| Error::new(ErrorKind::Timeout, "no answer in time");
        tokio::time::timeout(self.timeout, operation).await.map_err(late)?
    }

    /// Asks for a sign of life, whether there is hope or not; how long it took.
    pub(crate) async fn pulse(&self, redis: &Redis) -> Option<Duration> {
        let asked = Instant::now();
        match self.bounded(redis.ping::<()>(None)).await {
            Ok(()) => {
                Self::tell(self.breaker.succeeded(), "");
                Some(asked.elapsed())
            }
            Err(error) => {
                self.lost(&error);
                None
            }
        }
    }

    /// Counts a failure to reach Redis.
    pub(crate) fn lost(&self, error: &Error) {
        let Some(change) = self.breaker.failed() else { return };
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // That an operation was cancelled for want of a connection says less than why there is none.
        let reason = trouble.filter(|_| error.is_canceled()).unwrap_or_else(|| error.to_string());
        Self::tell(Some(change), &reason);
    }

    /// Remembers what the client said about its connection.
    pub(crate) fn note(&self, error: &Error) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    pub(crate) fn state(&self) -> State {
        self.breaker.state()
    }

    pub(crate) fn counters(&self) -> Counters {
        Counters {
            operations: self.operations.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            skipped: self.skipped.load(Ordering::Relaxed),
            state: self.state(),
        }
    }

    fn tell(change: Option<Change>, reason: &str) {
        match change {
            None => {}
            Some(Change::Arrived) => tracing::info!("connected to Redis"),
            Some(Change::Returned) => tracing::warn!("Redis answers again; limits hold across processes as before"),
            Some(Change::Lost) => {
                tracing::warn!(reason, "Redis does not answer; until it does, limits hold for this process alone");
            }
        }
    }

    fn complain(&self, error: &Error) {
        let mut complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
        if complained.is_none_or(|at| at.elapsed() > BETWEEN_COMPLAINTS) {
            *complained = Some(Instant::now());
            tracing::warn!(%error, "Redis refuses an operation; further ones are counted, and told once a minute");
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Link").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// Whether Redis itself said this: it is there, and other operations may succeed. Its errors begin with a word in capitals
/// (`OOM`, `NOPERM`), see <https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors>.
fn is_answer(error: &Error) -> bool {
    let code = error.details().split(' ').next().unwrap_or_default();
    match error.kind() {
        ErrorKind::Parse | ErrorKind::NotFound | ErrorKind::InvalidArgument | ErrorKind::InvalidCommand => true,
        ErrorKind::Unknown | ErrorKind::Auth | ErrorKind::Cluster => {
            code.len() > 1 && code.chars().all(|c| c.is_ascii_uppercase())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_says_is_told_apart_from_its_silence() {
        let unknown = |details: &'static str| Error::new(ErrorKind::Unknown, details);
        assert!(is_answer(&unknown("OOM command not allowed when used memory > 'maxmemory'.")));
        assert!(is_answer(&unknown("NOPERM this user has no permissions to run the 'eval' command")));
        assert!(!is_answer(&unknown("Failed to route command.")));
        assert!(!is_answer(&unknown("Client is not initialized.")));
        assert!(!is_answer(&Error::new(ErrorKind::IO, "ECONNREFUSED")));
        assert!(!is_answer(&Error::new(ErrorKind::Timeout, "Request timed out.")));
    }
}
