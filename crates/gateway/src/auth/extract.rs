//! Recognising who sends a request, once, before its handler runs; and the extractors that handlers ask with.
//!
//! Programs send `Authorization: Bearer <access token>`, browsers the cookie `va_session`. Every request looks the
//! session up, so that logging out and disabling an account act at once.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use store::Reader;
use store::accounts::Account;
use store::changes::Standing;
use store::values::Role;
use uuid::Uuid;

use super::AccountError;
use super::accounts::Identity;
use crate::Gateway;
use crate::extract::client_of;
use crate::problem::Problem;

/// The browser's cookie.
pub(crate) const SESSION_COOKIE: &str = "va_session";

/// The person who sends the request.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) account: Account,
    pub(crate) session: Uuid,
    /// Where documents stood for the person when the request came.
    pub(crate) standing: Standing,
    /// Where the request came from.
    pub(crate) client: IpAddr,
}

/// The person who sends the request, who is an administrator.
#[derive(Clone, Debug)]
pub(crate) struct Admin;

impl User {
    pub(crate) fn id(&self) -> Uuid {
        self.account.id
    }

    /// The same, whose request came from there.
    pub(crate) fn at(self, client: IpAddr) -> Self {
        Self { client, ..self }
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self.account.id).at(self.standing.change)
    }

    /// The same, or everybody, for somebody who has no private documents: what was found for one serves all.
    pub(crate) fn searches_as(&self) -> Reader {
        let reader = if self.standing.has_private { self.reader() } else { Reader::everybody() };
        reader.at(self.standing.change)
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.account.role == Role::Admin
    }
}

impl From<Identity> for User {
    fn from(identity: Identity) -> Self {
        let Identity { account, session, standing } = identity;
        Self { account, session, standing, client: IpAddr::V4(Ipv4Addr::UNSPECIFIED) }
    }
}

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Put there by `require_account`, which stands before every route that is not listed as open.
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorized)
    }
}

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let user = User::from_request_parts(parts, state).await?;
        if user.is_admin() { Ok(Self) } else { Err(Problem::forbidden("Only administrators may do this.")) }
    }
}

/// Middleware of the API: lets a request pass whose sender is known.
pub(crate) async fn require_account(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    match recognise(&gateway, request.method(), request.headers()).await {
        Ok(user) => {
            let user = user.at(client_of(&request));
            request.extensions_mut().insert(user);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Middleware of the pages: sends whoever is not signed in to the sign-in page, and back here afterwards.
pub(crate) async fn require_page_account(State(gateway): State<Gateway>, mut request: Request, next: Next) -> Response {
    match visitor(&gateway, request.headers()).await {
        Ok(Some(user)) => {
            let user = user.at(client_of(&request));
            request.extensions_mut().insert(user);
            next.run(request).await
        }
        Ok(None) => {
            let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
            Redirect::to(&crate::pages::login_path(wanted)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// The person whose browser sends the request, if it is signed in.
pub(crate) async fn visitor(gateway: &Gateway, headers: &HeaderMap) -> Result<Option<User>, Problem> {
    let Some(cookie) = session_cookie(headers) else { return Ok(None) };
    match gateway.accounts().browser(cookie).await {
        Ok(identity) => Ok(Some(identity.into())),
        Err(AccountError::InvalidToken) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn recognise(gateway: &Gateway, method: &Method, headers: &HeaderMap) -> Result<User, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default();
        let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
        let (_, token) = token.ok_or_else(Problem::unauthorized)?;
        return Ok(gateway.accounts().bearer(token.trim()).await?.into());
    }
    let user = visitor(gateway, headers).await?.ok_or_else(Problem::unauthorized)?;
    // A browser sends its cookie with what other sites make it send; their requests must not change anything.
    if !method.is_safe() && origin(headers) != Origin::Same {
        return Err(Problem::forbidden("A request with the session's cookie must come from this site's own pages."));
    }
    Ok(user)
}

/// Refuses a form that another site's page made the browser send. Programs, which say nothing of their origin, pass:
/// these forms bring their own password.
pub(crate) fn check_form_origin(headers: &HeaderMap) -> Result<(), Problem> {
    match origin(headers) {
        Origin::Same | Origin::Unknown => Ok(()),
        Origin::Other => Err(Problem::forbidden("This form must be sent from this site's own pages.")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Same,
    Other,
    Unknown,
}

/// Where a browser says that a request comes from. `Sec-Fetch-Site` is only sent over HTTPS or to the same machine, so
/// `Origin` stands in for it.
fn origin(headers: &HeaderMap) -> Origin {
    let text = |name| headers.get(name).map(|value: &header::HeaderValue| value.to_str().unwrap_or_default());
    if let Some(site) = text("sec-fetch-site") {
        return if matches!(site, "same-origin" | "none") { Origin::Same } else { Origin::Other };
    }
    let Some(origin) = text("origin") else { return Origin::Unknown };
    let host = text("host").unwrap_or_default();
    let same = origin.split_once("://").is_some_and(|(scheme, authority)| same_host(scheme, authority, host));
    if same { Origin::Same } else { Origin::Other }
}

/// Compares hosts and ports; a port that is the scheme's own may be left out.
fn same_host(scheme: &str, origin: &str, host: &str) -> bool {
    let default_port = if scheme == "https" { 443 } else { 80 };
    let parse = |text: &str| {
        let authority: Authority = text.parse().ok()?;
        Some((authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(default_port)))
    };
    parse(origin).is_some_and(|origin| parse(host) == Some(origin))
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SESSION_COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<const N: usize>(pairs: [(&'static str, &'static str); N]) -> HeaderMap {
        let pairs =
            pairs.map(|(name, value)| (header::HeaderName::from_static(name), header::HeaderValue::from_static(value)));
        pairs.into_iter().collect()
    }

    #[test]
    fn where_a_request_comes_from() {
        let cases = [
            (headers([]), Origin::Unknown),
            (headers([("sec-fetch-site", "same-origin")]), Origin::Same),
            (headers([("sec-fetch-site", "none")]), Origin::Same),
            (headers([("sec-fetch-site", "same-site")]), Origin::Other),
            (headers([("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")]), Origin::Other),
            (headers([("origin", "http://va.example:8080"), ("host", "va.example:8080")]), Origin::Same),
            (headers([("origin", "https://VA.example"), ("host", "va.example:443")]), Origin::Same),
            (headers([("origin", "https://va.example"), ("host", "va.example:80")]), Origin::Other),
            (headers([("origin", "http://evil.example"), ("host", "va.example")]), Origin::Other),
            (headers([("origin", "http://va.example.evil"), ("host", "va.example")]), Origin::Other),
            (headers([("origin", "null"), ("host", "null")]), Origin::Other),
        ];
        for (headers, expected) in cases {
            assert_eq!(origin(&headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn finds_its_cookie_among_others() {
        assert_eq!(session_cookie(&headers([("cookie", "a=b; va_session=x.y; c=d")])), Some("x.y"));
        assert_eq!(session_cookie(&headers([("cookie", "xva_session=x.y")])), None);
    }
}
