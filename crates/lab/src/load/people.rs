//! The accounts of a run. They are made or given a new password before it, and disabled after it.

use std::hash::{BuildHasher, RandomState};

use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::gateways::{Content, Failure, Gateways};
use crate::workload::Class;
use crate::{Error, Result};

/// Accounts that are made, or dismissed, at the same time.
const AT_ONCE: usize = 8;

/// What somebody signs in with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The address of the account.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Which one, from 0.
    pub number: usize,
    /// What kind.
    pub class: Class,
    /// The access token.
    pub token: String,
    id: String,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Account {
    id: String,
    email: String,
}

#[derive(Deserialize)]
struct Accounts {
    items: Vec<Account>,
}

#[derive(Deserialize)]
struct Changed {
    user: Account,
}

/// Signs in; the access token, and how many seconds it works.
pub async fn sign_in(gateways: &Gateways, credentials: &Credentials) -> Result<(String, u64)> {
    let body = json!({ "email": credentials.email, "password": credentials.password });
    let tokens: Tokens = call(gateways, Method::POST, "/api/auth/login", "", Some(&body)).await?;
    Ok((tokens.access_token, tokens.expires_in))
}

/// People of these classes, signed in for at least `seconds`. `admin` is the access token of an administrator; `progress` is told how many
/// there are.
pub async fn invite(
    gateways: &Gateways,
    admin: &str,
    classes: impl ExactSizeIterator<Item = Class>,
    seconds: u64,
    mut progress: impl FnMut(usize),
) -> Result<Vec<Person>> {
    let count = classes.len();
    let mut people = Vec::with_capacity(count);
    let mut coming =
        stream::iter(classes.enumerate()).map(|one| invite_one(gateways, admin, one, seconds)).buffered(AT_ONCE);
    while let Some(person) = coming.try_next().await? {
        people.push(person);
        progress(people.len());
    }
    Ok(people)
}

/// Keeps the people of a run from signing in again.
pub async fn dismiss(gateways: &Gateways, admin: &str, people: &[String]) -> Result<()> {
    let disabled = json!({ "disabled": true });
    let paths = people.iter().map(|id| format!("/api/admin/users/{id}"));
    let dismissed = paths.map(|path| {
        let disabled = &disabled;
        async move { call::<Changed>(gateways, Method::PATCH, &path, admin, Some(disabled)).await }
    });
    stream::iter(dismissed).buffered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await
}

impl Person {
    /// Another virtual person with the same account: hashing ten thousand passwords would take longer than the load.
    #[must_use]
    pub fn again(&self, number: usize) -> Self {
        Self { number, ..self.clone() }
    }

    /// Somebody who was never signed in.
    #[cfg(test)]
    pub(crate) fn imagined(number: usize, class: Class) -> Self {
        Self { number, class, token: format!("token-{number}"), id: number.to_string() }
    }

    /// The account's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

async fn invite_one(gateways: &Gateways, admin: &str, (number, class): (usize, Class), seconds: u64) -> Result<Person> {
    let email = format!("lab-{number:05}@localhost");
    let role = if class == Class::Admin { "admin" } else { "user" };
    // Known to this process alone: the accounts may outlive it.
    let password = format!("{:016x}{:016x}", RandomState::new().hash_one(number), RandomState::new().hash_one(&email));
    let body =
        json!({ "email": email, "name": format!("Performance lab {number}"), "role": role, "password": password });
    let path = "/api/admin/users";
    let id = match call::<Changed>(gateways, Method::POST, path, admin, Some(&body)).await {
        Ok(made) => made.user.id,
        Err(Error::Request { failure: Failure(failure), .. }) if failure == "status 409" => {
            let found: Accounts = call(gateways, Method::GET, &format!("{path}?q={email}"), admin, None).await?;
            let known = found.items.into_iter().find(|account| account.email == email);
            let id = known.ok_or(Error::NoAccount { email: email.clone() })?.id;
            let change = json!({ "password": password, "disabled": false, "role": role });
            let changed: Changed = call(gateways, Method::PATCH, &format!("{path}/{id}"), admin, Some(&change)).await?;
            changed.user.id
        }
        Err(error) => return Err(error),
    };
    let (token, expires_in) = sign_in(gateways, &Credentials { email, password }).await?;
    if expires_in < seconds {
        return Err(Error::ShortTokens { expires_in, seconds });
    }
    Ok(Person { number, class, token, id })
}

pub(super) async fn call<T: DeserializeOwned>(
    gateways: &Gateways,
    method: Method,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Result<T> {
    let content = body.map_or(Content::Nothing, Content::Json);
    let failed = |failure| Error::Request { path: path.to_owned(), failure };
    let answer = gateways.send(gateways.turn(), method, path, token, content).await.map_err(failed)?;
    serde_json::from_slice(&answer).map_err(|source| Error::Answer { path: path.to_owned(), source })
}
