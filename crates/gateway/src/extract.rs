//! Extractors whose refusals are problem documents: [`Json`], [`Query`], [`Id`]; and what the connection tells.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::error::Category;
use uuid::Uuid;

use crate::problem::Problem;

/// A body or an answer in JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "The body must be JSON: send it with `Content-Type: application/json`.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| body_problem(&rejection))?;
        let mut source = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut source).map_err(|error| json_problem(&error))?;
        source.end().map_err(|error| Problem::bad_request(format!("The body is not valid JSON: {error}.")))?;
        Ok(Self(value))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn body_problem(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than this address accepts.");
    }
    Problem::bad_request("The body could not be read to its end.")
}

fn json_problem(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let said = error.inner().to_string();
    if error.inner().classify() != Category::Data {
        return Problem::bad_request(format!("The body is not valid JSON: {said}."));
    }
    // "unknown field `x`, expected …" and "missing field `x`" name the field; of anything else the path is known.
    let named =
        ["unknown field `", "missing field `"].iter().find_map(|start| said.strip_prefix(start)?.split_once('`'));
    let path = error.path().to_string();
    let field = match named {
        Some((name, _)) => name,
        None if path == "." => "body",
        None => &path,
    };
    Problem::invalid_field(field, without_position(&said))
}

/// The message of serde without " at line 1 column 17", which helps nobody whose JSON was made by a program.
fn without_position(said: &str) -> &str {
    said.rsplit_once(" at line ").map_or(said, |(message, _)| message)
}

/// Parameters of the query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let parsed = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        parsed.map(|axum::extract::Query(value)| Self(value)).map_err(|rejection| {
            let said = std::error::Error::source(&rejection).map(ToString::to_string).unwrap_or_default();
            // "limit: invalid digit found in string", or "missing field `q`".
            match said.split_once(": ") {
                Some((field, message)) => Problem::invalid_field(field, message),
                None => Problem::invalid_field(said.split('`').nth(1).unwrap_or("query"), said.as_str()),
            }
        })
    }
}

/// The id in the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let id = text.ok().and_then(|axum::extract::Path(text)| Uuid::try_parse(&text).ok());
        id.map(Self).ok_or_else(|| Problem::bad_request("The id in the path is not a UUID."))
    }
}

/// Which page of a list is wanted.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Only items that match this text.
    pub(crate) q: Option<String>,
    /// `next_cursor` of the page before.
    #[serde(default, deserialize_with = "cursor")]
    #[param(value_type = Option<Uuid>)]
    pub(crate) cursor: Option<Uuid>,
    /// Items to a page, 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u64>,
}

/// Items to a page unless the client says how many.
const PAGE_ITEMS: u64 = 50;

impl PageQuery {
    pub(crate) fn request(self) -> Result<store::page::PageRequest, Problem> {
        let limit = self.limit.unwrap_or(PAGE_ITEMS);
        if !(1..=200).contains(&limit) {
            return Err(Problem::invalid_field("limit", format!("must be between 1 and 200, not {limit}")));
        }
        let query = self.q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(store::page::PageRequest { cursor: self.cursor, limit, query })
    }
}

/// An empty cursor is none: forms send fields that nobody filled in.
fn cursor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    text.map(|text| Uuid::try_parse(&text).map_err(|_| D::Error::custom("must be the `next_cursor` of a page")))
        .transpose()
}

/// The address that the request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) IpAddr);

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(connected(&parts.extensions)))
    }
}

/// The address that a request came from.
pub(crate) fn client_of(request: &Request) -> IpAddr {
    connected(request.extensions())
}

fn connected(extensions: &Extensions) -> IpAddr {
    let connection = extensions.get::<ConnectInfo<SocketAddr>>();
    connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip())
}

/// The id under which the log knows the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestId(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
