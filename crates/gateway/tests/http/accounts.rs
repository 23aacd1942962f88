//! Accounts, tokens and sessions through the API.

use crate::common::{PASSWORD, Person, TestApp};
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use gateway::Settings;
use serde_json::{Value, json};

async fn me(app: &TestApp, token: &str) -> StatusCode {
    app.call(Method::GET, "/api/auth/me", Some(token), &Value::Null).await.status
}

async fn refresh(app: &TestApp, token: &str) -> crate::common::Answered {
    app.call(Method::POST, "/api/auth/refresh", None, &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn the_first_account_is_the_administrators_and_then_registration_is_closed() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let me = app.get("/api/auth/me", &admin).await.json();
    assert_eq!((me["role"].as_str(), me["email"].as_str()), (Some("admin"), Some("ada@example.org")));
    let second = json!({ "email": "eve@example.org", "name": "Eve", "password": PASSWORD });
    app.call(Method::POST, "/api/auth/register", None, &second).await.problem(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn open_registration_makes_ordinary_users() {
    let settings = Settings { registration_open: true, ..Settings::default() };
    let app = TestApp::with(settings).await;
    app.admin().await;
    let second = json!({ "email": "Eve@Example.org", "name": "Eve", "password": PASSWORD });
    let made = app.call(Method::POST, "/api/auth/register", None, &second).await;
    assert_eq!((made.status, made.json()["role"].as_str()), (StatusCode::CREATED, Some("user")));
    app.call(Method::POST, "/api/auth/register", None, &second).await.problem(StatusCode::CONFLICT);
}

#[tokio::test]
async fn of_many_who_race_for_the_first_account_one_wins() {
    let app = TestApp::new().await;
    let bodies: Vec<Value> =
        (0..8).map(|n| json!({ "email": format!("p{n}@example.org"), "name": "P", "password": PASSWORD })).collect();
    let tries = bodies.iter().map(|body| app.call(Method::POST, "/api/auth/register", None, body));
    let answers = futures::future::join_all(tries).await;
    let made = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    let closed = answers.iter().filter(|answer| answer.status == StatusCode::FORBIDDEN).count();
    assert_eq!((made, closed, app.store.count_accounts().await.unwrap()), (1, 7, 1));
}

#[tokio::test]
async fn registration_says_what_is_wrong_with_each_field() {
    let app = TestApp::new().await;
    let body = json!({ "email": "nobody", "name": " ", "password": "short" });
    let problem =
        app.call(Method::POST, "/api/auth/register", None, &body).await.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        problem["errors"],
        json!([
            { "field": "email", "message": "must be an e-mail address, such as name@example.org" },
            { "field": "name", "message": "must not be empty" },
            { "field": "password", "message": "must have at least 10 characters" },
        ]),
    );
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let app = TestApp::new().await;
    app.admin().await;
    let mut details = Vec::new();
    for email in ["ada@example.org", "nobody@example.org"] {
        let body = json!({ "email": email, "password": "wrong password" });
        let answer = app.call(Method::POST, "/api/auth/login", None, &body).await;
        details.push(answer.problem(StatusCode::UNAUTHORIZED)["detail"].clone());
    }
    assert_eq!(details[0], details[1]);
}

#[tokio::test]
async fn an_access_token_works_for_its_minutes() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.pass(TimeDelta::seconds(15 * 60 - 1));
    assert_eq!(me(&app, &admin.access).await, StatusCode::OK);
    app.pass(TimeDelta::seconds(1));
    assert_eq!(me(&app, &admin.access).await, StatusCode::UNAUTHORIZED);
    let tokens = refresh(&app, &admin.refresh).await.json();
    assert_eq!((tokens["expires_in"].as_i64(), tokens["token_type"].as_str()), (Some(900), Some("Bearer")));
    assert_eq!(me(&app, tokens["access_token"].as_str().unwrap()).await, StatusCode::OK);
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let parts: Vec<&str> = admin.access.split('.').collect();
    let (none, hs512) = ("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9");
    let mut payload = parts[1].to_owned();
    payload.replace_range(10..11, if &payload[10..11] == "A" { "B" } else { "A" });
    let forged = [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hs512}.{}.{}", parts[1], parts[2]),
        format!("{}.{payload}.{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], &parts[2][1..]),
        format!("{}.{}.", parts[0], parts[1]),
        admin.refresh.clone(),
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
    ];
    for token in forged {
        assert_eq!(me(&app, &token).await, StatusCode::UNAUTHORIZED, "{token}");
    }
    // The same claims, signed with another installation's key.
    let other = TestApp::new().await;
    let stranger = other.admin().await;
    assert_eq!(me(&app, &stranger.access).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn using_a_refresh_token_twice_ends_the_session() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bystander = app.log_in("ada@example.org", PASSWORD).await;
    let next = refresh(&app, &admin.refresh).await.json();
    let (access, newer) = (next["access_token"].as_str().unwrap(), next["refresh_token"].as_str().unwrap());
    assert_eq!(me(&app, access).await, StatusCode::OK);
    refresh(&app, &admin.refresh).await.problem(StatusCode::UNAUTHORIZED);
    // The thief's and the person's tokens are both dead; the person's other session lives.
    refresh(&app, newer).await.problem(StatusCode::UNAUTHORIZED);
    assert_eq!(me(&app, access).await, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&app, &bystander.access).await, StatusCode::OK);
}

#[tokio::test]
async fn refresh_tokens_expire_when_they_are_not_used() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.pass(TimeDelta::days(13));
    let tokens = refresh(&app, &admin.refresh).await.json();
    app.pass(TimeDelta::days(13));
    let tokens = refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.json();
    app.pass(TimeDelta::days(14));
    refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.problem(StatusCode::UNAUTHORIZED);
    for nonsense in ["", "x", "x.y", &format!("{}.{}", admin.id, "0".repeat(64))] {
        refresh(&app, nonsense).await.problem(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn logging_out_acts_at_once() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    assert_eq!(app.post("/api/auth/logout", &admin, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&app, &admin.access).await, StatusCode::UNAUTHORIZED);
    refresh(&app, &admin.refresh).await.problem(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_can_come_back() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let path = format!("/api/admin/users/{}", bob.id);
    let change = async |body: Value| app.call(Method::PATCH, &path, Some(&admin.access), &body).await;
    assert_eq!(change(json!({ "disabled": true })).await.json()["user"]["disabled"], true);
    assert_eq!(me(&app, &bob.access).await, StatusCode::UNAUTHORIZED);
    refresh(&app, &bob.refresh).await.problem(StatusCode::UNAUTHORIZED);
    let login = json!({ "email": bob.email, "password": PASSWORD });
    app.call(Method::POST, "/api/auth/login", None, &login).await.problem(StatusCode::UNAUTHORIZED);
    change(json!({ "disabled": false })).await;
    app.log_in(&bob.email, PASSWORD).await;
}

#[tokio::test]
async fn a_change_of_role_acts_at_once() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let path = format!("/api/admin/users/{}", bob.id);
    app.get("/api/admin/users", &bob).await.problem(StatusCode::FORBIDDEN);
    app.call(Method::PATCH, &path, Some(&admin.access), &json!({ "role": "admin" })).await;
    assert_eq!(app.get("/api/admin/users", &bob).await.status, StatusCode::OK);
    app.call(Method::PATCH, &path, Some(&bob.access), &json!({ "role": "user" })).await;
    app.get("/api/admin/users", &bob).await.problem(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let path = format!("/api/admin/users/{}", admin.id);
    for body in
        [json!({ "role": "user" }), json!({ "disabled": true }), json!({ "role": "user", "reset_password": true })]
    {
        app.call(Method::PATCH, &path, Some(&admin.access), &body).await.problem(StatusCode::CONFLICT);
    }
    assert_eq!(me(&app, &admin.access).await, StatusCode::OK);
    app.log_in("ada@example.org", PASSWORD).await;
}

#[tokio::test]
async fn administrators_set_and_reset_passwords() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let path = format!("/api/admin/users/{}", bob.id);
    let change = async |body: Value| app.call(Method::PATCH, &path, Some(&admin.access), &body).await;
    change(json!({ "password": "short" })).await.invalid("password");
    change(json!({ "password": "long enough now", "reset_password": true })).await.invalid("password");
    assert_eq!(me(&app, &bob.access).await, StatusCode::OK);
    let reset = change(json!({ "reset_password": true })).await.json();
    assert_eq!(me(&app, &bob.access).await, StatusCode::UNAUTHORIZED);
    app.log_in(&bob.email, reset["password"].as_str().unwrap()).await;
    let set = change(json!({ "password": "long enough now" })).await.json();
    assert!(set.get("password").is_none());
    app.log_in(&bob.email, "long enough now").await;
    let nobody = format!("/api/admin/users/{}", uuid::Uuid::nil());
    app.call(Method::PATCH, &nobody, Some(&admin.access), &json!({})).await.problem(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn people_change_their_own_passwords_and_stay_signed_in_only_where_they_are() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let elsewhere = app.log_in(&bob.email, PASSWORD).await;
    let body = json!({ "current_password": PASSWORD, "new_password": "long enough now" });
    assert_eq!(app.post("/api/auth/password", &bob, &body).await.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&app, &elsewhere.access).await, StatusCode::UNAUTHORIZED);
    refresh(&app, &elsewhere.refresh).await.problem(StatusCode::UNAUTHORIZED);
    assert_eq!(me(&app, &bob.access).await, StatusCode::OK);
    assert_eq!(refresh(&app, &bob.refresh).await.status, StatusCode::OK);
    assert_eq!(me(&app, &admin.access).await, StatusCode::OK);
    let old = json!({ "email": bob.email, "password": PASSWORD });
    app.call(Method::POST, "/api/auth/login", None, &old).await.problem(StatusCode::UNAUTHORIZED);
    app.log_in(&bob.email, "long enough now").await;
}

#[tokio::test]
async fn a_password_is_only_changed_by_somebody_who_knows_it() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let elsewhere = app.log_in("ada@example.org", PASSWORD).await;
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        app.post("/api/auth/password", &admin, &body).await
    };
    change("wrong password", "long enough now").await.invalid("current_password");
    change(PASSWORD, "short").await.invalid("new_password");
    change(PASSWORD, &"a".repeat(257)).await.invalid("new_password");
    app.post("/api/auth/password", &admin, &json!({ "new_password": "long enough now" }))
        .await
        .invalid("current_password");
    assert_eq!(me(&app, &elsewhere.access).await, StatusCode::OK);
    app.log_in("ada@example.org", PASSWORD).await;
}

#[tokio::test]
async fn a_password_cannot_be_guessed_where_somebody_is_signed_in() {
    // One attempt is the sign-in itself.
    let app = TestApp::with(Settings { login_attempts_per_minute: 4, ..Settings::default() }).await;
    let admin = app.admin().await;
    let body = json!({ "current_password": "wrong password", "new_password": "long enough now" });
    for _ in 0..2 {
        app.post("/api/auth/password", &admin, &body).await.invalid("current_password");
    }
    let right = json!({ "current_password": PASSWORD, "new_password": "long enough now" });
    app.post("/api/auth/password", &admin, &right).await.problem(StatusCode::TOO_MANY_REQUESTS);
    let login = json!({ "email": "ada@example.org", "password": PASSWORD });
    app.call(Method::POST, "/api/auth/login", None, &login).await.problem(StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn people_are_listed_and_added() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({ "email": "carol@example.org", "name": "Carol", "role": "admin" });
    let made = app.post("/api/admin/users", &admin, &body).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let carol: Person = app.log_in("carol@example.org", made.json()["password"].as_str().unwrap()).await;
    let page = app.get("/api/admin/users?q=caro", &carol).await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["role"], "admin");
    assert!(page["items"][0].get("password_hash").is_none());
    app.post("/api/admin/users", &admin, &body).await.problem(StatusCode::CONFLICT);
}

#[tokio::test]
async fn too_many_attempts_are_refused_for_a_while() {
    let app = TestApp::with(Settings { login_attempts_per_minute: 3, ..Settings::default() }).await;
    let body = json!({ "email": "ada@example.org", "password": "wrong password" });
    for _ in 0..3 {
        app.call(Method::POST, "/api/auth/login", None, &body).await.problem(StatusCode::UNAUTHORIZED);
    }
    let refused = app.call(Method::POST, "/api/auth/login", None, &body).await;
    refused.problem(StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=20).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    let other = json!({ "email": "eve@example.org", "password": "wrong password" });
    app.call(Method::POST, "/api/auth/login", None, &other).await.problem(StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn attempts_at_one_gateway_count_at_another_and_without_redis_everybody_still_gets_in() {
    let redis = coordination::Settings {
        url: Some(coordination::RedisUrl::new(test_servers::variable_of_a_server("VOICEASSIST_TEST_REDIS"))),
        timeout_ms: 2_000,
        key_prefix: format!("test-{}:", uuid::Uuid::now_v7().simple()),
        ..coordination::Settings::default()
    };
    let gone = coordination::Settings {
        url: Some(coordination::RedisUrl::new("redis://127.0.0.1:1")),
        ..coordination::Settings::default()
    };
    let settings = Settings { login_attempts_per_minute: 3, ..Settings::default() };
    let app = TestApp::with(settings.clone()).await;
    let mut gateways = Vec::new();
    for told_through in [&redis, &redis, &gone] {
        gateways.push(app.another_gateway(settings.clone(), told_through).await);
    }
    let body = json!({ "email": "ada@example.org", "password": "wrong password" });
    for gateway in [0, 1, 0] {
        gateways[gateway].call(Method::POST, "/api/auth/login", None, &body).await.problem(StatusCode::UNAUTHORIZED);
    }
    gateways[1].call(Method::POST, "/api/auth/login", None, &body).await.problem(StatusCode::TOO_MANY_REQUESTS);
    gateways[2].call(Method::POST, "/api/auth/login", None, &body).await.problem(StatusCode::UNAUTHORIZED);
    let ready = gateways[2].call(Method::GET, "/health/ready", None, &serde_json::Value::Null).await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!(ready.json()["checks"]["redis"], "down: limits hold for each process alone");
}
