//! The real gateway in this process, on a database of its own and a clock that stands still.

use std::sync::Arc;

use crate::editing::put;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use coordination::Coordination;
use gateway::{Gateway, Settings};
use http_body_util::BodyExt as _;
use knowledge::Knowledge;
use serde_json::{Value, json};
use store::values::JobKind;
use store::{Clock, Store};
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) const POLICY: &str = "# Password policy\n\nPasswords must have at least 14 characters. \
                          Change a password at once when somebody else may know it.\n";

/// The gateway with what a test needs to reach around it.
pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) gateway: Gateway,
    pub(crate) store: Store,
    pub(crate) knowledge: Knowledge,
    pub(crate) clock: Clock,
    directory: Arc<tempfile::TempDir>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Somebody with an account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(Settings { login_attempts_per_minute: 1_000, ..Settings::default() }).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::with_documents(settings, knowledge::Settings::default()).await
    }

    pub(crate) async fn with_documents(settings: Settings, documents: knowledge::Settings) -> Self {
        Self::with_database(settings, documents, store::Settings::default()).await
    }

    pub(crate) async fn with_database(
        settings: Settings,
        documents: knowledge::Settings,
        database: store::Settings,
    ) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        let clock = Clock::manual(start);
        let url = test_servers::database_of_the_profile().await.map(store::DatabaseUrl::new);
        let max_connections = database.max_connections.min(5);
        let database = store::Settings { url, min_connections: 0, max_connections, ..database };
        let store = Store::open(directory.path(), &database, clock.clone()).await.unwrap();
        let knowledge = Knowledge::open(store.clone(), documents).await.unwrap();
        let backing = cache::Backing::Disk(directory.path().to_owned());
        let assistant = open_assistant(&knowledge, backing).await;
        let gateway =
            Gateway::new(settings, assistant, knowledge.clone(), store.clone(), Coordination::alone()).await.unwrap();
        Self { router: gateway.router(), gateway, store, knowledge, clock, directory }
    }

    /// Another gateway on the same database, which hears from others through this Redis.
    pub(crate) async fn another_gateway(&self, settings: Settings, redis: &coordination::Settings) -> Self {
        let coordination = Coordination::start(redis).unwrap();
        // The first connection takes a moment; one that never comes is known soon as well.
        while coordination.counters().state == coordination::State::Starting {
            tokio::task::yield_now().await;
        }
        // A process of its own knows of changes only what the database tells.
        let store = self.store.clone();
        let knowledge = Knowledge::open(store.clone(), self.knowledge.settings().clone()).await.unwrap();
        let assistant = open_assistant(&knowledge, cache::Backing::Shared(coordination.clone())).await;
        let gateway = Gateway::new(settings, assistant, knowledge.clone(), store.clone(), coordination).await.unwrap();
        let (clock, directory) = (self.clock.clone(), Arc::clone(&self.directory));
        Self { router: gateway.router(), gateway, store, knowledge, clock, directory }
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answered {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answered { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a request with a token, if there is one, and a JSON body, unless it is null.
    pub(crate) async fn call(&self, method: Method, path: &str, token: Option<&str>, body: &Value) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, person: &Person) -> Answered {
        self.call(Method::GET, path, Some(&person.access), &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, person: &Person, body: &Value) -> Answered {
        self.call(Method::POST, path, Some(&person.access), body).await
    }

    pub(crate) async fn delete(&self, path: &str, person: &Person) -> Answered {
        self.call(Method::DELETE, path, Some(&person.access), &Value::Null).await
    }

    /// Registers the first account.
    pub(crate) async fn admin(&self) -> Person {
        let body = json!({ "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
        let made = self.call(Method::POST, "/api/auth/register", None, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        self.log_in("ada@example.org", PASSWORD).await
    }

    /// Has an administrator add a person.
    pub(crate) async fn person(&self, admin: &Person, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let body = json!({ "email": email, "name": name, "password": PASSWORD });
        let made = self.post("/api/admin/users", admin, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        self.log_in(&email, PASSWORD).await
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Person {
        let body = json!({ "email": email, "password": password });
        let answer = self.call(Method::POST, "/api/auth/login", None, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let word = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
        let (access, refresh) = (word("access_token"), word("refresh_token"));
        let me = self.call(Method::GET, "/api/auth/me", Some(&access), &Value::Null).await.json();
        Person { id: me["id"].as_str().unwrap().parse().unwrap(), email: email.to_owned(), access, refresh }
    }

    /// Uploads a file without waiting.
    pub(crate) async fn upload(&self, person: &Person, name: &str, bytes: &[u8], fields: &[(&str, &str)]) -> Answered {
        let request = upload_request("/api/documents/upload", &person.access, name, bytes, fields);
        self.send(request).await
    }

    /// Uploads a document and indexes it.
    pub(crate) async fn document(&self, person: &Person, name: &str, text: &str, visibility: &str) -> Uuid {
        let answer = self.upload(person, name, text.as_bytes(), &[("visibility", visibility)]).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        self.work().await;
        answer.json()["document_id"].as_str().unwrap().parse().unwrap()
    }

    /// Sends another content for a document.
    pub(crate) async fn send_file(&self, person: &Person, id: Uuid, name: &str, text: &str) -> Answered {
        let path = format!("/api/documents/{id}/file");
        self.send(put(upload_request(&path, &person.access, name, text.as_bytes(), &[]))).await
    }

    /// Gives a document another content and indexes it.
    pub(crate) async fn replace(&self, person: &Person, id: Uuid, name: &str, text: &str) {
        let answer = self.send_file(person, id, name, text).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        self.work().await;
    }

    /// Does the jobs that wait, as a worker would.
    pub(crate) async fn work(&self) -> usize {
        let jobs = self.store.claim_jobs(JobKind::Ingest, 100).await.unwrap();
        for job in &jobs {
            if let Err(error) = self.knowledge.ingest(job.document_id).await {
                self.store.fail_job(job.id, &error.to_string(), None).await.unwrap();
            }
        }
        jobs.len()
    }

    /// Asks a question and returns the answer.
    pub(crate) async fn ask(&self, person: &Person, question: &str) -> Value {
        let answer = self.post("/api/chat", person, &json!({ "message": question })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that this is a problem document with this status, and returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], status.as_u16());
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["title"], status.canonical_reason().unwrap());
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 5), "{problem}");
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }

    /// Asserts that this is a problem about this field.
    #[track_caller]
    pub(crate) fn invalid(&self, field: &str) {
        let problem = self.problem(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

/// A multipart request by hand, so that tests can send what no client library would.
pub(crate) fn upload_request(
    path: &str,
    token: &str,
    name: &str,
    bytes: &[u8],
    fields: &[(&str, &str)],
) -> Request<Body> {
    let mut body = Vec::new();
    for (field, value) in fields {
        let part = format!("--XX\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--XX--\r\n");
    multipart(path, token, body)
}

/// A request that says it is multipart.
pub(crate) fn multipart(path: &str, token: &str, body: Vec<u8>) -> Request<Body> {
    Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
        .body(Body::from(body))
        .unwrap()
}

async fn open_assistant(knowledge: &Knowledge, backing: cache::Backing) -> assistant::Assistant {
    assistant::Assistant::open(knowledge.clone(), cache::Settings::default(), backing).await.unwrap()
}
