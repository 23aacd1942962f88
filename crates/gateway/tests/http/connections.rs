//! A connection to the database is given back before anything is sent to a client.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures::future::join_all;
use gateway::Settings;
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::common::{POLICY, TestApp};

#[tokio::test]
async fn clients_that_do_not_read_on_keep_no_connection() {
    let one = store::Settings {
        max_connections: 1,
        read_connections: 1,
        acquire_timeout_ms: 5_000,
        ..store::Settings::default()
    };
    let app = TestApp::with_database(Settings::default(), knowledge::Settings::default(), one).await;
    let admin = app.admin().await;
    let document = app.document(&admin, "policy.md", POLICY, "shared").await;
    let begin = async |request: Request<Body>| {
        let response = app.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body()
    };
    let signed_in = || Request::builder().header(header::AUTHORIZATION, format!("Bearer {}", admin.access));
    let question = json!({ "message": "How long must a password be?" });
    let mut unread = Vec::new();
    for path in ["file", "content"] {
        let request = signed_in().uri(format!("/api/documents/{document}/{path}"));
        unread.push(begin(request.body(Body::empty()).unwrap()).await);
    }
    for _ in 0..4 {
        let request = signed_in()
            .method("POST")
            .uri("/api/chat")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream");
        let mut stream = begin(request.body(Body::from(question.to_string())).unwrap()).await;
        stream.frame().await.unwrap().unwrap();
        unread.push(stream);
    }
    let others = join_all((0..4).map(|_| app.post("/api/chat", &admin, &question)));
    let answers = tokio::time::timeout(Duration::from_secs(30), others).await.unwrap();
    for answer in answers {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert!(answer.json()["answer"].as_str().unwrap().contains("14 characters"), "{}", answer.text());
    }
    assert!(!unread.is_empty());
}
