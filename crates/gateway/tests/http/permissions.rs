//! What one person has is nothing to another.

use crate::common::{POLICY, TestApp};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// A path of the API's description with an id in place of its parameters.
fn concrete(path: &str) -> String {
    let id = uuid::Uuid::nil().to_string();
    path.replace("{id}", &id).replace("{document_id}", &id).replace("{key}", &"0".repeat(64))
}

fn operations() -> Vec<(Method, String)> {
    let document = serde_json::to_value(gateway::openapi_document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &Value)| {
        let names: Vec<String> = item.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        names.into_iter().map(|name| (name.parse().unwrap(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

#[tokio::test]
async fn every_path_that_is_not_listed_as_open_needs_an_account() {
    let app = TestApp::new().await;
    let operations = operations();
    assert!(operations.len() >= 26, "{}", operations.len());
    for (method, path) in operations {
        let answer = app.call(method.clone(), &concrete(&path), None, &Value::Null).await;
        if gateway::OPEN_API_PATHS.contains(&path.as_str()) {
            assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        } else {
            answer.problem(StatusCode::UNAUTHORIZED);
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_admin_path_needs_an_administrator() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let paths: Vec<_> = operations().into_iter().filter(|(_, path)| path.starts_with("/api/admin")).collect();
    assert!(paths.len() >= 6);
    for (method, path) in paths {
        let answer = app.call(method, &concrete(&path), Some(&bob.access), &json!({})).await;
        answer.problem(StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_private_document_is_nothing_to_anybody_else() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (bob, eve) = (app.person(&admin, "bob").await, app.person(&admin, "eve").await);
    let id = app.document(&bob, "policy.md", POLICY, "private").await;
    let path = format!("/api/documents/{id}");
    // Not even administrators read it.
    for stranger in [&eve, &admin] {
        for below in ["", "/content", "/file"] {
            app.get(&format!("{path}{below}"), stranger).await.problem(StatusCode::NOT_FOUND);
        }
        app.delete(&path, stranger).await.problem(StatusCode::NOT_FOUND);
        assert_eq!(app.get("/api/documents", stranger).await.json()["items"], json!([]));
        assert_eq!(app.get("/api/documents?q=policy", stranger).await.json()["items"], json!([]));
        assert_eq!(app.get("/api/search?q=passwords+characters", stranger).await.json()["items"], json!([]));
    }
    for below in ["", "/content", "/file"] {
        assert_eq!(app.get(&format!("{path}{below}"), &bob).await.status, StatusCode::OK);
    }
    assert_eq!(app.get("/api/documents", &bob).await.json()["items"][0]["can_delete"], true);
    assert_eq!(app.get("/api/search?q=passwords+characters", &bob).await.json()["items"][0]["document_id"], json!(id));
    assert_eq!(app.delete(&path, &bob).await.status, StatusCode::NO_CONTENT);
    app.get(&path, &bob).await.problem(StatusCode::NOT_FOUND);
    assert_eq!(app.get("/api/search?q=passwords+characters", &bob).await.json()["items"], json!([]));
}

#[tokio::test]
async fn the_same_private_bytes_of_two_people_are_two_documents() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let his = app.document(&bob, "policy.md", POLICY, "private").await;
    let hers = app.document(&admin, "policy.md", POLICY, "private").await;
    assert_ne!(his, hers);
}

#[tokio::test]
async fn shared_documents_are_read_by_all_and_kept_by_administrators() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let refused = app.upload(&bob, "policy.md", POLICY.as_bytes(), &[("visibility", "shared")]).await;
    refused.problem(StatusCode::FORBIDDEN);
    let id = app.document(&admin, "policy.md", POLICY, "shared").await;
    let path = format!("/api/documents/{id}");
    let seen = app.get(&path, &bob).await.json();
    assert_eq!(
        (seen["visibility"].as_str(), seen["can_delete"].as_bool(), seen["owner"]["name"].as_str()),
        (Some("shared"), Some(false), Some("Ada")),
    );
    app.delete(&path, &bob).await.problem(StatusCode::FORBIDDEN);
    let other =
        json!({ "email": "carol@example.org", "name": "Carol", "role": "admin", "password": crate::common::PASSWORD });
    app.post("/api/admin/users", &admin, &other).await;
    let carol = app.log_in("carol@example.org", crate::common::PASSWORD).await;
    assert_eq!(app.get(&path, &carol).await.json()["can_delete"], true);
    assert_eq!(app.delete(&path, &carol).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn conversations_messages_and_feedback_are_nothing_to_anybody_else() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (bob, eve) = (app.person(&admin, "bob").await, app.person(&admin, "eve").await);
    app.document(&bob, "policy.md", POLICY, "private").await;
    let answer = app.ask(&bob, "How many characters must passwords have?").await;
    let word = |name: &str| answer[name].as_str().unwrap().to_owned();
    let (conversation, message) = (word("conversation_id"), word("message_id"));
    let path = format!("/api/conversations/{conversation}");
    for stranger in [&eve, &admin] {
        app.get(&path, stranger).await.problem(StatusCode::NOT_FOUND);
        app.get(&format!("{path}/export?format=md"), stranger).await.problem(StatusCode::NOT_FOUND);
        app.delete(&path, stranger).await.problem(StatusCode::NOT_FOUND);
        let feedback = json!({ "rating": 1 });
        let judged = app.post(&format!("/api/messages/{message}/feedback"), stranger, &feedback).await;
        judged.problem(StatusCode::NOT_FOUND);
        let question = json!({ "message": "And how often?", "conversation_id": conversation });
        app.post("/api/chat", stranger, &question).await.problem(StatusCode::NOT_FOUND);
        assert_eq!(app.get("/api/conversations", stranger).await.json()["items"], json!([]));
        assert_eq!(app.get("/api/conversations?q=passwords", stranger).await.json()["items"], json!([]));
        let theirs = app.ask(stranger, "How many characters must passwords have?").await;
        assert_eq!((theirs["grounded"].as_bool(), &theirs["citations"]), (Some(false), &json!([])));
        let own = theirs["conversation_id"].as_str().unwrap();
        assert_eq!(app.delete(&format!("/api/conversations/{own}"), stranger).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(app.get(&path, &bob).await.json()["messages"].as_array().unwrap().len(), 2);
    assert_eq!(app.delete(&path, &bob).await.status, StatusCode::NO_CONTENT);
    app.get(&path, &bob).await.problem(StatusCode::NOT_FOUND);
}
