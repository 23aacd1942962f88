//! The gateway on a real socket: limits, and the way it stops.

use std::time::Duration;

use crate::common::{POLICY, TestApp, upload_request};
use axum::http::{Method, StatusCode};
use gateway::Settings;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

#[tokio::test]
async fn requests_in_hand_finish_when_it_stops() {
    let app = TestApp::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(gateway::serve(app.gateway.clone(), listener, shutdown.clone()));
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": crate::common::PASSWORD }).to_string();
    let head = format!(
        "POST /api/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = TcpStream::connect(address).await.unwrap();
    // Half a request, and proof by another one that the server has read it.
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&body.as_bytes()[..10]).await.unwrap();
    let mut other = TcpStream::connect(address).await.unwrap();
    other.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    shutdown.cancel();
    connection.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn it_does_not_wait_longer_than_its_deadline() {
    let app = TestApp::with(Settings { shutdown_seconds: 1, ..Settings::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(gateway::serve(app.gateway.clone(), listener, shutdown.clone()));
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head =
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    shutdown.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn more_requests_than_allowed_are_refused_but_health_is_answered() {
    let app = TestApp::with(Settings { max_concurrent_requests: 1, ..Settings::default() }).await;
    let admin = app.admin().await;
    // An upload that never ends holds the only permit.
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let (parts, _) = upload_request("/api/documents/upload", &admin.access, "a.md", b"", &[]).into_parts();
    let body = axum::body::Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let request = axum::http::Request::from_parts(parts, body);
    let uploading = tokio::spawn(app.router.clone().oneshot(request));
    // The second piece is only taken once the first is read, so the upload is in hand.
    sender.send(Ok(b"--XX\r\n".to_vec())).await.unwrap();
    sender.send(Ok(Vec::new())).await.unwrap();
    let refused = app.get("/api/documents", &admin).await;
    refused.problem(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(app.call(Method::GET, "/health/ready", None, &Value::Null).await.status, StatusCode::OK);
    drop(sender);
    let ended = uploading.await.unwrap().unwrap();
    assert_eq!(ended.status(), StatusCode::BAD_REQUEST);
    ended.into_body().collect().await.unwrap();
    assert_eq!(app.get("/api/documents", &admin).await.status, StatusCode::OK);
    assert_eq!(app.upload(&admin, "a.md", POLICY.as_bytes(), &[]).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let app = TestApp::with(Settings { request_timeout_seconds: 1, ..Settings::default() }).await;
    let body = axum::body::Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = axum::http::Request::post("/api/auth/login").header("content-type", "application/json").body(body);
    app.send(request.unwrap()).await.problem(StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn a_client_that_dawdles_with_the_head_is_cut_off_but_not_one_with_a_slow_body() {
    let app = TestApp::with(Settings { header_timeout_seconds: 1, ..Settings::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(gateway::serve(app.gateway.clone(), listener, shutdown.clone()));
    let body = json!({ "email": "ada@example.org", "name": "Ada", "password": crate::common::PASSWORD }).to_string();
    let head = format!(
        "POST /api/auth/register HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let mut slow_body = TcpStream::connect(address).await.unwrap();
    slow_body.write_all(head.as_bytes()).await.unwrap();
    // One whose first request was answered and who sends no other one.
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();

    let patience = Duration::from_mins(1);
    let said = tokio::time::timeout(patience, dawdle(TcpStream::connect(address).await.unwrap())).await;
    assert_eq!(said.expect("a head may take for ever"), "");
    let said = tokio::time::timeout(patience, rest(idle)).await.expect("a connection may be idle for ever");
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    slow_body.write_all(body.as_bytes()).await.unwrap();
    let said = rest(slow_body).await;
    assert!(said.starts_with("HTTP/1.1 201"), "{said}");
    shutdown.cancel();
    serving.await.unwrap();
}

/// Sends a byte of a head now and then until the server has had enough. Returns what it said.
async fn dawdle(mut connection: TcpStream) -> String {
    connection.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
    let (reading, mut writing) = connection.into_split();
    let mut now_and_then = tokio::time::interval(Duration::from_millis(50));
    let sending = async {
        while writing.write_all(b"x").await.is_ok() {
            now_and_then.tick().await;
        }
    };
    tokio::join!(sending, rest(reading)).1
}

/// What a connection still says until it ends.
async fn rest(mut connection: impl AsyncRead + Unpin) -> String {
    let mut said = Vec::new();
    // The end is an error where the server has closed it before reading everything.
    let _ = connection.read_to_end(&mut said).await;
    String::from_utf8(said).unwrap()
}
