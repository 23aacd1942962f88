//! How many queries a request makes: as many for forty rows as for two.

use std::collections::BTreeSet;

use crate::common::{Answered, PASSWORD, Person, TestApp};
use crate::pages::{Browser, SIGN_IN};
use axum::http::StatusCode;
use serde_json::{Value, json};
use store::Visibility;
use store::accounts::NewAccount;
use store::conversations::Exchange;
use store::documents::{NewDocument, Stored};
use store::values::{JobKind, Role};
use uuid::Uuid;

/// What is asked, and the most queries that it may make. `{document}` and `{conversation}` stand for an id. One of them is
/// for the session, in every request of somebody who is signed in.
const MOST: &[(&str, u64)] = &[
    ("/api/auth/me", 1),
    ("/api/conversations?limit=200", 2),
    ("/api/conversations?limit=200&q=passwords", 2),
    ("/api/conversations/{conversation}", 4),
    ("/api/conversations/{conversation}/export?format=md", 4),
    ("/api/conversations/{conversation}/export?format=json", 4),
    ("/api/documents?limit=200", 3),
    ("/api/documents?limit=200&q=note", 3),
    ("/api/documents/{document}", 3),
    ("/api/documents/{document}/content", 3),
    ("/api/documents/{document}/file", 3),
    ("/api/search?limit=50&q=characters+of+passwords", 6),
    ("/api/admin/users?limit=200", 2),
    ("/api/admin/users?limit=200&q=person", 2),
    ("/api/admin/jobs?limit=200", 3),
    ("/api/admin/settings", 1),
    ("/api/admin/slow-queries", 1),
    ("/api/admin/cache", 1),
    ("/api/admin/cache/explain?q=characters+of+passwords", 1),
    ("/api/admin/audit?limit=100", 2),
    ("/api/admin/audit/export", 3),
    ("/api/admin/slo", 1),
    ("/api/admin/dashboard", 1),
    ("/health", 0),
    ("/health/ready", 1),
    ("/", 3),
    ("/c/{conversation}", 6),
    ("/documents?limit=200", 3),
    ("/documents/{document}", 4),
    ("/account", 1),
    ("/admin", 1),
];

/// The same for questions: those that begin a conversation, and those that continue one.
const MOST_OF_A_QUESTION: &[(&str, u64)] = &[("simple", 18), ("complex", 24)];

#[tokio::test]
async fn no_request_makes_more_queries_for_more_rows() {
    let (few, many) = (counted(2).await, counted(40).await);
    assert_eq!(few.len(), many.len());
    let mut wrong = Vec::new();
    for ((what, of_few, most), (_, of_many, _)) in few.iter().zip(&many) {
        if of_few != of_many || of_many > most {
            wrong.push(format!("{what}: {of_few} queries for 2 rows, {of_many} for 40; at most {most} are allowed"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_path_that_reads_is_counted() {
    let document = serde_json::to_value(gateway::openapi_document()).unwrap();
    let counted: BTreeSet<String> = MOST
        .iter()
        .map(|(path, _)| {
            path.split('?').next().unwrap().replace("{document}", "{id}").replace("{conversation}", "{id}")
        })
        .collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        // `events` looks at what that makes, which lasts for a minute.
        let is_counted = counted.contains(path) || path == "/api/admin/events";
        assert!(item.get("get").is_none() || is_counted, "how many queries may GET {path} make?");
    }
}

/// Each request with its queries and the most that it may make, where there are so many rows of everything.
async fn counted(rows: usize) -> Vec<(String, u64, u64)> {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (document, conversation) = fill(&app, &admin, rows).await;
    let (browser, _) = Browser::enter(&app, "/login", SIGN_IN).await;
    let mut counts = Vec::new();
    for (path, most) in MOST {
        let concrete =
            path.replace("{document}", &document.to_string()).replace("{conversation}", &conversation.to_string());
        let answer = async {
            if path.starts_with("/api") { app.get(&concrete, &admin).await } else { browser.get(&app, &concrete).await }
        };
        let (answer, queries) = count(&app, answer).await;
        assert_eq!(answer.status, StatusCode::OK, "GET {path}: {}", answer.text());
        if path.starts_with("/api") && path.contains("limit=200") {
            let items = answer.json()["items"].as_array().unwrap().len();
            assert!(items >= rows, "GET {path} shows {items} rows");
        }
        counts.push((format!("GET {path}"), queries, *most));
    }
    for (mode, most) in MOST_OF_A_QUESTION {
        for conversation_id in [Value::Null, json!(conversation)] {
            let message = "How many characters must passwords have?";
            let body = json!({ "message": message, "mode": mode, "conversation_id": conversation_id });
            let (answer, queries) = count(&app, app.post("/api/chat", &admin, &body)).await;
            assert_eq!(answer.json()["grounded"], true, "{}", answer.text());
            let what = if conversation_id.is_null() { "begins" } else { "continues" };
            counts.push((format!("POST /api/chat, {mode}, which {what} a conversation,"), queries, *most));
        }
    }
    counts
}

async fn count(app: &TestApp, answer: impl Future<Output = Answered>) -> (Answered, u64) {
    let queries = || app.store.query_statistics().iter().map(|of_name| of_name.count).sum::<u64>();
    let before = queries();
    let answer = answer.await;
    (answer, queries() - before)
}

/// As many people, documents (each of another person), failed jobs, conversations, and messages in one of them.
async fn fill(app: &TestApp, admin: &Person, rows: usize) -> (Uuid, Uuid) {
    let mut document = Uuid::nil();
    for row in 0..rows {
        let (email, name) = (format!("person-{row}@example.org"), format!("Person {row}"));
        let new = NewAccount { email, name, password_hash: PASSWORD.to_owned(), role: Role::User };
        let owner_id = app.store.add_account(new).await.unwrap().id;
        for (state, digit) in [("ready", 1), ("failed", 2)] {
            let bytes = format!("Passwords must have at least {} characters in office {row}, {state}.", row + 14);
            let mut sha256 = [digit; 32];
            sha256[0] = u8::try_from(row).unwrap();
            let new = NewDocument {
                owner_id,
                visibility: Visibility::Shared,
                title: None,
                file_name: format!("note-{row}-{state}.txt"),
                format: "text".to_owned(),
                sha256,
                bytes: bytes.into_bytes(),
            };
            let Stored::Created(stored) = app.store.add_document(new).await.unwrap() else { panic!("it is new") };
            if state == "ready" {
                document = stored.id;
                assert_eq!(app.work().await, 1);
            } else {
                let jobs = app.store.claim_jobs(JobKind::Ingest, 1).await.unwrap();
                app.store.fail_job(jobs[0].id, "unreadable", None).await.unwrap();
            }
        }
    }
    let mut conversation = Uuid::nil();
    for row in 0..rows {
        let id = app.store.clock().new_id();
        if row == 0 {
            conversation = id;
        }
        for conversation_id in BTreeSet::from([id, conversation]) {
            let message_id = app.store.clock().new_id();
            let exchange = Exchange {
                account_id: admin.id,
                conversation_id,
                message_id,
                question: format!("How long are passwords in office {row}?"),
                answer: "Long.".to_owned(),
                detail: json!({ "grounded": true }),
            };
            app.store.record_exchange(exchange).await.unwrap();
            app.store.rate_answer(admin.id, message_id, 1, None).await.unwrap();
        }
    }
    (document, conversation)
}
