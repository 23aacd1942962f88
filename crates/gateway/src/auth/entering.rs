//! Signing in: the one way for programs and browsers.

use std::net::IpAddr;

use store::accounts::Account;
use store::values::AuditAction;

use super::{AccountError, NewPerson};
use crate::Gateway;
use crate::audit::Deed;
use crate::metrics::SignIn;
use crate::problem::Problem;

/// Why somebody is not let in.
pub(crate) enum Refused {
    /// There were too many attempts.
    TooOften(Problem),
    /// The address or the password is wrong, or nobody could tell.
    Account(AccountError),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooOften(problem) => problem,
            Refused::Account(error) => error.into(),
        }
    }
}

/// The account that these credentials belong to. Attempts are limited and counted.
pub(crate) async fn recognise(
    gateway: &Gateway,
    client: IpAddr,
    email: &str,
    password: String,
) -> Result<Account, Refused> {
    allow_attempt(gateway, client, email).await?;
    let known = gateway.accounts().check(email, password).await;
    let deed = Deed::of_visitor(client, email, AuditAction::SignIn);
    match &known {
        Ok(account) => {
            gateway.metrics().signed_in(SignIn::Accepted);
            gateway.write_down(deed.by_account(account.id)).await;
        }
        Err(AccountError::WrongCredentials) => {
            gateway.metrics().signed_in(SignIn::Refused);
            gateway.write_down(deed.refused()).await;
        }
        // It was not decided.
        Err(_) => {}
    }
    known.map_err(Refused::Account)
}

/// Makes an account for whoever wants one. Attempts are limited.
pub(crate) async fn register(gateway: &Gateway, client: IpAddr, person: NewPerson) -> Result<Account, Refused> {
    allow_attempt(gateway, client, &person.email).await?;
    let account = gateway.accounts().register(person).await.map_err(Refused::Account)?;
    let deed = Deed::of_visitor(client, &account.email, AuditAction::AddAccount).by_account(account.id);
    gateway.write_down(deed.to(&account.email).with("registered")).await;
    Ok(account)
}

/// Counts an attempt at an address from a client, and refuses it when there were too many.
pub(crate) async fn allow_attempt(gateway: &Gateway, client: IpAddr, email: &str) -> Result<(), Refused> {
    gateway.logins().check(client, email).await.map_err(|problem| {
        gateway.metrics().rate_limited();
        Refused::TooOften(problem)
    })
}
