//! Answers from the cache, as people and administrators see them.

use axum::http::{Method, StatusCode};
use gateway::Settings;
use serde_json::{Value, json};

use crate::common::{POLICY, Person, TestApp};

const ASKED: &str = "How many characters must a password have?";

async fn asked(app: &TestApp, person: &Person, cache: &str) -> Value {
    let answer = app.post("/api/chat", person, &json!({ "message": ASKED, "cache": cache })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

fn redis() -> coordination::Settings {
    coordination::Settings {
        url: Some(coordination::RedisUrl::new(test_servers::variable_of_a_server("VOICEASSIST_TEST_REDIS"))),
        timeout_ms: 2_000,
        key_prefix: format!("test-{}:", uuid::Uuid::now_v7().simple()),
        ..coordination::Settings::default()
    }
}

#[tokio::test]
async fn a_question_is_answered_once_and_says_where_its_answer_came_from() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    let computed = asked(&app, &admin, "use").await;
    assert_eq!(computed["cache"], json!({ "tier": null, "age_ms": 0 }));
    app.pass(chrono::TimeDelta::seconds(7));
    // Somebody else, who may read the same.
    let cached = asked(&app, &bob, "use").await;
    assert_eq!(cached["cache"], json!({ "tier": "l1", "age_ms": 7_000 }));
    for same in ["answer", "citations", "grounded", "mode"] {
        assert_eq!(cached[same], computed[same], "{same}");
    }
    assert_ne!(cached["message_id"], computed["message_id"]);
    assert_eq!(asked(&app, &bob, "bypass").await["cache"]["tier"], Value::Null);
    assert_eq!(asked(&app, &bob, "use").await["cache"]["age_ms"], 7_000, "a bypass leaves the cache alone");
    assert_eq!(asked(&app, &bob, "refresh").await["cache"]["tier"], Value::Null);
    assert_eq!(asked(&app, &bob, "use").await["cache"], json!({ "tier": "l1", "age_ms": 0 }));
    // What is nearly the same question is the same.
    assert_eq!(app.ask(&bob, " how many characters must a  password have").await["cache"]["tier"], "l1");
}

#[tokio::test]
async fn whoever_has_private_documents_has_answers_of_their_own() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (bob, eve) = (app.person(&admin, "bob").await, app.person(&admin, "eve").await);
    app.document(&bob, "policy.md", POLICY, "private").await;
    assert!(asked(&app, &bob, "use").await["answer"].as_str().unwrap().contains("14 characters"));
    assert_eq!(asked(&app, &bob, "use").await["cache"]["tier"], "l1");
    let strangers = asked(&app, &eve, "use").await;
    assert_eq!((&strangers["cache"]["tier"], &strangers["grounded"]), (&Value::Null, &json!(false)));
    // Nor is what is not there taken for an answer to the one who has it.
    assert_eq!(asked(&app, &bob, "use").await["grounded"], true);
}

#[tokio::test]
async fn a_changed_document_is_never_quoted_as_it_was() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let id = app.document(&admin, "policy.md", POLICY, "shared").await;
    let says = async |words: &str| {
        let answer = asked(&app, &bob, "use").await;
        assert_eq!(answer["cache"]["tier"], Value::Null, "{answer}");
        let again = asked(&app, &bob, "use").await;
        assert_eq!((&again["cache"]["tier"], &again["answer"]), (&json!("l1"), &answer["answer"]));
        assert!(answer.to_string().contains(words), "{answer}");
    };
    says("14 characters").await;

    let longer = POLICY.replace("14 characters", "20 characters");
    app.replace(&admin, id, "policy.md", &longer).await;
    says("20 characters").await;

    let path = format!("/api/documents/{id}");
    let titled = app.call(Method::PATCH, &path, Some(&admin.access), &json!({ "title": "House rules" })).await;
    assert_eq!((titled.status, &titled.json()["title"]), (StatusCode::OK, &json!("House rules")), "{}", titled.text());
    says("House rules").await;

    let private = json!({ "visibility": "private" });
    assert_eq!(app.call(Method::PATCH, &path, Some(&admin.access), &private).await.status, StatusCode::OK);
    says("do not answer").await;

    assert_eq!(app.delete(&path, &admin).await.status, StatusCode::NO_CONTENT);
    let nobody = asked(&app, &admin, "use").await;
    assert_eq!(nobody["grounded"], false, "{nobody}");
}

#[tokio::test]
async fn gateways_share_answers_and_forget_them_together() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    let id = app.document(&admin, "policy.md", POLICY, "shared").await;
    let redis = redis();
    let one = app.another_gateway(Settings::default(), &redis).await;
    let other = app.another_gateway(Settings::default(), &redis).await;
    assert_eq!(asked(&one, &bob, "use").await["cache"]["tier"], Value::Null);
    assert_eq!(asked(&other, &bob, "use").await["cache"]["tier"], "l2");
    assert_eq!(asked(&other, &bob, "use").await["cache"]["tier"], "l1");
    // The other gateway has it in its own memory, and hears of the deletion from nobody but the database.
    assert_eq!(one.delete(&format!("/api/documents/{id}"), &admin).await.status, StatusCode::NO_CONTENT);
    for gateway in [&other, &one] {
        let answer = asked(gateway, &bob, "use").await;
        assert_eq!(answer["grounded"], false, "{answer}");
    }
}

#[tokio::test]
async fn administrators_see_why_and_throw_away() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    // An administrator who has shared documents only asks what everybody does.
    for _ in 0..3 {
        asked(&app, &admin, "use").await;
    }
    let figures = app.get("/api/admin/cache", &admin).await.json();
    assert_eq!(
        (&figures["questions"], &figures["l1"]["hits"], &figures["l2"]["lookups"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(figures["l1"]["misses"]["absent"], 1);

    let explain = format!("/api/admin/cache/explain?q={}", ASKED.to_lowercase().replace(' ', "%20"));
    let explanation = app.get(&explain, &admin).await.json();
    let tiers: Vec<&Value> = explanation["entries"].as_array().unwrap().iter().map(|entry| &entry["tier"]).collect();
    assert_eq!((&explanation["question"], tiers), (&json!(ASKED), vec![&json!("l1"), &json!("l2")]), "{explanation}");

    let path = format!("/api/admin/cache/{}", explanation["key"].as_str().unwrap());
    assert_eq!(app.delete(&path, &admin).await.json(), json!({ "tiers": ["l1", "l2"] }));
    app.delete(&path, &admin).await.problem(StatusCode::NOT_FOUND);
    app.delete("/api/admin/cache/nonsense", &admin).await.problem(StatusCode::BAD_REQUEST);
    app.get("/api/admin/cache/explain?q=%20", &admin).await.invalid("q");
    assert_eq!(asked(&app, &admin, "use").await["cache"]["tier"], Value::Null);
    let cleared = app.delete("/api/admin/cache", &admin).await.json();
    assert_eq!((&cleared["l1"], &cleared["l2"], &cleared["complete"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!(asked(&app, &admin, "use").await["cache"]["tier"], Value::Null);
}

#[tokio::test]
async fn what_an_administrator_throws_away_is_gone_in_every_gateway() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    let redis = redis();
    let one = app.another_gateway(Settings::default(), &redis).await;
    let other = app.another_gateway(Settings::default(), &redis).await;
    let explanation =
        one.get(&format!("/api/admin/cache/explain?q={}", ASKED.replace(' ', "%20")), &admin).await.json();
    let one_answer = format!("/api/admin/cache/{}", explanation["key"].as_str().unwrap());
    for thrown_away in [one_answer.as_str(), "/api/admin/cache"] {
        for gateway in [&one, &other, &other] {
            asked(gateway, &admin, "use").await;
        }
        assert_eq!(one.delete(thrown_away, &admin).await.status, StatusCode::OK);
        // Over SQLite one process serves, and this one tells nobody.
        if !app.store.is_served_by_one_process() {
            assert_eq!(asked(&other, &admin, "use").await["cache"]["tier"], Value::Null, "{thrown_away}");
        }
    }
}
