//! Whether it is worth asking Redis.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::State;

/// After so many failures in a row nobody asks until Redis has answered a pulse.
const FAILURES_IN_A_ROW: u32 = 3;

/// A circuit breaker: open (nobody asks) until Redis has answered for the first time, and again after a few failures in a
/// row. It knows no time; `pulse` asks at intervals of its own and closes it.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: AtomicU8,
    failures: AtomicU32,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Redis answers for the first time.
    Arrived,
    /// Redis does not answer any more, or did not from the start.
    Lost,
    /// Redis answers again.
    Returned,
}

const STARTING: u8 = 0;
const UP: u8 = 1;
const DOWN: u8 = 2;

impl Breaker {
    pub(crate) fn new() -> Self {
        Self { state: AtomicU8::new(STARTING), failures: AtomicU32::new(0) }
    }

    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            STARTING => State::Starting,
            UP => State::Reachable,
            _ => State::Unreachable,
        }
    }

    /// Whether an operation may be tried.
    pub(crate) fn admits(&self) -> bool {
        self.state.load(Ordering::Acquire) == UP
    }

    /// Redis answered.
    pub(crate) fn succeeded(&self) -> Option<Change> {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        if self.admits() {
            return None;
        }
        match self.state.swap(UP, Ordering::AcqRel) {
            STARTING => Some(Change::Arrived),
            DOWN => Some(Change::Returned),
            _ => None,
        }
    }

    /// Redis did not answer.
    pub(crate) fn failed(&self) -> Option<Change> {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.admits() && failures < FAILURES_IN_A_ROW {
            return None;
        }
        (self.state.swap(DOWN, Ordering::AcqRel) != DOWN).then_some(Change::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_asks_until_redis_has_answered_once() {
        let breaker = Breaker::new();
        assert!(!breaker.admits());
        assert_eq!(breaker.succeeded(), Some(Change::Arrived));
        assert!(breaker.admits());
        assert_eq!(breaker.succeeded(), None);
    }

    #[test]
    fn it_opens_after_three_failures_in_a_row_and_closes_with_an_answer() {
        let breaker = Breaker::new();
        breaker.succeeded();
        assert_eq!([breaker.failed(), breaker.failed()], [None, None]);
        assert_eq!(breaker.succeeded(), None);
        assert_eq!([breaker.failed(), breaker.failed()], [None, None]);
        assert!(breaker.admits());
        assert_eq!(breaker.failed(), Some(Change::Lost));
        assert_eq!(breaker.failed(), None);
        assert!(!breaker.admits());
        assert_eq!(breaker.succeeded(), Some(Change::Returned));
        assert_eq!([breaker.failed(), breaker.failed()], [None, None]);
    }

    #[test]
    fn a_redis_that_is_down_from_the_start_is_told_once() {
        let breaker = Breaker::new();
        assert_eq!([breaker.failed(), breaker.failed()], [Some(Change::Lost), None]);
        assert_eq!(breaker.succeeded(), Some(Change::Returned));
    }
}
