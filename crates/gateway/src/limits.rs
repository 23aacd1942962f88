//! What is refused when it comes too often.

use std::net::IpAddr;

use coordination::{Coordination, Decision, Limit};

use crate::problem::Problem;

/// Longest part of an e-mail address that a key keeps; no valid one is longer.
const EMAIL_CHARS: usize = 254;

/// Limits sign-in attempts for each pair of client address and e-mail address, across all gateways: somebody who guesses
/// passwords is slowed down without locking out the person whose account it is.
#[derive(Debug)]
pub(crate) struct LoginLimiter {
    limit: Limit,
    coordination: Coordination,
}

impl LoginLimiter {
    pub(crate) fn new(attempts_per_minute: u32, coordination: Coordination) -> Self {
        Self { limit: Limit::per_minute("login", attempts_per_minute), coordination }
    }

    /// Counts an attempt, or refuses it with the time after which one more is accepted.
    pub(crate) async fn check(&self, client: IpAddr, email: &str) -> Result<(), Problem> {
        let email: String = email.trim().to_lowercase().chars().take(EMAIL_CHARS).collect();
        match self.coordination.allow(&self.limit, &format!("{client} {email}")).await {
            Decision::Allowed => Ok(()),
            Decision::Refused { retry_after } => {
                let seconds = retry_after.as_secs() + 1;
                Err(Problem::too_many_requests(format!("Too many attempts. Try again in {seconds} s."), seconds))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn each_pair_has_its_own_allowance() {
        let limiter = LoginLimiter::new(2, Coordination::alone());
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert!(limiter.check(here, "a@example.org").await.is_ok());
        assert!(limiter.check(here, " A@Example.org ").await.is_ok());
        assert!(limiter.check(here, "a@example.org").await.is_err());
        assert!(limiter.check(here, "b@example.org").await.is_ok());
        assert!(limiter.check(IpAddr::V4(Ipv4Addr::UNSPECIFIED), "a@example.org").await.is_ok());
    }
}
