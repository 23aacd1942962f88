//! The product's API, as far as the lab uses it.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{Error, Result};

/// A signed-in client of a running server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// One passage of `GET /api/search`.
#[derive(Clone, Debug, Deserialize)]
pub struct Passage {
    /// The name of the file that it is from.
    pub file_name: String,
    /// The headings above it, from the outside in, with " > " between them.
    pub heading_path: String,
}

/// What the lab reads of an answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Answer {
    /// The text.
    #[serde(rename = "answer")]
    pub text: String,
    /// Whether the documents answered.
    pub grounded: bool,
    /// Time per phase, in milliseconds.
    pub timings_ms: Timings,
}

/// Phases of an answer, in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Timings {
    /// All of it.
    pub total: f64,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
    /// Where the next page begins.
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    title: String,
    status: String,
}

/// Documents on a page of the list.
const PAGE: &str = "200";

impl Client {
    /// A client for the server at `base` (such as `http://127.0.0.1:8080`) with an access token.
    pub fn new(base: &str, token: &str) -> Result<Self> {
        // The server is one's own: a proxy of the environment does not lead to it, and would be measured too.
        let http = reqwest::Client::builder().no_proxy().build().map_err(Error::Client)?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// The best passages for a text, best first.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<Passage>> {
        let request = self.http.get(format!("{}/api/search", self.base));
        let limit = limit.to_string();
        let items: Items<Passage> = self.send("/api/search", request.query(&[("q", text), ("limit", &limit)])).await?;
        Ok(items.items)
    }

    /// The titles of all documents that the account may read, newest first.
    pub async fn document_titles(&self) -> Result<Vec<String>> {
        let listed: Vec<Listed> = self.documents().await?;
        Ok(listed.into_iter().map(|document| document.title).collect())
    }

    /// How many documents are neither found by their meaning yet nor given up.
    pub async fn documents_in_work(&self) -> Result<usize> {
        let listed = self.documents().await?;
        Ok(listed.iter().filter(|document| !matches!(document.status.as_str(), "ready" | "failed")).count())
    }

    async fn documents(&self) -> Result<Vec<Listed>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let request = self.http.get(format!("{}/api/documents", self.base)).query(&[("limit", PAGE)]);
            let request = match &cursor {
                Some(cursor) => request.query(&[("cursor", cursor)]),
                None => request,
            };
            let page: Items<Listed> = self.send("/api/documents", request).await?;
            all.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// How the server says that it is set up.
    pub async fn settings(&self) -> Result<serde_json::Value> {
        self.send("/api/admin/settings", self.http.get(format!("{}/api/admin/settings", self.base))).await
    }

    /// The answer to a question, computed afresh in a conversation of its own.
    pub async fn ask(&self, question: &str) -> Result<Answer> {
        let request = self.http.post(format!("{}/api/chat", self.base));
        self.send("/api/chat", request.json(&json!({"message": question, "cache": "bypass"}))).await
    }

    async fn send<T: DeserializeOwned>(&self, path: &str, request: reqwest::RequestBuilder) -> Result<T> {
        let failed = |source| Error::Http { path: path.to_owned(), source };
        let response = request.bearer_auth(&self.token).send().await.map_err(failed)?;
        let status = response.status();
        if status.is_success() {
            return response.json().await.map_err(failed);
        }
        let body: String = response.text().await.unwrap_or_default().chars().take(500).collect();
        Err(Error::Refused { path: path.to_owned(), status: status.as_u16(), body })
    }
}
