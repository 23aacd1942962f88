//! What happens at this moment, as an administrator watches it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures::StreamExt as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::common::{Person, TestApp};

async fn watch(app: &TestApp, person: &Person) -> impl futures::Stream<Item = Value> + Unpin {
    let request = Request::get("/api/admin/events").header(header::AUTHORIZATION, format!("Bearer {}", person.access));
    let response = app.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    response.into_body().into_data_stream().map(|event| {
        let event = String::from_utf8(event.unwrap().to_vec()).unwrap();
        assert!(event.contains("event: now\n"), "{event}");
        let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        serde_json::from_str(data).unwrap()
    })
}

#[tokio::test]
async fn a_moment_tells_what_happened_since_the_one_before_and_asks_the_database_nothing() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let queries = || app.store.query_statistics().iter().map(|of_name| of_name.count).sum::<u64>();
    let mut moments = watch(&app, &admin).await;
    for _ in 0..5 {
        app.get("/api/documents", &admin).await;
    }
    let before = queries();
    let moment = moments.next().await.unwrap();
    let per_second = moment["now"]["requests_per_second"].as_f64().unwrap();
    // Five in a second, or a little more than one where the machine is busy.
    assert!((1.0..=6.0).contains(&per_second), "{moment}");
    assert!(moment["now"]["p95_ms"].as_f64().unwrap() > 0.0, "{moment}");
    assert_eq!(moment["now"]["error_percent"], 0.0, "{moment}");
    assert_eq!(moment["status"], "MISSING", "nothing is judged by five requests");
    let quiet = moments.next().await.unwrap();
    assert_eq!(quiet["now"]["requests_per_second"], 0.0, "{quiet}");
    assert_eq!(quiet["now"]["p95_ms"], Value::Null, "{quiet}");
    assert_eq!(queries(), before);
}

#[tokio::test]
async fn only_an_administrator_watches() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let person = app.person(&admin, "ben").await;
    app.get("/api/admin/events", &person).await.problem(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_watches_does_not_keep_the_server_from_stopping() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(gateway::serve(app.gateway.clone(), listener, shutdown.clone()));
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /api/admin/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", admin.access);
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(connection).lines();
    while !lines.next_line().await.unwrap().unwrap().starts_with("event: now") {}
    shutdown.cancel();
    // The stream ends by itself: not by being cut off, which takes as long as requests may go on.
    let mut last = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        last = line;
    }
    serving.await.unwrap();
    assert_eq!(last, "", "the last chunk was sent");
}
