//! Sending requests to gateways in turn, as a load balancer does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::{Error, Result};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between the fields of an upload.
const BOUNDARY: &str = "the-lab-uploads-nothing-that-contains-this-line";

/// The gateways of a run.
#[derive(Debug)]
pub struct Gateways {
    http: reqwest::Client,
    urls: Vec<String>,
    next: AtomicUsize,
}

/// Why a request was not answered as hoped, as few words as there are kinds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(transparent)]
#[error("{0}")]
pub struct Failure(pub String);

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    Nothing,
    Json(&'a Value),
    /// A shared document under a file name.
    Document(&'a str, &'a str),
}

impl Gateways {
    /// Gateways at these addresses, such as `http://127.0.0.1:8080`.
    pub fn new(urls: &[String]) -> Result<Self> {
        // They are one's own: a proxy of the environment does not lead to them.
        let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(usize::MAX);
        let urls = urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
        Ok(Self { http: builder.build().map_err(Error::Client)?, urls, next: AtomicUsize::new(0) })
    }

    /// Their addresses.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Whose turn it is.
    pub(crate) fn turn(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.urls.len().max(1)
    }

    /// The body of the answer of one gateway.
    pub(crate) async fn send(
        &self,
        gateway: usize,
        method: Method,
        path: &str,
        token: &str,
        content: Content<'_>,
    ) -> Result<Vec<u8>, Failure> {
        let base = self.urls.get(gateway).map(String::as_str).unwrap_or_default();
        let mut request = self.http.request(method, format!("{base}{path}"));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let response = with_content(request, content).send().await.map_err(|error| Failure::of(&error))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| Failure::of(&error))?;
        if status.is_success() { Ok(body.to_vec()) } else { Err(Failure(format!("status {}", status.as_u16()))) }
    }
}

fn with_content(request: RequestBuilder, content: Content<'_>) -> RequestBuilder {
    match content {
        Content::Nothing => request,
        Content::Json(value) => request.json(value),
        Content::Document(name, text) => {
            let field = |head: &str, value: &str| {
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
            };
            let visibility = field("name=\"visibility\"", "shared");
            let file = field(&format!("name=\"file\"; filename=\"{name}\""), text);
            let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
            request.header("content-type", media_type).body(format!("{visibility}{file}--{BOUNDARY}--\r\n"))
        }
    }
}

/// A text as it stands in a query: everything but letters, digits and a few marks as `%` and two hexadecimal digits (RFC 3986).
pub(crate) fn escaped(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(escape).collect()
}

impl Failure {
    fn of(error: &reqwest::Error) -> Self {
        let kind = match error {
            error if error.is_timeout() => "no answer in time",
            error if error.is_connect() => "no connection",
            error if error.is_body() || error.is_decode() => "broken answer",
            _ => "broken connection",
        };
        Self(kind.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_in_queries() {
        assert_eq!(escaped("a-b c&d=\u{e9}?"), "a-b%20c%26d%3D%C3%A9%3F");
    }
}
