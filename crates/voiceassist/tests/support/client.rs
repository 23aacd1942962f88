//! The API, as a program uses it.

use serde_json::{Value, json};

use super::until;

/// A boundary that no test file contains.
const BOUNDARY: &str = "-----------------voiceassist-test";

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// Nobody yet.
    pub(crate) fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, base: base.to_owned(), token: String::new() }
    }

    /// Signs in, which must succeed.
    pub(crate) async fn sign_in(base: &str, email: &str, password: &str) -> Self {
        let client = Self::new(base);
        let tokens = client.try_sign_in(email, password).await.ok();
        Self { token: tokens["access_token"].as_str().unwrap().to_owned(), ..client }
    }

    /// Tries to sign in.
    pub(crate) async fn try_sign_in(&self, email: &str, password: &str) -> Answered {
        self.post("/api/auth/login", &json!({"email": email, "password": password})).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answered {
        self.send(self.http.get(self.url(path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// The same within somebody's trace.
    pub(crate) async fn post_traced(&self, path: &str, body: &Value, parent: &str) -> Answered {
        self.send(self.http.post(self.url(path)).json(body).header("traceparent", parent)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answered {
        self.send(self.http.delete(self.url(path))).await
    }

    /// Uploads a file; `wait` waits until it is indexed.
    pub(crate) async fn upload(&self, name: &str, bytes: &[u8], wait: bool) -> Answered {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        let request = self.http.post(self.url(&format!("/api/documents/upload?wait={wait}")));
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(request.header("content-type", media_type).body(body)).await
    }

    /// Every document, from all pages.
    pub(crate) async fn documents(&self) -> Vec<Value> {
        let (mut documents, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/api/documents?limit=200&cursor={cursor}")).await.ok();
            documents.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return documents,
            }
        }
    }

    /// Waits until there are `count` documents and all of them are ready.
    pub(crate) async fn ready_documents(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} documents to be ready"), async || {
            let documents = self.documents().await;
            let failed = documents.iter().find(|document| document["status"] == "failed");
            assert!(failed.is_none(), "{failed:?}");
            let ready = documents.iter().all(|document| document["status"] == "ready");
            (ready && documents.len() == count).then_some(documents)
        })
        .await
    }

    /// Asks a question in a conversation of its own.
    pub(crate) async fn ask(&self, question: &str) -> Value {
        self.post("/api/chat", &json!({"message": question})).await.ok()
    }

    /// Asks a question as an event stream, and returns its events.
    pub(crate) async fn ask_for_events(&self, question: &str) -> Vec<(String, Value)> {
        let request = self.http.post(self.url("/api/chat")).json(&json!({"message": question}));
        let answered = self.send(request.header("accept", "text/event-stream")).await;
        assert_eq!((answered.status, answered.content_type.as_str()), (200, "text/event-stream"), "{answered:?}");
        answered.text().split("\n\n").filter(|event| !event.trim().is_empty()).map(parse_event).collect()
    }

    /// Asserts that what an answer quotes stands in the documents, byte for byte, where it says.
    pub(crate) async fn check_citations(&self, answer: &Value) {
        for citation in answer["citations"].as_array().unwrap() {
            let id = citation["document_id"].as_str().unwrap();
            let content = self.get(&format!("/api/documents/{id}/content")).await;
            assert_eq!(content.status, 200, "{content:?}");
            let offset = |name: &str| usize::try_from(citation[name].as_u64().unwrap()).unwrap();
            let quoted = content.body.get(offset("start")..offset("end"));
            assert_eq!(quoted, Some(citation["quote"].as_str().unwrap().as_bytes()), "{citation}");
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answered {
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let response = request.send().await.unwrap();
        let content_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let (status, content_type) = (response.status().as_u16(), content_type.unwrap_or_default());
        Answered { status, content_type, body: response.bytes().await.unwrap().to_vec() }
    }
}

impl Answered {
    /// Asserts success and returns the JSON.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self.json()
    }

    /// Asserts that this is a problem document with this status, and returns its detail.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!((self.status, self.content_type.as_str()), (status, "application/problem+json"), "{}", self.text());
        self.json()["detail"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn parse_event(event: &str) -> (String, Value) {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let data = serde_json::from_str(field("data:")).unwrap_or_else(|error| panic!("{error}: {event}"));
    (field("event:").to_owned(), data)
}
