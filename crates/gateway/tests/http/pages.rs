//! The pages, as a browser without scripts sees them.

use crate::common::{Answered, PASSWORD, POLICY, TestApp};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::TimeDelta;
use gateway::Settings;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser: a cookie jar with one cookie.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    cookie: String,
}

impl Browser {
    pub(crate) async fn get(&self, app: &TestApp, path: &str) -> Answered {
        let request =
            Request::get(path).header(header::ACCEPT, "text/html,*/*;q=0.8").header(header::COOKIE, &self.cookie);
        app.send(request.body(Body::empty()).unwrap()).await
    }

    async fn send(&self, app: &TestApp, path: &str, form: &str) -> Answered {
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html,*/*;q=0.8")
            .header(header::CONTENT_TYPE, FORM)
            .header(header::HOST, "va.example")
            .header(header::ORIGIN, "http://va.example")
            .header(header::COOKIE, &self.cookie);
        app.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Signs in and keeps the cookie.
    pub(crate) async fn enter(app: &TestApp, path: &str, form: &str) -> (Self, Answered) {
        let answer = Self::default().send(app, path, form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let set = answer.header("set-cookie").to_owned();
        assert!(set.contains("; HttpOnly; SameSite=Lax") && set.contains("; Path=/;"), "{set}");
        let cookie = set.split(';').next().unwrap().to_owned();
        (Self { cookie }, answer)
    }

    async fn admin(app: &TestApp) -> Self {
        let form = "name=Ada&email=ada%40example.org&password=correct+horse+battery&next=%2Fdocuments";
        let (browser, answer) = Self::enter(app, "/register", form).await;
        assert_eq!(answer.header("location"), "/documents");
        browser
    }
}

pub(crate) const SIGN_IN: &str = "email=ada%40example.org&password=correct+horse+battery";

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_sign_in_and_back() {
    let app = TestApp::new().await;
    let stranger = Browser::default();
    for (path, location) in [
        ("/", "/login"),
        ("/documents", "/login?next=/documents"),
        ("/documents/1?start=2&end=3", "/login?next=/documents/1%3Fstart%3D2%26end%3D3"),
        ("/c/1", "/login?next=/c/1"),
        ("/admin", "/login?next=/admin"),
        ("/account", "/login?next=/account"),
    ] {
        let answer = stranger.get(&app, path).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, location), "{path}");
    }
    let first = stranger.get(&app, "/login").await.text();
    assert!(first.contains("Create the first account"), "{first}");
    Browser::admin(&app).await;
    let later = stranger.get(&app, "/login?next=//evil.example&register=1").await.text();
    assert!(later.contains("name=\"next\" value=\"/\"") && later.contains("action=\"/login\""), "{later}");
    for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let form = format!("{SIGN_IN}&next={elsewhere}");
        assert_eq!(Browser::enter(&app, "/login", &form).await.1.header("location"), "/");
    }
    assert_eq!(Browser::enter(&app, "/login", &format!("{SIGN_IN}&next=/c/1")).await.1.header("location"), "/c/1");
}

#[tokio::test]
async fn a_failed_form_keeps_what_was_typed_but_the_password() {
    let app = TestApp::new().await;
    let browser = Browser::default();
    let form = "name=Ada+%3Cb%3E&email=nobody&password=secret";
    let answer = browser.send(&app, "/register", form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = answer.text();
    assert!(text.contains("The password must have at least 10 characters."), "{text}");
    assert!(text.contains("The email address must be an e-mail address"), "{text}");
    assert!(!text.contains("<b>") && !text.contains("secret") && text.contains("value=\"nobody\""), "{text}");
    Browser::admin(&app).await;
    let wrong = browser.send(&app, "/login", "email=ada%40example.org&password=wrong+password").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text().contains("is wrong") && wrong.text().contains("ada@example.org"), "{}", wrong.text());
    let closed =
        browser.send(&app, "/register", "name=Eve&email=eve%40example.org&password=correct+horse+battery").await;
    assert_eq!(closed.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_browser_stays_signed_in_for_its_days_and_is_out_at_once() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    app.pass(TimeDelta::days(14) - TimeDelta::seconds(1));
    assert_eq!(browser.get(&app, "/").await.status, StatusCode::OK);
    assert_eq!(browser.get(&app, "/login").await.header("location"), "/");
    app.pass(TimeDelta::seconds(1));
    assert_eq!(browser.get(&app, "/").await.status, StatusCode::SEE_OTHER);
    let (browser, _) = Browser::enter(&app, "/login", SIGN_IN).await;
    let out = browser.send(&app, "/logout", "").await;
    assert!(out.header("set-cookie").starts_with("va_session=; Path=/; Max-Age=0"));
    assert_eq!(out.header("location"), "/login");
    assert_eq!(browser.get(&app, "/").await.status, StatusCode::SEE_OTHER);
    for forged in ["va_session=", "va_session=x", &format!("va_session={}.{}", uuid::Uuid::nil(), "0".repeat(64))] {
        let browser = Browser { cookie: forged.to_owned() };
        assert_eq!(browser.get(&app, "/").await.status, StatusCode::SEE_OTHER, "{forged}");
    }
}

#[tokio::test]
async fn secrets_of_one_kind_do_not_work_as_the_other() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    let person = app.log_in("ada@example.org", PASSWORD).await;
    let other = Browser { cookie: format!("va_session={}", person.refresh) };
    assert_eq!(other.get(&app, "/").await.status, StatusCode::SEE_OTHER);
    let body = json!({ "refresh_token": browser.cookie.trim_start_matches("va_session=") });
    app.call(Method::POST, "/api/auth/refresh", None, &body).await.problem(StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get(&app, "/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_site_cannot_act_with_the_cookie() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = Request::post("/api/chat")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::HOST, "va.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header(header::COOKIE, &browser.cookie);
        app.send(request.body(Body::from("{\"message\":\"Why?\"}")).unwrap()).await
    };
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
    ] {
        ask(headers).await.problem(StatusCode::FORBIDDEN);
    }
    for headers in [&[("sec-fetch-site", "same-origin")][..], &[("origin", "http://va.example")]] {
        assert_eq!(ask(headers).await.status, StatusCode::OK, "{headers:?}");
    }
    let read = Request::get("/api/auth/me").header(header::COOKIE, &browser.cookie).body(Body::empty()).unwrap();
    assert_eq!(app.send(read).await.status, StatusCode::OK);
    let form = Request::post("/login").header(header::CONTENT_TYPE, FORM).header("sec-fetch-site", "cross-site");
    let answer = app.send(form.body(Body::from(SIGN_IN)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_cookie_is_secure_where_it_is_configured() {
    let app = TestApp::with(Settings { secure_cookies: true, ..Settings::default() }).await;
    let form = "name=Ada&email=ada%40example.org&password=correct+horse+battery";
    let (_, answer) = Browser::enter(&app, "/register", form).await;
    assert!(answer.header("set-cookie").ends_with("; Secure"));
}

#[tokio::test]
async fn a_cited_passage_is_marked() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    let person = app.log_in("ada@example.org", PASSWORD).await;
    let empty = browser.get(&app, "/").await.text();
    assert!(empty.contains("There are no documents to answer from yet"), "{empty}");
    let id = app.document(&person, "policy.md", POLICY, "private").await;
    assert!(browser.get(&app, "/").await.text().contains("How long must a password be?"));
    let content = app.get(&format!("/api/documents/{id}/content"), &person).await.text();
    let start = content.find("14 characters").unwrap();
    let page = browser.get(&app, &format!("/documents/{id}?start={start}&end={}", start + 13)).await.text();
    assert!(page.contains(">14 characters</mark>"), "{page}");
    for damaged in
        ["start=9999&end=99999", "start=5", "start=x&end=y", "start=7&end=7", "conversation=x&start=-1&end=3"]
    {
        let page = browser.get(&app, &format!("/documents/{id}?{damaged}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("14 characters") && !page.text().contains("<mark"), "{damaged}");
    }
    assert!(browser.get(&app, "/documents").await.text().contains("Password policy"));
    assert!(browser.get(&app, "/documents?q=nothing").await.text().contains("No document matches"));
}

#[tokio::test]
async fn an_earlier_conversation_is_shown() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    let person = app.log_in("ada@example.org", PASSWORD).await;
    app.document(&person, "policy.md", POLICY, "private").await;
    let answer = app.ask(&person, "How many characters must passwords have?").await;
    let page = browser.get(&app, &format!("/c/{}", answer["conversation_id"].as_str().unwrap())).await.text();
    assert!(page.contains(&format!("id=\"m-{}\"", answer["message_id"].as_str().unwrap())), "{page}");
    let cited = answer["citations"][0]["document_id"].as_str().unwrap();
    assert!(page.contains(&format!("/documents/{cited}?start=")), "{page}");
    let answer = app.ask(&person, "<b>passwords</b>").await;
    let page = browser.get(&app, &format!("/c/{}", answer["conversation_id"].as_str().unwrap())).await.text();
    assert!(page.contains("passwords") && !page.contains("<b>"), "{page}");
}

#[tokio::test]
async fn failures_are_pages_for_people_and_problems_for_programs() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    for path in ["/nothing", "/c/x", &format!("/c/{}", uuid::Uuid::nil()), "/documents/x"] {
        let page = browser.get(&app, path).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (StatusCode::NOT_FOUND, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(page.text().contains("This page does not exist") && page.text().contains(page.header("x-request-id")));
    }
    browser.get(&app, "/api/nothing").await.problem(StatusCode::NOT_FOUND);
    let admin = app.log_in("ada@example.org", PASSWORD).await;
    app.person(&admin, "bob").await;
    let (bob, _) = Browser::enter(&app, "/login", "email=bob%40example.org&password=correct+horse+battery").await;
    let page = bob.get(&app, "/admin").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(!bob.get(&app, "/").await.text().contains("href=\"/admin\""));
    assert_eq!(browser.get(&app, "/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    for path in ["/", "/account", "/login", "/nothing", "/api/nothing", "/health", "/docs/"] {
        let answer = browser.get(&app, path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let page = browser.get(&app, "/").await.text();
    assert!(!page.contains("<script>") && !page.contains("style=\"") && !page.contains(" onclick"));
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_version() {
    let app = TestApp::new().await;
    let browser = Browser::default();
    let page = browser.get(&app, "/login").await.text();
    let stylesheet = page.split("href=\"").find(|rest| rest.contains(".css\"")).unwrap().split('"').next().unwrap();
    let asset = browser.get(&app, stylesheet).await;
    assert_eq!((asset.status, asset.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    let scripts: Vec<&str> =
        page.split("src=\"").filter_map(|rest| rest.split('"').next()).filter(|path| path.contains(".js")).collect();
    assert!(!scripts.is_empty());
    for script in scripts {
        assert_eq!(browser.get(&app, script).await.header("content-type"), "text/javascript; charset=utf-8");
    }
    let old = browser.get(&app, "/assets/0.0.0-old/app.css").await;
    assert_eq!((old.status, old.header("cache-control")), (StatusCode::OK, "no-cache"));
    for outside in
        ["/assets/x/nothing.css", "/assets/x/../src/lib.rs", "/assets/x/%2e%2e/Cargo.toml", "/assets/x//etc/passwd"]
    {
        assert_eq!(browser.get(&app, outside).await.status, StatusCode::NOT_FOUND, "{outside}");
    }
    assert!(browser.get(&app, "/favicon.ico").await.header("location").ends_with("/favicon.svg"));
    let zipped = Request::get(stylesheet).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
    assert_eq!(app.send(zipped).await.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn logging_out_of_the_api_with_a_cookie_ends_the_browsers_session() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    let request = Request::post("/api/auth/logout")
        .header(header::COOKIE, &browser.cookie)
        .header("sec-fetch-site", "same-origin");
    assert_eq!(app.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.get(&app, "/").await.status, StatusCode::SEE_OTHER);
    assert_eq!(app.call(Method::GET, "/health", None, &Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_browser_that_changes_the_password_stays_signed_in_and_others_do_not() {
    let app = TestApp::new().await;
    let browser = Browser::admin(&app).await;
    let (other, _) = Browser::enter(&app, "/login", SIGN_IN).await;
    let page = browser.get(&app, "/account").await.text();
    assert!(page.contains("At least 10 characters") && page.contains("value=\"ada@example.org\""), "{page}");
    assert!(browser.get(&app, "/").await.text().contains("href=\"/account\""));
    let body = json!({ "current_password": PASSWORD, "new_password": "long enough now" });
    let request = Request::post("/api/auth/password")
        .header(header::COOKIE, &browser.cookie)
        .header(header::CONTENT_TYPE, "application/json")
        .header("sec-fetch-site", "same-origin");
    let changed = app.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text());
    assert_eq!(browser.get(&app, "/").await.status, StatusCode::OK);
    assert_eq!(other.get(&app, "/").await.status, StatusCode::SEE_OTHER);
}
