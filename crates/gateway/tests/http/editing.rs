//! Changing a document's title, its readers, its content.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::common::{POLICY, TestApp, upload_request};

#[tokio::test]
async fn owners_and_administrators_change_what_they_may() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (bob, eve) = (app.person(&admin, "bob").await, app.person(&admin, "eve").await);
    let of_bob = format!("/api/documents/{}", app.document(&bob, "policy.md", POLICY, "private").await);
    let shared =
        format!("/api/documents/{}", app.document(&admin, "travel.md", "# Travel\n\nBy train.", "shared").await);
    let patch = async |path: &str, person: &crate::common::Person, body| {
        app.call(Method::PATCH, path, Some(&person.access), &body).await
    };
    let title = json!({ "title": "Mine" });
    patch(&of_bob, &eve, title.clone()).await.problem(StatusCode::NOT_FOUND);
    patch(&of_bob, &admin, title.clone()).await.problem(StatusCode::NOT_FOUND);
    patch(&shared, &bob, title.clone()).await.problem(StatusCode::FORBIDDEN);
    patch(&of_bob, &bob, json!({ "visibility": "shared" })).await.problem(StatusCode::FORBIDDEN);
    patch(&of_bob, &bob, json!({ "title": " " })).await.invalid("title");
    patch(&of_bob, &bob, json!({ "titel": "x" })).await.invalid("titel");
    assert_eq!(patch(&of_bob, &bob, title).await.json()["title"], "Mine");
    app.work().await;
    // A title that was given stays when the document is read again.
    assert_eq!(app.get(&of_bob, &bob).await.json()["title"], "Mine");
    assert_eq!(patch(&shared, &admin, json!({ "visibility": "private" })).await.json()["visibility"], "private");
    app.get(&shared, &bob).await.problem(StatusCode::NOT_FOUND);
    assert_eq!(patch(&shared, &admin, json!({ "visibility": "shared" })).await.status, StatusCode::OK);
    assert_eq!(app.get(&shared, &bob).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_same_bytes_do_not_come_twice_to_the_same_readers() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let private = app.document(&admin, "policy.md", POLICY, "private").await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    let path = format!("/api/documents/{private}");
    let shared = json!({ "visibility": "shared" });
    app.call(Method::PATCH, &path, Some(&admin.access), &shared).await.problem(StatusCode::CONFLICT);
    let other = app.document(&admin, "other.md", "# Other\n\nSomething else.", "private").await;
    app.send_file(&admin, other, "policy.md", POLICY).await.problem(StatusCode::CONFLICT);
    // It is as it was.
    assert_eq!(app.get(&path, &admin).await.json()["visibility"], "private");
}

#[tokio::test]
async fn another_content_is_found_and_the_old_one_is_not() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let id = app.document(&admin, "policy.md", POLICY, "shared").await;
    app.send_file(&bob, id, "policy.md", "x").await.problem(StatusCode::FORBIDDEN);
    let unreadable =
        upload_request(&format!("/api/documents/{id}/file"), &admin.access, "a.bin", &[0, 159, 146, 150], &[]);
    app.send(put(unreadable)).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    app.replace(&admin, id, "badgers.txt", "Badgers dig setts in the orchard.").await;
    let path = format!("/api/documents/{id}");
    assert_eq!(app.get(&format!("{path}/content"), &bob).await.text(), "Badgers dig setts in the orchard.");
    assert_eq!(app.get(&format!("{path}/file"), &bob).await.text(), "Badgers dig setts in the orchard.");
    assert_eq!(app.get(&path, &bob).await.json()["file_name"], "badgers.txt");
    let found = |word: &str| format!("/api/search?q={word}");
    assert_eq!(app.get(&found("badgers"), &bob).await.json()["items"].as_array().unwrap().len(), 1);
    assert!(app.get(&found("password"), &bob).await.json()["items"].as_array().unwrap().is_empty());
}

pub(crate) fn put(request: axum::http::Request<axum::body::Body>) -> axum::http::Request<axum::body::Body> {
    let (mut parts, body) = request.into_parts();
    parts.method = Method::PUT;
    axum::http::Request::from_parts(parts, body)
}
