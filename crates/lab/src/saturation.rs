//! As many requests as a server answers: on each connection the next one follows as soon as the last one is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::load::{Content, Failure, Gateways, histogram, request};
use crate::wire::Connection;
use crate::{Error, Result};

/// What is sent, over and over.
#[derive(Clone, Debug)]
pub struct Saturation {
    host: String,
    /// Whole requests; each connection begins with another one.
    requests: Arc<[Vec<u8>]>,
    connections: usize,
}

/// What a burst of requests came to.
#[derive(Clone, Debug)]
pub struct Burst {
    /// How long it took.
    pub took: Duration,
    /// Latencies of what was answered, in microseconds.
    pub latencies: Histogram<u64>,
    /// What was not answered with success.
    pub failed: u64,
}

impl Saturation {
    /// `GET path` over so many connections.
    pub fn of_path(base: &str, path: &str, connections: usize) -> Result<Self> {
        let requests = [(reqwest::Method::GET, path, Content::Nothing)];
        Self::new(base, "", requests.into_iter(), connections)
    }

    /// Questions over so many connections, in turn.
    pub fn of_questions(base: &str, token: &str, questions: &[String], connections: usize) -> Result<Self> {
        let bodies: Vec<_> = questions.iter().map(|question| serde_json::json!({ "message": question })).collect();
        let requests = bodies.iter().map(|body| (reqwest::Method::POST, "/api/chat", Content::Json(body)));
        Self::new(base, token, requests, connections)
    }

    fn new<'a>(
        base: &str,
        token: &str,
        requests: impl Iterator<Item = (reqwest::Method, &'a str, Content<'a>)>,
        connections: usize,
    ) -> Result<Self> {
        let gateways = Gateways::new(&[base.to_owned()])?;
        let host = gateways.host(0).to_owned();
        let requests = requests.map(|(method, path, content)| request(&host, &method, path, token, content)).collect();
        Ok(Self { host, requests, connections })
    }

    /// Sends for so long.
    pub async fn burst(&self, duration: Duration) -> Result<Burst> {
        let began = Instant::now();
        let mut connections = JoinSet::new();
        for first in 0..self.connections {
            connections.spawn(self.clone().keep_busy(first, began + duration));
        }
        let mut sum = Burst { took: duration, latencies: histogram(), failed: 0 };
        while let Some(ended) = connections.join_next().await {
            let (latencies, failed) = ended.map_err(|_| self.away())??;
            // The bounds are the same.
            let _ = sum.latencies.add(&latencies);
            sum.failed += failed;
        }
        sum.took = began.elapsed();
        Ok(sum)
    }

    async fn keep_busy(self, first: usize, until: Instant) -> Result<(Histogram<u64>, u64)> {
        let (mut latencies, mut failed) = (histogram(), 0);
        let mut connection = Connection::open(&self.host).await.map_err(|_| self.away())?;
        for request in self.requests.iter().cycle().skip(first % self.requests.len().max(1)) {
            let sent = Instant::now();
            if sent >= until {
                break;
            }
            match connection.exchange(request).await {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    latencies.saturating_record(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                _ => failed += 1,
            }
            if !connection.goes_on() {
                connection = Connection::open(&self.host).await.map_err(|_| self.away())?;
            }
        }
        Ok((latencies, failed))
    }

    fn away(&self) -> Error {
        Error::Request { path: format!("http://{}", self.host), failure: Failure("no connection".to_owned()) }
    }
}

impl Burst {
    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }
}
