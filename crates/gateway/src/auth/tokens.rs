//! Access tokens (JSON Web Tokens, HS256) and the secrets of sessions.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::values::Role;
use uuid::Uuid;

use super::AccountError;

/// Bytes of the signing key and of a session's secret.
pub(super) const SECRET_BYTES: usize = 32;

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The account.
    pub(super) sub: Uuid,
    /// The session, which every request looks up: a revoked one ends its tokens at once.
    pub(super) sid: Uuid,
    /// For clients to show; the server goes by the account's row.
    pub(super) role: Role,
    /// When it was issued, in seconds since 1970.
    pub(super) iat: i64,
    /// When it stops working, in seconds since 1970.
    pub(super) exp: i64,
}

/// The key that signs access tokens.
pub(super) struct SigningKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl SigningKey {
    pub(super) fn new(secret: &[u8]) -> Self {
        // One algorithm only, whatever a token's header asks for. The expiry is compared with the injected clock.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret), validation }
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String, AccountError> {
        encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .map_err(|error| AccountError::Signing(error.to_string()))
    }

    /// The claims of a token that was signed with this key and has not expired.
    pub(super) fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        (claims.exp > now.timestamp()).then_some(claims)
    }
}

impl Claims {
    pub(super) fn new(
        account: &store::accounts::Account,
        session: Uuid,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Self {
        let exp = (now + lifetime).timestamp();
        Self { sub: account.id, sid: session, role: account.role, iat: now.timestamp(), exp }
    }
}

/// The secret half of a refresh token or of a browser's cookie: `<session id>.<64 hexadecimal digits>`. The database
/// has its hash only.
#[derive(Clone)]
pub(super) struct SessionSecret {
    pub(super) session: Uuid,
    secret: [u8; SECRET_BYTES],
}

impl SessionSecret {
    pub(super) fn new(session: Uuid) -> Self {
        Self { session, secret: random_secret() }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (session, digits) = text.split_once('.')?;
        let session = Uuid::try_parse(session).ok()?;
        let mut secret = [0; SECRET_BYTES];
        if digits.len() != 2 * SECRET_BYTES || !digits.is_ascii() {
            return None;
        }
        for (index, byte) in secret.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self { session, secret })
    }

    /// What the database keeps. The secret is random, so a fast hash protects it, and comparing hashes in the ordinary
    /// way tells a guesser nothing about the secret.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}.", self.session);
        for byte in self.secret {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

pub(super) fn random_secret() -> [u8; SECRET_BYTES] {
    use rand::RngCore as _;
    let mut secret = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut secret);
    secret
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_being_written() {
        let secret = SessionSecret::new(Uuid::from_u128(7));
        let read = SessionSecret::parse(&secret.text());
        assert_eq!(read.map(|read| (read.session, read.hash())), Some((secret.session, secret.hash())));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let id = Uuid::from_u128(7);
        for text in [
            "",
            ".",
            "x.y",
            &format!("{id}."),
            &format!("{id}.{}", "g".repeat(64)),
            &format!("{id}.{}", "é".repeat(32)),
        ] {
            assert!(SessionSecret::parse(text).is_none(), "{text}");
        }
    }
}
