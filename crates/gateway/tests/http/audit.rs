//! Who did what is written down, and nobody's words are.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::common::{PASSWORD, POLICY, Person, TestApp};

/// What the log says, the oldest first: action, outcome, actor, and whether there is a subject.
async fn told(app: &TestApp, admin: &Person, query: &str) -> Vec<(String, String, String)> {
    let answered = app.get(&format!("/api/admin/audit?limit=200{query}"), admin).await;
    assert_eq!(answered.status, StatusCode::OK, "{answered:?}");
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let items = answered.json()["items"].as_array().unwrap().clone();
    items.iter().rev().map(|entry| (text(entry, "action"), text(entry, "outcome"), text(entry, "actor"))).collect()
}

fn entry(action: &str, outcome: &str, actor: &str) -> (String, String, String) {
    (action.to_owned(), outcome.to_owned(), actor.to_owned())
}

#[tokio::test]
async fn what_people_do_is_written_down_in_order() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (ada, ben) = ("ada@example.org", "ben@example.org");
    let add = json!({ "email": "Ben@example.org", "name": "Ben", "password": PASSWORD });
    let added = app.post("/api/admin/users", &admin, &add).await.json();
    let id = added["user"]["id"].as_str().unwrap().to_owned();
    for (email, password) in
        [("ben@example.org", "wrong"), ("nobody@example.org", "wrong"), (PASSWORD, "into the wrong field")]
    {
        let body = json!({ "email": email, "password": password });
        app.call(Method::POST, "/api/auth/login", None, &body).await;
    }
    let person = app.log_in("ben@example.org", PASSWORD).await;
    let document = app.document(&person, "pangolins.md", POLICY, "private").await;
    app.replace(&person, document, "other.md", "# Pangolins\n\nThey sleep.").await;
    let path = format!("/api/documents/{document}");
    app.call(Method::PATCH, &path, Some(&person.access), &json!({ "title": "Pangolins" })).await;
    app.ask(&person, "What do pangolins do?").await;
    app.delete(&path, &person).await;
    let change = json!({ "role": "admin", "reset_password": true });
    app.call(Method::PATCH, &format!("/api/admin/users/{id}"), Some(&admin.access), &change).await;
    app.delete("/api/admin/cache", &admin).await;
    // What is refused because of a missing right is no deed: nothing was tried out that could have worked.
    assert_eq!(
        app.get("/api/admin/audit", &person).await.status,
        StatusCode::UNAUTHORIZED,
        "the new password ended it"
    );

    let log = told(&app, &admin, "").await;
    let expected = [
        entry("add_account", "done", ada),
        entry("sign_in", "done", ada),
        entry("add_account", "done", ada),
        entry("sign_in", "refused", ben),
        entry("sign_in", "refused", "nobody@example.org"),
        entry("sign_in", "refused", "(no address)"),
        entry("sign_in", "done", ben),
        entry("upload_document", "done", ben),
        entry("replace_document", "done", ben),
        entry("change_document", "done", ben),
        entry("delete_document", "done", ben),
        entry("change_account", "done", ada),
        entry("clear_cache", "done", ada),
    ];
    assert_eq!(log, expected);

    assert_eq!(told(&app, &admin, "&action=delete_document").await, [entry("delete_document", "done", ben)]);
    assert_eq!(told(&app, &admin, "&q=NOBODY@").await, [entry("sign_in", "refused", "nobody@example.org")]);
    assert_eq!(told(&app, &admin, "&since=2030-01-01T00:00:00Z").await, []);
    assert_eq!(told(&app, &admin, &format!("&q={document}")).await.len(), 4);
    assert_eq!(app.get("/api/admin/audit?action=nothing", &admin).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let text = app.get("/api/admin/audit?limit=200", &admin).await.text().to_lowercase();
    for word in ["pangolin", "horse battery", "14 characters"] {
        assert!(!text.contains(word), "{word:?} is in {text}");
    }
    assert!(text.contains("role administrator, new password"), "{text}");
}

#[tokio::test]
async fn the_whole_log_can_be_taken_along() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for number in 0..230 {
        let body = json!({ "email": format!("p{number}@example.org"), "password": "wrong" });
        // Without hashing two hundred times.
        app.store.add_audit_entry(refused(&body["email"])).await.unwrap();
    }
    let answered = app.get("/api/admin/audit/export", &admin).await;
    assert_eq!(answered.headers[header::CONTENT_TYPE], "application/x-ndjson");
    let entries: Vec<Value> = answered.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 232);
    assert_eq!((&entries[0]["actor"], &entries[231]["action"]), (&json!("p229@example.org"), &json!("add_account")));
    let last = told(&app, &admin, "").await.pop();
    assert_eq!(last, Some(entry("export_audit", "done", "ada@example.org")));
}

fn refused(email: &Value) -> store::audit::NewEntry {
    store::audit::NewEntry {
        action: store::values::AuditAction::SignIn,
        outcome: store::values::AuditOutcome::Refused,
        actor_id: None,
        actor: email.as_str().unwrap().to_owned(),
        subject: None,
        detail: None,
        client: None,
    }
}

#[tokio::test]
async fn only_administrators_read_it() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let person = app.person(&admin, "ben").await;
    for path in ["/api/admin/audit", "/api/admin/audit/export"] {
        assert_eq!(app.get(path, &person).await.status, StatusCode::FORBIDDEN);
    }
}
