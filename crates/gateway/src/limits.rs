//! What is refused when it comes too often.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::problem::Problem;

/// Beyond this many remembered pairs, those that have recovered are forgotten.
const REMEMBERED_PAIRS: usize = 10_000;

/// Longest part of an e-mail address that a key keeps; no valid one is longer.
const EMAIL_CHARS: usize = 254;

/// Limits sign-in attempts for each pair of client address and e-mail address: somebody who guesses passwords is slowed
/// down without locking out the person whose account it is.
#[derive(Debug)]
pub(crate) struct LoginLimiter {
    limiter: DefaultKeyedRateLimiter<(IpAddr, String)>,
    clock: DefaultClock,
}

impl LoginLimiter {
    pub(crate) fn new(attempts_per_minute: u32) -> Self {
        let attempts = NonZeroU32::new(attempts_per_minute).unwrap_or(NonZeroU32::MIN);
        Self { limiter: RateLimiter::keyed(Quota::per_minute(attempts)), clock: DefaultClock::default() }
    }

    /// Counts an attempt, or refuses it with the time after which one more is accepted.
    pub(crate) fn check(&self, client: IpAddr, email: &str) -> Result<(), Problem> {
        if self.limiter.len() > REMEMBERED_PAIRS {
            self.limiter.retain_recent();
        }
        let email = email.trim().to_lowercase().chars().take(EMAIL_CHARS).collect();
        self.limiter.check_key(&(client, email)).map_err(|refused| {
            let seconds = refused.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::too_many_requests(format!("Too many attempts. Try again in {seconds} s."), seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn each_pair_has_its_own_allowance() {
        let limiter = LoginLimiter::new(2);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(limiter.check(here, "a@example.org").is_ok());
        assert!(limiter.check(here, " A@Example.org ").is_ok());
        assert!(limiter.check(here, "a@example.org").is_err());
        assert!(limiter.check(here, "b@example.org").is_ok());
        assert!(limiter.check(IpAddr::V4(Ipv4Addr::UNSPECIFIED), "a@example.org").is_ok());
    }
}
