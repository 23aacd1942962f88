//! Limits that hold for this process alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::{Decision, Limit, keys};

/// Beyond this many remembered keys of a limit, those that have recovered are forgotten.
const REMEMBERED_KEYS: usize = 10_000;

/// The same algorithm as in Redis, by `governor`.
#[derive(Debug, Default)]
pub(crate) struct Local {
    limits: RwLock<HashMap<Limit, Arc<Limited>>>,
    clock: DefaultClock,
}

#[derive(Debug)]
struct Limited {
    keys: DefaultKeyedRateLimiter<[u8; 32]>,
    /// At how many keys those that have recovered are looked for.
    forget_at: AtomicUsize,
}

impl Local {
    pub(crate) fn allow(&self, limit: &Limit, key: &str) -> Decision {
        let limited = self.limited(limit);
        limited.forget_the_recovered();
        match limited.keys.check_key(&keys::hash(key)) {
            Ok(()) => Decision::Allowed,
            Err(refused) => Decision::Refused { retry_after: refused.wait_time_from(self.clock.now()) },
        }
    }

    fn limited(&self, limit: &Limit) -> Arc<Limited> {
        if let Some(limited) = self.limits.read().unwrap_or_else(PoisonError::into_inner).get(limit) {
            return Arc::clone(limited);
        }
        let new = || {
            let quota = Quota::per_minute(limit.per_minute).allow_burst(limit.burst);
            Arc::new(Limited { keys: RateLimiter::keyed(quota), forget_at: AtomicUsize::new(REMEMBERED_KEYS) })
        };
        let mut limits = self.limits.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(limits.entry(*limit).or_insert_with(new))
    }
}

impl Limited {
    /// Looking at every key takes time; it waits until as many again have come as were kept.
    fn forget_the_recovered(&self) {
        if self.keys.len() <= self.forget_at.load(Ordering::Relaxed) {
            return;
        }
        self.keys.retain_recent();
        self.keys.shrink_to_fit();
        self.forget_at.store((2 * self.keys.len()).max(REMEMBERED_KEYS), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_for_each_key_and_says_when_it_ends() {
        let (local, limit) = (Local::default(), Limit::per_minute("test", 2));
        assert_eq!([local.allow(&limit, "a"), local.allow(&limit, "a")], [Decision::Allowed; 2]);
        let Decision::Refused { retry_after } = local.allow(&limit, "a") else { panic!("a third is refused") };
        assert!((29.0..=30.0).contains(&retry_after.as_secs_f64()), "{retry_after:?}");
        assert_eq!(local.allow(&limit, "b"), Decision::Allowed);
        assert_eq!(local.allow(&Limit::per_minute("other", 2), "a"), Decision::Allowed);
    }

    #[test]
    fn keys_that_have_recovered_are_forgotten() {
        let (local, limit) = (Local::default(), Limit::per_minute("test", u32::MAX));
        for number in 0..5 * REMEMBERED_KEYS {
            assert_eq!(local.allow(&limit, &number.to_string()), Decision::Allowed);
            assert!(local.limited(&limit).keys.len() <= REMEMBERED_KEYS + 1);
        }
    }
}
