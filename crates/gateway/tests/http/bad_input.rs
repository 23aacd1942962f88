//! Whatever is sent, the answer says what is wrong with it, and never that the server failed.

use crate::common::{PASSWORD, POLICY, Person, TestApp, multipart, upload_request};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use gateway::Settings;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

async fn raw(
    app: &TestApp,
    method: Method,
    path: &str,
    person: &Person,
    body: impl Into<Body>,
) -> crate::common::Answered {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", person.access))
        .header(header::CONTENT_TYPE, "application/json");
    app.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn json_that_is_none_is_a_bad_request() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for body in ["", "{", "{\"message\": \"a\"} x", "\u{0}", "{\"message\": \"\\ud800\"}", "nul"] {
        raw(&app, Method::POST, "/api/chat", &admin, body).await.problem(StatusCode::BAD_REQUEST);
    }
    raw(&app, Method::POST, "/api/chat", &admin, vec![0xff, 0xfe]).await.problem(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn json_of_the_wrong_shape_names_the_field() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let cases = [
        (json!({}), "message"),
        (json!({ "message": 7 }), "message"),
        (json!({ "message": "a", "mesage": "b" }), "mesage"),
        (json!({ "message": "a", "mode": "clever" }), "mode"),
        (json!({ "message": "a", "conversation_id": "x" }), "conversation_id"),
        (json!([]), "body"),
        (json!("a"), "body"),
        (json!({ "message": "" }), "message"),
        (json!({ "message": " \n " }), "message"),
        (json!({ "message": "é".repeat(4_001) }), "message"),
    ];
    for (body, field) in cases {
        app.post("/api/chat", &admin, &body).await.invalid(field);
    }
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let app = TestApp::new().await;
    let request = Request::post("/api/auth/login").body(Body::from("{}")).unwrap();
    app.send(request).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let form = Request::post("/api/auth/login")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("email=a"))
        .unwrap();
    app.send(form).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({ "message": "a".repeat(300_000) });
    app.post("/api/chat", &admin, &body).await.problem(StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn unknown_ids_and_addresses_are_not_found() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let id = uuid::Uuid::nil();
    for path in [
        format!("/api/documents/{id}"),
        format!("/api/documents/{id}/content"),
        format!("/api/documents/{id}/file"),
        format!("/api/conversations/{id}"),
        format!("/api/conversations/{id}/export"),
        "/api/nothing".to_owned(),
        "/api".to_owned(),
        "/nothing".to_owned(),
    ] {
        app.get(&path, &admin).await.problem(StatusCode::NOT_FOUND);
    }
    let rate = format!("/api/messages/{id}/feedback");
    app.post(&rate, &admin, &json!({ "rating": 1 })).await.problem(StatusCode::NOT_FOUND);
    app.post(&rate, &admin, &json!({ "rating": 0 })).await.invalid("rating");
    let long = json!({ "rating": 1, "comment": "a".repeat(1_001) });
    app.post(&rate, &admin, &long).await.invalid("comment");
    let retry = format!("/api/admin/jobs/{id}/retry");
    app.post(&retry, &admin, &Value::Null).await.problem(StatusCode::NOT_FOUND);
    let question = json!({ "message": "Why?", "conversation_id": id });
    app.post("/api/chat", &admin, &question).await.problem(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ids_that_are_none_are_bad_requests() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for path in ["/api/documents/7", "/api/conversations/x", "/api/documents/%00/file", "/api/documents/%ff/content"] {
        app.get(path, &admin).await.problem(StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn parameters_are_checked() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for (path, field) in [
        ("/api/documents?limit=0", "limit"),
        ("/api/documents?limit=201", "limit"),
        ("/api/documents?limit=many", "limit"),
        ("/api/documents?limit=-1", "limit"),
        ("/api/conversations?cursor=x", "cursor"),
        ("/api/search", "q"),
        ("/api/search?q=", "q"),
        ("/api/search?q=a&limit=51", "limit"),
    ] {
        app.get(path, &admin).await.invalid(field);
    }
    for path in [
        "/api/documents?q=&cursor=&limit=200",
        "/api/documents?q=%25_%27%22%00",
        "/api/conversations?q=%22*%20OR%20%28",
    ] {
        assert_eq!(app.get(path, &admin).await.status, StatusCode::OK, "{path}");
    }
    let path = format!("/api/conversations/{}/export?format=pdf", uuid::Uuid::nil());
    app.get(&path, &admin).await.invalid("format");
}

#[tokio::test]
async fn wrong_methods_are_refused_with_the_right_ones() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let answer = app.call(Method::PUT, "/api/chat", Some(&admin.access), &json!({})).await;
    answer.problem(StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn files_that_cannot_be_read_are_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let upload = async |name, bytes: &[u8]| app.upload(&admin, name, bytes, &[]).await;
    upload("photo.png", png).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    upload("notes.txt", png).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    upload("tool.pdf", b"\x7fELF\x02\x01\x01\0").await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    upload("empty.txt", b"").await.invalid("file");
    upload("blank.md", b" \n\t\n").await.invalid("file");
    assert_eq!(app.get("/api/documents", &admin).await.json()["items"], json!([]));
    // A wrong extension does not matter: the content decides.
    assert_eq!(upload("policy.pdf", POLICY.as_bytes()).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn forms_that_are_none_are_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let path = "/api/documents/upload";
    app.post(path, &admin, &json!({ "file": "x" })).await.problem(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let send = async |body: &[u8]| app.send(multipart(path, &admin.access, body.to_vec())).await;
    send(b"").await.problem(StatusCode::BAD_REQUEST);
    send(b"nonsense").await.problem(StatusCode::BAD_REQUEST);
    send(b"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut o")
        .await
        .problem(StatusCode::BAD_REQUEST);
    send(b"--XX--\r\n").await.invalid("file");
    let upload = async |fields: &[(&str, &str)]| app.upload(&admin, "a.md", POLICY.as_bytes(), fields).await;
    upload(&[("visibility", "everybody")]).await.invalid("visibility");
    upload(&[("colour", "red")]).await.invalid("colour");
    upload(&[("file", "twice")]).await.invalid("file");
    upload(&[("title", &"a".repeat(5_000))]).await.invalid("title");
    let wait = upload_request("/api/documents/upload?wait=maybe", &admin.access, "a.md", b"a", &[]);
    app.send(wait).await.invalid("wait");
}

#[tokio::test]
async fn a_file_above_the_limit_is_refused() {
    let documents = knowledge::Settings { max_document_bytes: 1_000, ..knowledge::Settings::default() };
    let app = TestApp::with_documents(Settings::default(), documents).await;
    let admin = app.admin().await;
    assert_eq!(app.upload(&admin, "a.txt", &[b'a'; 1_000], &[]).await.status, StatusCode::ACCEPTED);
    for size in [1_001, 1_999, 2_001, 100_000] {
        app.upload(&admin, "b.txt", &vec![b'b'; size], &[]).await.problem(StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test]
async fn file_names_are_only_names() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let answer = app.upload(&admin, "../../etc/pass%0d%0awd\u{202e}é;.md", POLICY.as_bytes(), &[]).await;
    let id = answer.json()["document_id"].as_str().unwrap().to_owned();
    let document = app.get(&format!("/api/documents/{id}"), &admin).await.json();
    assert!(!document["file_name"].as_str().unwrap().contains('/'));
    let file = app.get(&format!("/api/documents/{id}/file"), &admin).await;
    assert_eq!(file.body, POLICY.as_bytes());
    assert!(file.header("content-disposition").starts_with("attachment; filename=\""));
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(file.header("content-security-policy"), "default-src 'none'; sandbox");
}

/// JSON of any shape, with the names that the endpoints know more often than not.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("message".to_owned()),
        Just("email".to_owned()),
        Just("password".to_owned()),
        Just("current_password".to_owned()),
        Just("new_password".to_owned()),
        Just("name".to_owned()),
        Just("rating".to_owned()),
        Just("comment".to_owned()),
        Just("refresh_token".to_owned()),
        Just("role".to_owned()),
        Just("conversation_id".to_owned()),
        any::<String>(),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Sends the bodies that `bodies` makes to every endpoint that takes one.
fn never_fails(bodies: impl Strategy<Value = Vec<u8>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (app, admin) = runtime.block_on(async {
        let settings = Settings { login_attempts_per_minute: 10_000, ..Settings::default() };
        let app = TestApp::with(settings).await;
        let admin = app.admin().await;
        (app, admin)
    });
    let id = uuid::Uuid::nil();
    let endpoints = [
        (Method::POST, "/api/auth/register".to_owned()),
        (Method::POST, "/api/auth/login".to_owned()),
        (Method::POST, "/api/auth/refresh".to_owned()),
        (Method::POST, "/api/auth/password".to_owned()),
        (Method::POST, "/api/chat".to_owned()),
        (Method::POST, format!("/api/messages/{id}/feedback")),
        (Method::POST, "/api/admin/users".to_owned()),
        (Method::PATCH, format!("/api/admin/users/{id}")),
    ];
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&bodies, |body| {
        for (method, path) in &endpoints {
            let answer = runtime.block_on(raw(&app, method.clone(), path, &admin, body.clone()));
            prop_assert!(!answer.status.is_server_error(), "{method} {path}: {}", answer.text());
        }
        let form = multipart("/api/documents/upload", &admin.access, body);
        let answer = runtime.block_on(app.send(form));
        prop_assert!(!answer.status.is_server_error(), "upload: {}", answer.text());
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
}

#[test]
fn no_bytes_make_the_server_fail() {
    never_fails(prop::collection::vec(any::<u8>(), 0..200));
}

#[test]
fn no_json_makes_the_server_fail() {
    never_fails(any_json().prop_map(|value| value.to_string().into_bytes()));
}

#[tokio::test]
async fn headers_that_are_nonsense_are_refused() {
    let app = TestApp::new().await;
    app.admin().await;
    for value in ["", "Bearer", "Bearer ", "Basic YTpi", "bearer x y z", "\u{7f}"] {
        let request = Request::get("/api/auth/me").header(header::AUTHORIZATION, value.as_bytes());
        if let Ok(request) = request.body(Body::empty()) {
            app.send(request).await.problem(StatusCode::UNAUTHORIZED);
        }
    }
    let id = Request::get("/health").header("x-request-id", "from-proxy.1").body(Body::empty()).unwrap();
    assert_eq!(app.send(id).await.header("x-request-id"), "from-proxy.1");
    let id = Request::get("/health").header("x-request-id", "a b\u{1b}").body(Body::empty());
    if let Ok(id) = id {
        assert_ne!(app.send(id).await.header("x-request-id"), "a b");
    }
    assert_eq!(PASSWORD.len(), 21);
}
