//! HTTP/1.1 over one connection, as cheaply as it goes: what the generator of a load spends is taken from the server beside it.
//!
//! Why not a client library: `docs/decisions/0022-the-generator-speaks-http-itself.md`. This knows what a server of ours answers, and
//! nothing else: no redirects, no compression, no proxies, no encryption.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Headers of an answer.
const MOST_HEADERS: usize = 64;
/// Room for an answer; a greater one makes more.
const ROOM: usize = 16 * 1024;
/// The longest head of an answer.
const LONGEST_HEAD: usize = 64 * 1024;

/// What went over connections until now, in bytes of HTTP.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Traffic {
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// A connection to one server, for one request after the other.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    traffic: Arc<Traffic>,
    /// What was received of the answer in hand.
    received: Vec<u8>,
    /// Whether the server lets another request follow.
    goes_on: bool,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection had ended before anything of an answer came: another one may work.
    BeforeAnswer,
    /// It ended in the middle.
    InAnswer,
    /// What came is no HTTP.
    Unreadable,
}

/// How an answer's body ends.
#[derive(Clone, Copy, Debug)]
enum Length {
    Bytes(usize),
    Chunks,
    UntilTheEnd,
}

impl Connection {
    /// Connects to a host and a port.
    pub(crate) async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        // A request is one packet, and is not to wait for the next.
        stream.set_nodelay(true)?;
        Ok(Self { stream, traffic: Arc::default(), received: Vec::with_capacity(ROOM), goes_on: true })
    }

    /// The same connection, which counts together with others.
    pub(crate) fn counted_in(self, traffic: &Arc<Traffic>) -> Self {
        Self { traffic: Arc::clone(traffic), ..self }
    }

    /// Whether another request may follow.
    pub(crate) const fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Sends a whole request and receives its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer, Broken> {
        self.received.clear();
        self.goes_on = false;
        self.stream.write_all(request).await.map_err(|_| Broken::BeforeAnswer)?;
        self.traffic.sent.fetch_add(request.len() as u64, Ordering::Relaxed);
        let (status, head, length, keeps) = self.head().await?;
        let body = match length {
            Length::Bytes(bytes) => self.bytes(head, bytes).await?,
            Length::Chunks => self.chunks(head).await?,
            Length::UntilTheEnd => self.rest(head).await?,
        };
        self.goes_on = keeps && !matches!(length, Length::UntilTheEnd);
        Ok(Answer { status, body })
    }

    /// Status, how long the head is, how the body ends, and whether the server keeps the connection.
    async fn head(&mut self) -> Result<(u16, usize, Length, bool), Broken> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut response = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(head) = response.parse(&self.received).map_err(|_| Broken::Unreadable)? {
                let status = response.code.ok_or(Broken::Unreadable)?;
                let keeps = !response.headers.iter().any(|header| is(header, "connection", "close"));
                return Ok((status, head, length(status, response.headers)?, keeps));
            }
            let is_first = self.received.is_empty();
            if self.received.len() > LONGEST_HEAD {
                return Err(Broken::Unreadable);
            }
            self.more().await.map_err(|broken| if is_first { Broken::BeforeAnswer } else { broken })?;
        }
    }

    async fn bytes(&mut self, head: usize, bytes: usize) -> Result<Vec<u8>, Broken> {
        while self.received.len() < head + bytes {
            self.more().await?;
        }
        Ok(self.received.get(head..head + bytes).unwrap_or_default().to_vec())
    }

    async fn chunks(&mut self, head: usize) -> Result<Vec<u8>, Broken> {
        let (mut body, mut at) = (Vec::new(), head);
        loop {
            let rest = self.received.get(at..).unwrap_or_default();
            match httparse::parse_chunk_size(rest).map_err(|_| Broken::Unreadable)? {
                httparse::Status::Partial => self.more().await?,
                httparse::Status::Complete((line, size)) => {
                    let size = usize::try_from(size).map_err(|_| Broken::Unreadable)?;
                    // Behind each chunk, and behind the last one, which is empty, stands an empty line.
                    let end = at + line + size + 2;
                    while self.received.len() < end {
                        self.more().await?;
                    }
                    if size == 0 {
                        return Ok(body);
                    }
                    body.extend_from_slice(self.received.get(at + line..at + line + size).unwrap_or_default());
                    at = end;
                }
            }
        }
    }

    async fn rest(&mut self, head: usize) -> Result<Vec<u8>, Broken> {
        loop {
            match self.more().await {
                Ok(()) => {}
                Err(Broken::InAnswer) => return Ok(self.received.get(head..).unwrap_or_default().to_vec()),
                Err(broken) => return Err(broken),
            }
        }
    }

    /// Waits for more of the answer.
    async fn more(&mut self) -> Result<(), Broken> {
        match self.stream.read_buf(&mut self.received).await {
            Ok(0) | Err(_) => Err(Broken::InAnswer),
            Ok(bytes) => {
                self.traffic.received.fetch_add(bytes as u64, Ordering::Relaxed);
                Ok(())
            }
        }
    }
}

fn is(header: &httparse::Header<'_>, name: &str, value: &str) -> bool {
    header.name.eq_ignore_ascii_case(name) && header.value.eq_ignore_ascii_case(value.as_bytes())
}

/// Source: RFC 9112, section 6.3.
fn length(status: u16, headers: &[httparse::Header<'_>]) -> Result<Length, Broken> {
    if matches!(status, 100..=199 | 204 | 304) {
        return Ok(Length::Bytes(0));
    }
    if headers.iter().any(|header| is(header, "transfer-encoding", "chunked")) {
        return Ok(Length::Chunks);
    }
    let Some(header) = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length")) else {
        return Ok(Length::UntilTheEnd);
    };
    let bytes = std::str::from_utf8(header.value).ok().and_then(|value| value.trim().parse().ok());
    bytes.map(Length::Bytes).ok_or(Broken::Unreadable)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers each request with the next of these, piece by piece, and then ends.
    async fn server(answers: Vec<Vec<&'static [u8]>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            for pieces in answers {
                let mut request = [0; 64];
                let _ = stream.read(&mut request).await.unwrap();
                for piece in pieces {
                    stream.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        address
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test]
    async fn answers_of_every_length_are_received_whole() {
        let address = server(vec![
            vec![b"HTTP/1.1 200 OK\r\nContent-", b"Length: 5\r\n\r\nab", b"cde"],
            vec![b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r", b"\nabc\r\n2\r\nde\r\n0\r\n", b"\r\n"],
            vec![b"HTTP/1.1 204 No Content\r\n\r\n"],
            vec![b"HTTP/1.1 503 Busy\r\nconnection: close\r\n\r\nall of ", b"it"],
        ])
        .await;
        let traffic = Arc::<Traffic>::default();
        let mut connection = Connection::open(&address).await.unwrap().counted_in(&traffic);
        for (status, body, goes_on) in
            [(200, "abcde", true), (200, "abcde", true), (204, "", true), (503, "all of it", false)]
        {
            let answer = connection.exchange(REQUEST).await.unwrap();
            assert_eq!((answer.status, answer.body.as_slice()), (status, body.as_bytes()));
            assert_eq!(connection.goes_on(), goes_on);
        }
        let heads = [
            "200 OK\r\ncontent-length: 5",
            "200 OK\r\ntransfer-encoding: chunked",
            "204 No Content",
            "503 Busy\r\nconnection: close",
        ];
        let answers: usize = heads.iter().map(|head| "HTTP/1.1 ".len() + head.len() + 4).sum::<usize>() + 5 + 20 + 9;
        assert_eq!((traffic.sent(), traffic.received()), (4 * REQUEST.len() as u64, answers as u64));
    }

    #[tokio::test]
    async fn what_breaks_off_says_where() {
        for (pieces, before) in [(vec![], true), (vec![&b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"[..]], false)]
        {
            let address = server(vec![pieces]).await;
            let mut connection = Connection::open(&address).await.unwrap();
            let broken = connection.exchange(REQUEST).await.unwrap_err();
            assert_eq!(matches!(broken, Broken::BeforeAnswer), before, "{broken:?}");
            assert!(!connection.goes_on());
        }
        let address = server(vec![vec![b"SSH-2.0-OpenSSH_9.2\r\n"]]).await;
        let mut connection = Connection::open(&address).await.unwrap();
        assert!(matches!(connection.exchange(REQUEST).await, Err(Broken::Unreadable)));
    }
}
