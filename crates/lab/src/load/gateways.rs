//! Sending requests to gateways in turn, as a load balancer does.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout;

use crate::wire::{Answer, Broken, Connection, Traffic};
use crate::{Error, Result};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between the fields of an upload.
const BOUNDARY: &str = "the-lab-uploads-nothing-that-contains-this-line";

/// The gateways of a run.
#[derive(Debug)]
pub struct Gateways {
    all: Vec<One>,
    urls: Vec<String>,
    next: AtomicUsize,
    opened: AtomicU64,
    traffic: Arc<Traffic>,
}

/// One of them.
#[derive(Debug)]
struct One {
    /// Host and port.
    address: String,
    /// Connections that nobody uses at this moment.
    idle: Mutex<Vec<Connection>>,
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
    Document(&'a str, &'a [u8]),
}

impl Gateways {
    /// Gateways at these addresses, such as `http://127.0.0.1:8080`.
    pub fn new(urls: &[String]) -> Result<Self> {
        let urls: Vec<String> = urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
        let all = urls.iter().map(|url| Ok(One { address: address(url)?, idle: Mutex::default() }));
        Ok(Self {
            all: all.collect::<Result<_>>()?,
            urls,
            next: AtomicUsize::new(0),
            opened: AtomicU64::new(0),
            traffic: Arc::default(),
        })
    }

    /// Host and port of one of them.
    pub(crate) fn host(&self, gateway: usize) -> &str {
        self.all.get(gateway).map(|one| one.address.as_str()).unwrap_or_default()
    }

    /// How many connections were opened until now.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// What was sent to them and received from them until now, in bytes of HTTP.
    pub(crate) fn traffic(&self) -> [u64; 2] {
        [self.traffic.sent(), self.traffic.received()]
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
        let one = self.all.get(gateway).ok_or_else(|| Failure("no such gateway".to_owned()))?;
        let request = request(&one.address, &method, path, token, content);
        let answer = timeout(PATIENCE, self.exchange(one, &request)).await;
        let Answer { status, body } = answer.unwrap_or_else(|_| Err(Failure("no answer in time".to_owned())))?;
        if (200..300).contains(&status) { Ok(body) } else { Err(Failure(format!("status {status}"))) }
    }

    /// The body of what anybody may read.
    pub(crate) async fn send_open(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.send(self.turn(), Method::GET, path, "", Content::Nothing).await
    }

    /// Over a connection that is there, or a new one.
    async fn exchange(&self, one: &One, request: &[u8]) -> Result<Answer, Failure> {
        if let Some(mut connection) = one.take() {
            match connection.exchange(request).await {
                Ok(answer) => return Ok(one.put(connection, answer)),
                // The server had closed it, unused as it was: that is nobody's failure.
                Err(Broken::BeforeAnswer) => {}
                Err(broken) => return Err(Failure::of(&broken)),
            }
        }
        self.opened.fetch_add(1, Ordering::Relaxed);
        let opened = Connection::open(&one.address).await;
        let mut connection = opened.map_err(|_| Failure("no connection".to_owned()))?.counted_in(&self.traffic);
        let answer = connection.exchange(request).await.map_err(|broken| Failure::of(&broken))?;
        Ok(one.put(connection, answer))
    }
}

impl One {
    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps the connection for somebody else, where it goes on.
    fn put(&self, connection: Connection, answer: Answer) -> Answer {
        if connection.goes_on() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        answer
    }
}

/// Host and port of an address.
fn address(url: &str) -> Result<String> {
    let unusable = || Error::Address { url: url.to_owned() };
    let host = url.strip_prefix("http://").ok_or_else(unusable)?;
    if host.is_empty() || host.contains('/') {
        return Err(unusable());
    }
    Ok(if host.contains(':') { host.to_owned() } else { format!("{host}:80") })
}

/// A whole request, as it goes over the connection.
pub(crate) fn request(host: &str, method: &Method, path: &str, token: &str, content: Content<'_>) -> Vec<u8> {
    let (media_type, body) = match content {
        Content::Nothing => (String::new(), Vec::new()),
        Content::Json(value) => ("application/json".to_owned(), value.to_string().into_bytes()),
        Content::Document(name, bytes) => {
            let head = |field: &str| format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {field}\r\n\r\n");
            let visibility = head("name=\"visibility\"") + "shared\r\n";
            let file = head(&format!("name=\"file\"; filename=\"{name}\""));
            let end = format!("\r\n--{BOUNDARY}--\r\n");
            let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
            (media_type, [visibility.as_bytes(), file.as_bytes(), bytes, end.as_bytes()].concat())
        }
    };
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
    if !token.is_empty() {
        request.push_str("authorization: Bearer ");
        request.push_str(token);
        request.push_str("\r\n");
    }
    if !media_type.is_empty() {
        let _ = write!(request, "content-type: {media_type}\r\n");
    }
    let _ = write!(request, "content-length: {}\r\n\r\n", body.len());
    let mut request = request.into_bytes();
    request.extend_from_slice(&body);
    request
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
    fn of(broken: &Broken) -> Self {
        let kind = match broken {
            Broken::BeforeAnswer => "broken connection",
            Broken::InAnswer | Broken::Unreadable => "broken answer",
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

    #[test]
    fn a_gateway_has_a_host_and_nothing_behind_it() {
        let gateways = |url: &str| Gateways::new(&[url.to_owned()]).map(|made| made.all[0].address.clone());
        assert_eq!(gateways("http://127.0.0.1:8080/").ok().as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(gateways("http://voiceassist").ok().as_deref(), Some("voiceassist:80"));
        for url in ["https://example.org", "127.0.0.1:8080", "http://", "http://example.org/assist"] {
            let error = gateways(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(url), "{url}: {error}");
        }
    }
}
