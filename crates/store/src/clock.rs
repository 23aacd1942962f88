//! Time and ids, injected so that tests decide what time it is.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::{Builder, Uuid};

/// Counts the ids of clocks that stand still.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where the program gets its time from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that stands still until a test moves it.
    Manual(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self::Manual(Arc::new(Mutex::new(start)))
    }

    /// The time now, in UTC.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Manual(now) => *now.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }

    /// Moves a manual clock forward; the system's clock moves by itself.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Manual(now) = self {
            *now.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
        }
    }

    /// A new `UUIDv7`: ids sort by the time of their making.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        match self {
            // The library's own counter keeps ids of one millisecond in order.
            Self::System => Uuid::now_v7(),
            Self::Manual(_) => {
                let milliseconds = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
                // In order as well; other processes whose clocks stand at the same moment make others.
                let mut tail = [0; 10];
                tail[2..6].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
                tail[6..].copy_from_slice(&Uuid::now_v7().as_bytes()[12..]);
                Builder::from_unix_timestamp_millis(milliseconds, &tail).into_uuid()
            }
        }
    }
}
