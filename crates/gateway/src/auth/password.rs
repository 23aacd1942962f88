//! Passwords: Argon2id with the parameters that OWASP recommends (19 MiB, 2 passes, 1 lane), on a bounded pool of its
//! own, so that sign-ins can neither starve other requests nor use up the memory.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::AccountError;

/// Fewest characters of a password.
pub const MIN_PASSWORD_CHARS: usize = 10;

/// Most characters of a password.
pub const MAX_PASSWORD_CHARS: usize = 256;

/// Hashes computed at the same time.
const RUNNING: usize = 2;

/// Hashes that wait for one of the running ones to finish; more are refused.
const WAITING: usize = 32;

const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Characters of one-time passwords: none that people confuse with another.
const ONE_TIME_ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
const ONE_TIME_CHARS: usize = 16;

/// Says which rule a new password breaks.
pub(super) fn broken_rule(password: &str) -> Option<String> {
    match password.chars().count() {
        0..MIN_PASSWORD_CHARS => Some(format!("must have at least {MIN_PASSWORD_CHARS} characters")),
        MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS => None,
        _ => Some(format!("must have at most {MAX_PASSWORD_CHARS} characters")),
    }
}

/// A random password (78 bits) for an administrator to pass on.
pub(super) fn one_time() -> String {
    use rand::Rng as _;
    let mut random = rand::rng();
    let pick = |_| char::from(ONE_TIME_ALPHABET[random.random_range(0..ONE_TIME_ALPHABET.len())]);
    (0..ONE_TIME_CHARS).map(pick).collect()
}

/// How passwords are hashed.
pub(crate) fn parameters() -> String {
    format!("argon2id, {MEMORY_KIB} KiB, {PASSES} passes, {LANES} lane")
}

/// Computes and verifies password hashes.
#[derive(Debug)]
pub(super) struct Passwords {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// Verified when there is no such account, so that the time of the answer does not tell which addresses have one.
    dummy_hash: String,
}

impl Passwords {
    pub(super) async fn new() -> Result<Self, AccountError> {
        let mut passwords = Self {
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            running: Arc::new(Semaphore::new(RUNNING)),
            dummy_hash: String::new(),
        };
        passwords.dummy_hash = passwords.hash(one_time()).await?;
        Ok(passwords)
    }

    /// The password's hash in PHC string format.
    pub(super) async fn hash(&self, password: String) -> Result<String, AccountError> {
        self.run(move || {
            let hash = argon2()?.hash_password(password.as_bytes()).map_err(failed)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is the one with this hash; without a hash it takes as long and is never right.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, AccountError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy_hash.clone());
        self.run(move || match argon2()?.verify_password(password.as_bytes(), hash.as_str()) {
            Ok(()) => Ok(known),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(failed(error)),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| AccountError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| AccountError::Busy)?;
        // The permits go with the computation: it runs on even when the client has gone away.
        let permits: [OwnedSemaphorePermit; 2] = [admitted, running];
        let task = tokio::task::spawn_blocking(move || {
            let result = compute();
            drop(permits);
            result
        });
        task.await.map_err(|error| AccountError::Hash(error.to_string()))?
    }
}

fn argon2() -> Result<Argon2<'static>, AccountError> {
    let parameters =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| AccountError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

// Passed to `map_err`, which hands the error over.
#[allow(clippy::needless_pass_by_value)]
fn failed(error: argon2::password_hash::Error) -> AccountError {
    AccountError::Hash(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_say_themselves() {
        assert_eq!(broken_rule("ninechars").as_deref(), Some("must have at least 10 characters"));
        assert_eq!(broken_rule("ten chars!"), None);
        assert_eq!(broken_rule(&"é".repeat(256)), None);
        assert_eq!(broken_rule(&"é".repeat(257)).as_deref(), Some("must have at most 256 characters"));
        assert_eq!(broken_rule(&one_time()), None);
    }

    #[tokio::test]
    async fn verifies_what_it_hashed() -> Result<(), AccountError> {
        let passwords = Passwords::new().await?;
        let hash = passwords.hash("correct horse".to_owned()).await?;
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".to_owned(), Some(hash.clone())).await?);
        assert!(!passwords.verify("wrong horse".to_owned(), Some(hash)).await?);
        assert!(!passwords.verify("correct horse".to_owned(), None).await?);
        Ok(())
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_is_refused() -> Result<(), AccountError> {
        let passwords = Passwords::new().await?;
        let _all = passwords.admitted.acquire_many(34).await;
        assert!(matches!(passwords.hash("correct horse".to_owned()).await, Err(AccountError::Busy)));
        Ok(())
    }
}
