//! The pages: handlers that fill the structs of [`views`], which the templates render.

pub(crate) mod account;
pub(crate) mod admin;
pub(crate) mod assets;
pub(crate) mod chat;
pub(crate) mod documents;
pub(crate) mod error;
pub(crate) mod login;
mod views;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::Gateway;
use crate::auth::User;
use crate::problem::Problem;
use views::Chrome;

/// What surrounds a page at `path`.
fn chrome(gateway: &Gateway, user: Option<&User>, path: &str) -> Chrome {
    let person = |user: &User| views::User {
        name: user.account.name.clone(),
        email: user.account.email.clone(),
        is_admin: user.is_admin(),
    };
    Chrome {
        assets: assets::prefix().to_owned(),
        user: user.map(person),
        path: path.to_owned(),
        keywords_only: gateway.knowledge().model_name().is_none(),
    }
}

fn render(page: &impl Template) -> Result<Response, Problem> {
    let text = page.render().map_err(|error| Problem::internal(&error))?;
    Ok(Html(text).into_response())
}

/// The sign-in page that leads back to `wanted`.
pub(crate) fn login_path(wanted: &str) -> String {
    if wanted == "/" { "/login".to_owned() } else { format!("/login?next={}", encoded(wanted)) }
}

/// A text as the value of a query's parameter.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'/' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// A time as the pages carry it; the browser shows it in the reader's own time zone.
fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The name that a value has in JSON.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}
