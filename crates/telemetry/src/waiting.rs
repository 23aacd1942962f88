//! What a request carries along: how long it waited for something outside of the program (what is left of its time is the program's
//! own), whether it is traced, and its id, for the lines of the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::MEASURED;

tokio::task_local! {
    static WAITED: Waited;
}

/// What a request has waited for until now; shared by the tasks that work for it.
#[derive(Clone, Debug, Default)]
pub struct Waited(Arc<Carried>);

#[derive(Debug, Default)]
struct Carried {
    us: AtomicU64,
    is_traced: bool,
    request_id: Option<Box<str>>,
}

impl Waited {
    /// Of a request of this id, that is traced, or is not.
    #[must_use]
    pub fn on_request(is_traced: bool, id: &str) -> Self {
        Self(Arc::new(Carried { us: AtomicU64::new(0), is_traced, request_id: Some(id.into()) }))
    }

    /// Of work that is no request.
    #[must_use]
    pub fn on_work(is_traced: bool) -> Self {
        Self(Arc::new(Carried { is_traced, ..Carried::default() }))
    }

    /// The one of the request in hand, for a task that works for it; a new one outside of requests.
    #[must_use]
    pub fn of_request() -> Self {
        WAITED.try_with(Clone::clone).unwrap_or_default()
    }

    /// What was waited for until now. Waits side by side count each.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.0.us.load(Ordering::Relaxed))
    }

    /// Lets `work` count what it waits for here.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        if MEASURED { WAITED.scope(self.clone(), work).await } else { work.await }
    }
}

/// Counts what was waited for to the request in hand, if there is one.
pub fn waited(took: Duration) {
    if !MEASURED {
        return;
    }
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    // Outside of a request, nobody wants to know.
    let _ = WAITED.try_with(|waited| waited.0.us.fetch_add(us, Ordering::Relaxed));
}

/// Whether the request or the job in hand is traced. A span that nobody will see costs as much as one that somebody will.
#[must_use]
pub fn is_traced() -> bool {
    MEASURED && WAITED.try_with(|waited| waited.0.is_traced).unwrap_or_default()
}

/// The id of the request in hand.
pub(crate) fn request_id() -> Option<Box<str>> {
    WAITED.try_with(|waited| waited.0.request_id.clone()).ok().flatten()
}

/// A span of what is traced, like [`tracing::debug_span!`]; otherwise none.
#[macro_export]
macro_rules! traced_span {
    ($($fields:tt)*) => {
        if $crate::is_traced() { $crate::tracing::debug_span!($($fields)*) } else { $crate::tracing::Span::none() }
    };
}

/// Waits for `work`, which is done elsewhere, and counts that to the request in hand.
pub async fn waiting_for<T>(work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    waited(began.elapsed());
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_works_for_a_request_counts_to_it() {
        let request = Waited::default();
        request
            .during(async {
                waited(Duration::from_millis(2));
                let of_request = Waited::of_request();
                let task =
                    tokio::spawn(async move { of_request.during(async { waited(Duration::from_millis(3)) }).await });
                assert!(task.await.is_ok());
            })
            .await;
        waited(Duration::from_secs(1));
        assert_eq!(request.total(), Duration::from_millis(5));
    }
}
