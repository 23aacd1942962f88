//! The account service: registering, signing in, sessions, passwords. The command line uses it as well.

use chrono::TimeDelta;
use serde::Serialize;
use store::Store;
use store::accounts::{Account, AccountChange, NewAccount};
use store::changes::Standing;
use store::sessions::Rotation;
use store::values::{Role, SessionKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::password::{self, Passwords};
use super::tokens::{Claims, SessionSecret, SigningKey, random_secret};
use crate::Settings;
use crate::problem::FieldError;

/// Longest e-mail address, as RFC 5321 limits a path.
const MAX_EMAIL_CHARS: usize = 254;

/// Longest name of a person.
const MAX_NAME_CHARS: usize = 200;

/// Why something about an account was refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Fields are wrong; each says how.
    #[error("{}", .0.iter().map(|error| format!("{}: {}", error.field, error.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// No such account, a wrong password, or a disabled account: deliberately the same.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// A token or a cookie that is unknown, expired, used before or revoked.
    #[error("the session has ended; sign in again")]
    InvalidToken,
    /// Registration is closed and there is an account already.
    #[error("registration is closed; ask an administrator for an account")]
    RegistrationClosed,
    /// Too many passwords are being checked.
    #[error("too many people are signing in at this moment; try again in a second")]
    Busy,
    /// A hash could not be computed or read.
    #[error("the password hash failed: {0}")]
    Hash(String),
    /// An access token could not be signed.
    #[error("the access token could not be signed: {0}")]
    Signing(String),
    /// The database failed, or an address is taken.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Somebody who gets an account.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Where the person is reached, and what they sign in with.
    pub email: String,
    /// How the person is called.
    pub name: String,
    /// The password, 10 to 256 characters.
    pub password: String,
}

/// A change to an account; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// A new role.
    pub role: Option<Role>,
    /// Disable or enable; disabling ends every session.
    pub disabled: Option<bool>,
    /// A new password; it ends every session.
    pub password: Option<NewPassword>,
}

/// Where a new password comes from.
#[derive(Clone, Debug)]
pub enum NewPassword {
    /// Somebody chose it.
    Given(String),
    /// It is made up, and told once.
    OneTime,
}

/// What a program gets when it signs in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Sent with each request as `Authorization: Bearer …`.
    pub access_token: String,
    /// Exchanged once for the next pair; using it a second time ends the session.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token stops working.
    pub expires_in: i64,
}

/// Somebody who was recognised.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) account: Account,
    pub(crate) session: Uuid,
    pub(crate) standing: Standing,
}

/// Accounts, passwords and tokens.
#[derive(Debug)]
pub struct Accounts {
    store: Store,
    passwords: Passwords,
    key: SigningKey,
    registration_open: bool,
    access_lifetime: TimeDelta,
    refresh_lifetime: TimeDelta,
    browser_lifetime: TimeDelta,
}

impl Accounts {
    /// Reads the signing key, or makes it when this is the first start.
    pub async fn open(store: Store, settings: &Settings) -> Result<Self, AccountError> {
        let secret = store.value_or_insert("jwt_key", || random_secret().to_vec()).await?;
        Ok(Self {
            passwords: Passwords::new().await?,
            key: SigningKey::new(&secret),
            registration_open: settings.registration_open,
            access_lifetime: TimeDelta::minutes(settings.access_token_minutes.into()),
            refresh_lifetime: TimeDelta::days(settings.refresh_token_days.into()),
            browser_lifetime: TimeDelta::days(settings.browser_session_days.into()),
            store,
        })
    }

    /// Makes the first account, which becomes the administrator's, or while registration is open a further one.
    pub async fn register(&self, person: NewPerson) -> Result<Account, AccountError> {
        let first = self.store.count_accounts().await? == 0;
        if !first && !self.registration_open {
            return Err(AccountError::RegistrationClosed);
        }
        let new = self.prepare(person, Role::User).await?;
        if self.registration_open {
            return Ok(self.store.add_account(new).await?);
        }
        // Of two people who race for the first account, one finds registration closed.
        self.store.add_first_account(new).await?.ok_or(AccountError::RegistrationClosed)
    }

    /// Makes an account whether or not registration is open: for administrators.
    pub async fn add(&self, person: NewPerson, role: Role) -> Result<Account, AccountError> {
        let new = self.prepare(person, role).await?;
        Ok(self.store.add_account(new).await?)
    }

    /// Makes an account with a one-time password, which only this answer contains.
    pub async fn add_with_one_time_password(
        &self,
        email: String,
        name: String,
        role: Role,
    ) -> Result<(Account, String), AccountError> {
        let password = password::one_time();
        let account = self.add(NewPerson { email, name, password: password.clone() }, role).await?;
        Ok((account, password))
    }

    /// Changes a person's password in their own name: they know the present one. All their sessions but `kept` end.
    pub(crate) async fn change_password(
        &self,
        account: &Account,
        kept: Uuid,
        current: String,
        new: String,
    ) -> Result<(), AccountError> {
        check_fields([("new_password", password::broken_rule(&new))])?;
        let known = &account.password_hash;
        if self.passwords.verify(current, Some(known.clone())).await? {
            let hash = self.passwords.hash(new).await?;
            // An administrator may have replaced the password meanwhile; then it is not the present one any more.
            if self.store.replace_password(account.id, known, &hash, kept).await? {
                return Ok(());
            }
        }
        Err(AccountError::Invalid(vec![FieldError::new("current_password", "is wrong")]))
    }

    /// Changes an account, all of it or nothing. Returns the one-time password, if one was asked for.
    pub async fn change(&self, id: Uuid, change: PersonChange) -> Result<(Account, Option<String>), AccountError> {
        let (password, told) = match change.password {
            None => (None, None),
            Some(NewPassword::Given(password)) => (Some(password), None),
            Some(NewPassword::OneTime) => {
                let password = password::one_time();
                (Some(password.clone()), Some(password))
            }
        };
        let password_hash = match password {
            None => None,
            Some(password) => {
                check_fields([("password", password::broken_rule(&password))])?;
                Some(self.passwords.hash(password).await?)
            }
        };
        let change = AccountChange { role: change.role, disabled: change.disabled, password_hash };
        Ok((self.store.change_account(id, change).await?, told))
    }

    /// The account, if the password is right and the account not disabled.
    pub async fn check(&self, email: &str, password: String) -> Result<Account, AccountError> {
        let found = self.store.account_by_email(email.trim()).await?;
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let right = self.passwords.verify(password, hash).await?;
        found.filter(|account| right && account.disabled_at.is_none()).ok_or(AccountError::WrongCredentials)
    }

    /// Begins a session of a program.
    pub async fn begin_tokens(&self, account: &Account) -> Result<Tokens, AccountError> {
        let secret = SessionSecret::new(self.store.clock().new_id());
        let lifetime = self.refresh_lifetime;
        self.store.begin_session(secret.session, account.id, SessionKind::Token, &secret.hash(), lifetime).await?;
        self.tokens(account, &secret)
    }

    /// Begins a session of a browser and returns the cookie's value.
    pub async fn begin_browser(&self, account: &Account) -> Result<String, AccountError> {
        let secret = SessionSecret::new(self.store.clock().new_id());
        let lifetime = self.browser_lifetime;
        self.store.begin_session(secret.session, account.id, SessionKind::Browser, &secret.hash(), lifetime).await?;
        Ok(secret.text())
    }

    /// Exchanges a refresh token for a new pair. Showing a token that was exchanged before ends the session.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, AccountError> {
        let shown = SessionSecret::parse(refresh_token).ok_or(AccountError::InvalidToken)?;
        let next = SessionSecret::new(shown.session);
        let rotation =
            self.store.rotate_session(shown.session, &shown.hash(), &next.hash(), self.refresh_lifetime).await?;
        match rotation {
            Rotation::Rotated(account) => self.tokens(&account, &next),
            Rotation::Reused => {
                tracing::warn!(session = %shown.session, "a refresh token was used twice: its session is revoked");
                Err(AccountError::InvalidToken)
            }
            Rotation::Refused => Err(AccountError::InvalidToken),
        }
    }

    /// Ends a session at once.
    pub async fn log_out(&self, session: Uuid) -> Result<(), AccountError> {
        Ok(self.store.revoke_session(session).await?)
    }

    /// Who an access token belongs to, while its session lives.
    pub(crate) async fn bearer(&self, token: &str) -> Result<Identity, AccountError> {
        let claims = self.key.verify(token, self.store.clock().now()).ok_or(AccountError::InvalidToken)?;
        let live = self.store.live_session(claims.sid).await?;
        live.filter(|(session, account, _)| session.kind == SessionKind::Token && account.id == claims.sub)
            .map(|(session, account, standing)| Identity { account, session: session.id, standing })
            .ok_or(AccountError::InvalidToken)
    }

    /// Who a browser's cookie belongs to, while its session lives.
    pub(crate) async fn browser(&self, cookie: &str) -> Result<Identity, AccountError> {
        let shown = SessionSecret::parse(cookie).ok_or(AccountError::InvalidToken)?;
        let live = self.store.live_session(shown.session).await?;
        live.filter(|(session, ..)| session.kind == SessionKind::Browser && session.secret_hash == shown.hash())
            .map(|(session, account, standing)| Identity { account, session: session.id, standing })
            .ok_or(AccountError::InvalidToken)
    }

    /// How long a browser stays signed in.
    pub(crate) fn browser_lifetime(&self) -> TimeDelta {
        self.browser_lifetime
    }

    fn tokens(&self, account: &Account, secret: &SessionSecret) -> Result<Tokens, AccountError> {
        let claims = Claims::new(account, secret.session, self.store.clock().now(), self.access_lifetime);
        Ok(Tokens {
            access_token: self.key.sign(&claims)?,
            refresh_token: secret.text(),
            token_type: "Bearer",
            expires_in: self.access_lifetime.num_seconds(),
        })
    }

    async fn prepare(&self, person: NewPerson, role: Role) -> Result<NewAccount, AccountError> {
        let (email, name) = (person.email.trim().to_owned(), person.name.trim().to_owned());
        check_fields([
            ("email", broken_email_rule(&email)),
            ("name", broken_name_rule(&name)),
            ("password", password::broken_rule(&person.password)),
        ])?;
        let password_hash = self.passwords.hash(person.password).await?;
        Ok(NewAccount { email, name, password_hash, role })
    }
}

fn check_fields<const N: usize>(rules: [(&str, Option<String>); N]) -> Result<(), AccountError> {
    let broken = |(field, message): (&str, Option<String>)| message.map(|message| FieldError::new(field, message));
    let errors: Vec<FieldError> = rules.into_iter().filter_map(broken).collect();
    if errors.is_empty() { Ok(()) } else { Err(AccountError::Invalid(errors)) }
}

/// Only what would surely not work is refused: whether an address exists, only a mail can tell.
fn broken_email_rule(email: &str) -> Option<String> {
    let whole = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = email.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if parts.is_some_and(|(local, _)| whole && !local.contains('@')) {
        let long = email.chars().count() > MAX_EMAIL_CHARS;
        return long.then(|| format!("must have at most {MAX_EMAIL_CHARS} characters"));
    }
    Some("must be an e-mail address, such as name@example.org".to_owned())
}

fn broken_name_rule(name: &str) -> Option<String> {
    match name.chars().count() {
        0 => Some("must not be empty".to_owned()),
        1..=MAX_NAME_CHARS if name.chars().any(char::is_control) => Some("must be a single line of text".to_owned()),
        1..=MAX_NAME_CHARS => None,
        _ => Some(format!("must have at most {MAX_NAME_CHARS} characters")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_leniently() {
        for good in ["a@b", "first.last+tag@example.co.uk", "ü@example.org"] {
            assert_eq!(broken_email_rule(good), None, "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@b\n", &format!("{}@b", "a".repeat(254))] {
            assert!(broken_email_rule(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn names_are_one_line() {
        assert_eq!(broken_name_rule("Ada Lovelace"), None);
        assert!(broken_name_rule("").is_some());
        assert!(broken_name_rule("a\nb").is_some());
        assert!(broken_name_rule(&"a".repeat(201)).is_some());
    }
}
