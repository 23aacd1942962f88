//! One person on a server that has nothing else to do: what the seed's document calls the baseline.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::load::{Content, Credentials, Gateways, histogram, sign_in};
use crate::resources::{Reading, Use};
use crate::workload::{Catalogue, Lot, Sort};
use crate::{Error, Result};

/// How often an upload is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long an upload may take until it is found.
const FOUND_WITHIN: Duration = Duration::from_mins(2);
/// The size of the document that is uploaded.
const DOCUMENT_BYTES: usize = 1_000_000;

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// How long the server is watched doing nothing.
    pub idle: Duration,
    /// Requests that cost little.
    pub light: usize,
    /// Sign-ins and questions.
    pub heavy: usize,
    /// Uploads.
    pub uploads: usize,
}

impl Default for Extent {
    fn default() -> Self {
        Self { idle: Duration::from_secs(10), light: 1_000, heavy: 200, uploads: 5 }
    }
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What the server took while nobody asked for anything; nothing where its process is elsewhere.
    pub idle: Option<Use>,
    /// Database connections that were open, and how many of them were in use.
    pub connections: Option<(f64, f64)>,
    /// What the cache of answers held in the end, in bytes.
    pub cache_bytes: f64,
    /// What was asked for, with its latencies in microseconds.
    pub rows: Vec<(Endpoint, Histogram<u64>)>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Whether the server is well.
    Health,
    /// Signing in.
    Login,
    /// A question with one part, computed.
    ChatSimple,
    /// The same again.
    ChatSimpleCached,
    /// A question with several parts, computed.
    ChatComplex,
    /// The same again.
    ChatComplexCached,
    /// A document of a megabyte, until it is acknowledged: it is safe then.
    Upload,
    /// The same, until its words are found.
    UploadFound,
    /// The administrator's dashboard.
    Dashboard,
}

#[derive(Deserialize)]
struct Uploaded {
    document_id: String,
}

#[derive(Deserialize)]
struct Document {
    status: String,
}

#[derive(Deserialize)]
struct CacheFigures {
    l1: Tier,
    l2: Tier,
    rag: Tier,
}

#[derive(Deserialize)]
struct Tier {
    bytes: f64,
}

/// One person at work.
struct Person<'a> {
    gateways: &'a Gateways,
    token: String,
    credentials: &'a Credentials,
}

/// Measures the server at `gateways`. `process` is its process, where that runs on this machine; `progress` is told what is done.
pub async fn measure(
    gateways: &Gateways,
    credentials: &Credentials,
    process: Option<u32>,
    catalogue: &Catalogue,
    extent: Extent,
    mut progress: impl FnMut(&'static str),
) -> Result<Baseline> {
    let (token, _) = sign_in(gateways, credentials).await?;
    let person = Person { gateways, token, credentials };
    progress("doing nothing");
    let before = process.and_then(Reading::of);
    sleep(extent.idle).await;
    let after = process.and_then(Reading::of);
    let idle = before.zip(after).map(|(before, after)| after.since(&before));
    let connections = person.connections().await.ok();
    let mut rows = Vec::new();
    progress("health");
    rows.push((Endpoint::Health, person.repeat(extent.light, async |_| person.get("/health").await).await?));
    progress("signing in");
    let sign_in = async |_| sign_in(person.gateways, person.credentials).await.map(drop);
    rows.push((Endpoint::Login, person.repeat(extent.heavy.min(50), sign_in).await?));
    for (sort, computed, cached) in [
        (Sort::Simple, Endpoint::ChatSimple, Endpoint::ChatSimpleCached),
        (Sort::Parts, Endpoint::ChatComplex, Endpoint::ChatComplexCached),
    ] {
        progress(if sort == Sort::Simple { "short questions" } else { "questions with several parts" });
        let questions = extent.heavy.min(catalogue.count(sort));
        // Whatever the cache holds already, `refresh` computes.
        for (endpoint, cache) in [(computed, "refresh"), (cached, "use")] {
            let ask = async |number: usize| person.ask(catalogue.question(sort, number), cache).await;
            rows.push((endpoint, person.repeat(questions, ask).await?));
        }
    }
    progress("uploads");
    let (acknowledged, found) = person.upload(extent.uploads, catalogue).await?;
    rows.extend([(Endpoint::Upload, acknowledged), (Endpoint::UploadFound, found)]);
    progress("the dashboard");
    let look = async |_| person.get("/api/admin/dashboard").await;
    rows.push((Endpoint::Dashboard, person.repeat(extent.light, look).await?));
    Ok(Baseline { idle, connections, cache_bytes: person.cache_bytes().await?, rows })
}

impl Person<'_> {
    /// One after the other; how long each took.
    async fn repeat(&self, times: usize, mut act: impl AsyncFnMut(usize) -> Result<()>) -> Result<Histogram<u64>> {
        let mut latencies = histogram();
        for number in 0..times {
            let began = Instant::now();
            act(number).await?;
            record(&mut latencies, began);
        }
        Ok(latencies)
    }

    async fn get(&self, path: &str) -> Result<()> {
        self.send(Method::GET, path, Content::Nothing).await.map(drop)
    }

    async fn ask(&self, question: &str, cache: &str) -> Result<()> {
        let body = json!({ "message": question, "cache": cache });
        self.send(Method::POST, "/api/chat", Content::Json(&body)).await.map(drop)
    }

    async fn upload(&self, times: usize, catalogue: &Catalogue) -> Result<(Histogram<u64>, Histogram<u64>)> {
        let (mut acknowledged, mut found) = (histogram(), histogram());
        for number in 0..times {
            let text = document(catalogue, number as u64);
            let began = Instant::now();
            let name = format!("baseline-{number}.md");
            let content = Content::Document(&name, text.as_bytes());
            let body = self.send(Method::POST, "/api/documents/upload", content).await?;
            record(&mut acknowledged, began);
            let Uploaded { document_id } = parsed("/api/documents/upload", &body)?;
            let path = format!("/api/documents/{document_id}");
            self.is_found(&path, began).await?;
            record(&mut found, began);
            // What is left of the work on it would be measured with what follows.
            self.send(Method::DELETE, &path, Content::Nothing).await?;
        }
        Ok((acknowledged, found))
    }

    async fn is_found(&self, path: &str, began: Instant) -> Result<()> {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while began.elapsed() < FOUND_WITHIN {
            ticks.tick().await;
            let body = self.send(Method::GET, path, Content::Nothing).await?;
            let Document { status } = parsed(path, &body)?;
            if matches!(status.as_str(), "searchable" | "ready") {
                return Ok(());
            }
        }
        Err(Error::Late { what: "a document of a megabyte is not found by its words", seconds: FOUND_WITHIN.as_secs() })
    }

    async fn connections(&self) -> Result<(f64, f64)> {
        const PATH: &str = "/api/admin/dashboard";
        let body: Value = parsed(PATH, &self.send(Method::GET, PATH, Content::Nothing).await?)?;
        let last = body["series"].as_array().and_then(|series| series.last()).cloned().unwrap_or_default();
        let figure = |name: &str| last[name].as_f64().unwrap_or_default();
        Ok((figure("connections_max"), figure("connections")))
    }

    async fn cache_bytes(&self) -> Result<f64> {
        const PATH: &str = "/api/admin/cache";
        let figures: CacheFigures = parsed(PATH, &self.send(Method::GET, PATH, Content::Nothing).await?)?;
        Ok(figures.l1.bytes + figures.l2.bytes + figures.rag.bytes)
    }

    async fn send(&self, method: Method, path: &str, content: Content<'_>) -> Result<Vec<u8>> {
        let sent = self.gateways.send(self.gateways.turn(), method, path, &self.token, content).await;
        sent.map_err(|failure| Error::Request { path: path.to_owned(), failure })
    }
}

fn parsed<T: serde::de::DeserializeOwned>(path: &str, body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|source| Error::Answer { path: path.to_owned(), source })
}

fn record(latencies: &mut Histogram<u64>, began: Instant) {
    latencies.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
}

/// A text of a megabyte like no other.
fn document(catalogue: &Catalogue, number: u64) -> String {
    let (mut lot, mut text) = (Lot::new(number, 1), String::with_capacity(DOCUMENT_BYTES + 4_096));
    let mut part = 0;
    while text.len() < DOCUMENT_BYTES {
        part += 1;
        text.push_str(&crate::workload::note(catalogue, (number << 32) | part, 100_000, &mut lot));
        text.push('\n');
    }
    text.truncate(text.char_indices().map(|(at, _)| at).take_while(|at| *at <= DOCUMENT_BYTES).last().unwrap_or(0));
    text
}
