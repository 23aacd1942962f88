//! What people do: upload, ask, read on, judge, export, delete.

use std::time::Duration;

use crate::common::{Answered, POLICY, Person, TestApp, upload_request};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use gateway::Settings;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[tokio::test]
async fn health_touches_nothing_and_readiness_asks_everything() {
    let app = TestApp::new().await;
    let live = app.call(Method::GET, "/health", None, &Value::Null).await.json();
    assert_eq!((&live["status"], &live["version"]), (&json!("ok"), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(live["uptime_s"].is_u64());
    let ready = app.call(Method::GET, "/health/ready", None, &Value::Null).await;
    assert_eq!(ready.status, StatusCode::OK);
    let checks = json!({ "database": "ok", "embedding_model": "absent: keywords only", "redis": "absent", "replicas": "0 of 0" });
    assert_eq!(ready.json(), json!({ "status": "ready", "checks": checks }));
}

#[tokio::test]
async fn a_document_lives() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let answer = app.upload(&admin, "policy.md", POLICY.as_bytes(), &[("title", " Our policy ")]).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()["status"], "queued");
    let path = format!("/api/documents/{}", answer.json()["document_id"].as_str().unwrap());
    app.get(&format!("{path}/content"), &admin).await.problem(StatusCode::CONFLICT);
    assert_eq!(app.work().await, 1);
    let document = app.get(&path, &admin).await.json();
    assert_eq!(
        (&document["title"], &document["status"], &document["format"], &document["visibility"], &document["error"]),
        (&json!("Our policy"), &json!("ready"), &json!("markdown"), &json!("private"), &Value::Null),
    );
    assert_eq!(document["created_at"], "2026-03-02T09:00:00Z");
    assert_eq!(document["size_bytes"], POLICY.len());
    let content = app.get(&format!("{path}/content"), &admin).await;
    assert_eq!(content.header("content-type"), "text/plain; charset=utf-8");
    let hit = app.get("/api/search?q=characters+of+passwords&limit=3", &admin).await.json()["items"][0].clone();
    let offset = |name: &str| usize::try_from(hit[name].as_u64().unwrap()).unwrap();
    assert_eq!(content.text().get(offset("start")..offset("end")), hit["text"].as_str());
    let again = app.upload(&admin, "copy.md", POLICY.as_bytes(), &[]).await;
    assert_eq!((again.status, &again.json()["document_id"]), (StatusCode::OK, &document["id"]));
    assert_eq!(app.delete(&path, &admin).await.status, StatusCode::NO_CONTENT);
    app.delete(&path, &admin).await.problem(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_are_paged() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for name in ["one", "two", "three"] {
        app.pass(chrono::TimeDelta::seconds(1));
        app.document(&admin, &format!("{name}.txt"), &format!("Document number {name} of three."), "private").await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["file_name"].as_str().unwrap().to_owned()).collect()
    };
    let first = app.get("/api/documents?limit=2", &admin).await.json();
    assert_eq!(names(&first), ["three.txt", "two.txt"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app.get(&format!("/api/documents?limit=2&cursor={cursor}"), &admin).await.json();
    assert_eq!((names(&second), &second["next_cursor"]), (vec!["one.txt".to_owned()], &Value::Null));
    assert_eq!(names(&app.get("/api/documents?q=two", &admin).await.json()), ["two.txt"]);
}

/// Uploads and waits, while a worker is at work beside it.
async fn upload_and_wait(app: &TestApp, admin: &Person, name: &str, bytes: &[u8]) -> Answered {
    let request = upload_request("/api/documents/upload?wait=true", &admin.access, name, bytes, &[]);
    let worker = async {
        while app.work().await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(app.send(request), worker).0
}

#[tokio::test]
async fn an_upload_can_wait_for_its_document() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let answer = upload_and_wait(&app, &admin, "policy.md", POLICY.as_bytes()).await;
    assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::CREATED, &json!("ready")));
    let request = upload_request("/api/documents/upload?wait=true", &admin.access, "b.md", POLICY.as_bytes(), &[]);
    assert_eq!(app.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_upload_that_waited_tells_why_its_document_failed_and_it_can_be_tried_again() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let answer = upload_and_wait(&app, &admin, "broken.pdf", b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF").await;
    let problem = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    let id = problem["document_id"].as_str().unwrap();
    let document = app.get(&format!("/api/documents/{id}"), &admin).await.json();
    assert_eq!(document["status"], "failed");
    assert!(problem["detail"].as_str().unwrap().contains(document["error"].as_str().unwrap().trim_end_matches('.')));
    app.get(&format!("/api/documents/{id}/content"), &admin).await.problem(StatusCode::CONFLICT);
    let jobs = app.get("/api/admin/jobs", &admin).await.json();
    assert_eq!(
        (&jobs["queued"], &jobs["failed"], &jobs["items"][0]["document_id"]),
        (&json!(0), &json!(1), &json!(id))
    );
    let retry = format!("/api/admin/jobs/{id}/retry");
    assert_eq!(app.post(&retry, &admin, &Value::Null).await.status, StatusCode::ACCEPTED);
    app.post(&retry, &admin, &Value::Null).await.problem(StatusCode::CONFLICT);
    assert_eq!(app.get("/api/admin/jobs", &admin).await.json()["queued"], 1);
}

#[tokio::test]
async fn an_upload_waits_only_so_long() {
    let app = TestApp::with(Settings { upload_wait_seconds: 1, ..Settings::default() }).await;
    let admin = app.admin().await;
    let request = upload_request("/api/documents/upload?wait=true", &admin.access, "a.md", POLICY.as_bytes(), &[]);
    let answer = app.send(request).await;
    assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::ACCEPTED, &json!("queued")));
}

#[tokio::test]
async fn a_conversation_lives() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    let answer = app.ask(&admin, "How many characters must passwords have?").await;
    assert_eq!(answer["grounded"], true, "{answer}");
    let citation = &answer["citations"][0];
    let content =
        app.get(&format!("/api/documents/{}/content", citation["document_id"].as_str().unwrap()), &admin).await;
    let offset = |name: &str| usize::try_from(citation[name].as_u64().unwrap()).unwrap();
    assert_eq!(content.text().get(offset("start")..offset("end")), citation["quote"].as_str());
    let (id, message) = (answer["conversation_id"].as_str().unwrap(), answer["message_id"].as_str().unwrap());
    let path = format!("/api/conversations/{id}");
    let judge = format!("/api/messages/{message}/feedback");
    assert_eq!(app.post(&judge, &admin, &json!({ "rating": 1 })).await.status, StatusCode::NO_CONTENT);
    let worse = json!({ "rating": -1, "comment": " Too short. " });
    assert_eq!(app.post(&judge, &admin, &worse).await.status, StatusCode::NO_CONTENT);
    let read = app.get(&path, &admin).await.json();
    assert_eq!(read["messages"][0]["author"], "user");
    assert_eq!(read["messages"][0]["text"], "How many characters must passwords have?");
    assert_eq!((&read["messages"][1]["author"], &read["messages"][1]["rating"]), (&json!("assistant"), &json!(-1)));
    assert_eq!(read["messages"][1]["answer"]["citations"][0]["quote"], citation["quote"]);
    let found = app.get("/api/conversations?q=characters", &admin).await.json();
    assert_eq!(found["items"][0]["id"], id);
    assert_eq!(app.get("/api/conversations?q=zebra", &admin).await.json()["items"], json!([]));
    let export = app.get(&format!("{path}/export?format=md"), &admin).await;
    assert_eq!(export.header("content-type"), "text/markdown; charset=utf-8");
    assert!(export.header("content-disposition").starts_with("attachment; filename=\"How many"));
    assert!(export.text().starts_with("# How many characters must passwords have?\n"), "{}", export.text());
    assert_eq!(app.get(&format!("{path}/export?format=json"), &admin).await.json(), read);
    assert_eq!(app.delete(&path, &admin).await.status, StatusCode::NO_CONTENT);
    assert_eq!(app.get("/api/conversations", &admin).await.json()["items"], json!([]));
}

fn question(person: &Person, body: &Value) -> Request<Body> {
    Request::post("/api/chat")
        .header(header::AUTHORIZATION, format!("Bearer {}", person.access))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn events(text: &str) -> Vec<(String, Value)> {
    let event = |block: &str| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some((field("event:")?.to_owned(), serde_json::from_str(field("data:")?).unwrap()))
    };
    text.split("\n\n").filter_map(event).collect()
}

#[tokio::test]
async fn an_answer_is_streamed() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    let answer = app.send(question(&admin, &json!({ "message": "How many characters must passwords have?" }))).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("content-encoding"), "");
    let events = events(&answer.text());
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"meta"), Some(&"done")));
    assert!(names.contains(&"delta") && names.contains(&"citations"), "{names:?}");
    let done = &events.last().unwrap().1;
    let said: String =
        events.iter().filter(|(name, _)| name == "delta").filter_map(|(_, data)| data["text"].as_str()).collect();
    assert_eq!(done["answer"], said);
    assert_eq!(events[0].1["conversation_id"], done["conversation_id"]);
    let cited = events.iter().find(|(name, _)| name == "citations").unwrap();
    assert_eq!(cited.1["citations"], done["citations"]);
}

#[tokio::test]
async fn a_stream_that_cannot_begin_has_a_status() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let unknown = json!({ "message": "Why?", "conversation_id": uuid::Uuid::nil() });
    app.send(question(&admin, &unknown)).await.problem(StatusCode::NOT_FOUND);
    app.send(question(&admin, &json!({ "message": " " }))).await.invalid("message");
}

#[tokio::test]
async fn an_answer_is_recorded_even_when_its_reader_has_gone() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    let request = question(&admin, &json!({ "message": "How many characters must passwords have?" }));
    let mut response = app.router.clone().oneshot(request).await.unwrap();
    assert!(response.body_mut().frame().await.is_some());
    drop(response);
    let recorded = async {
        while app.get("/api/conversations", &admin).await.json()["items"] == json!([]) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), recorded).await.unwrap();
}

#[tokio::test]
async fn administrators_see_the_settings() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let settings = app.get("/api/admin/settings", &admin).await.json();
    assert_eq!(
        (&settings["gateway"]["access_token_minutes"], &settings["embedding_model"]),
        (&json!(15), &Value::Null)
    );
}

#[tokio::test]
async fn the_api_describes_itself() {
    let app = TestApp::new().await;
    let document = app.call(Method::GET, "/openapi.json", None, &Value::Null).await.json();
    assert_eq!(document["info"]["title"], "VoiceAssist");
    let chat = &document["paths"]["/api/chat"]["post"];
    assert_eq!(chat["security"], json!([{ "bearer": [] }]));
    assert!(document["paths"]["/health"]["get"].get("security").is_none());
    let problem = "/components/schemas/Problem/properties/detail";
    assert!(document.pointer(problem).is_some());
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    let docs = app.call(Method::GET, "/docs/", None, &Value::Null).await;
    assert_eq!((docs.status, docs.text().contains("swagger-ui")), (StatusCode::OK, true));
}
