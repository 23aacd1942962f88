//! What the database was slow at.

use std::time::Duration;

use crate::common::{POLICY, TestApp};
use axum::http::StatusCode;
use gateway::Settings;
use serde_json::{Value, json};

#[tokio::test]
async fn a_slow_statement_is_told_with_its_plan_and_nobodys_words() {
    let every = store::Settings { slow_query_ms: 0, ..store::Settings::default() };
    let app = TestApp::with_database(Settings::default(), knowledge::Settings::default(), every).await;
    let admin = app.admin().await;
    app.document(&admin, "policy.md", POLICY, "shared").await;
    app.ask(&admin, "How many characters must passwords have?").await;
    assert_eq!(app.get("/api/documents?q=Pangolin", &admin).await.json()["items"], json!([]));
    let planned = async {
        loop {
            let told = app.get("/api/admin/slow-queries", &admin).await.json();
            if told["slow"].as_array().unwrap().iter().all(|query| query["plan"].is_string()) {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), planned).await.unwrap();
    let of = |list: &str, name: &str| {
        let found = told[list].as_array().unwrap().iter().find(|query| query["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("{name} is not among {told}"))
    };
    let slow = of("slow", "documents.documents");
    assert!(slow["sql"].as_str().unwrap().starts_with("SELECT"), "{slow}");
    let plan = slow["plan"].as_str().unwrap();
    assert!(plan.contains("SEARCH document USING INDEX") || plan.contains("Scan on document"), "{slow}");
    assert!(slow["slowest_ms"].as_f64().unwrap() > 0.0, "{slow}");
    assert!(slow["times"].as_u64().unwrap() >= 1, "{slow}");
    assert!(slow["last_at"].is_string(), "{slow}");
    let statistics = of("statistics", "documents.documents");
    assert_eq!((&statistics["count"], &statistics["errors"]), (&json!(1), &json!(0)), "{statistics}");
    assert!(statistics["p95_ms"].as_f64() >= statistics["p50_ms"].as_f64(), "{statistics}");
    let text = told.to_string().to_lowercase();
    for word in ["pangolin", "passwords", "characters", "ada@example.org"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[tokio::test]
async fn what_is_fast_is_not_kept() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let bob = app.person(&admin, "bob").await;
    app.get("/api/admin/slow-queries", &bob).await.problem(StatusCode::FORBIDDEN);
    let slow = store::Settings { slow_query_ms: 60_000, ..store::Settings::default() };
    let app = TestApp::with_database(Settings::default(), knowledge::Settings::default(), slow).await;
    let admin = app.admin().await;
    let told = app.get("/api/admin/slow-queries", &admin).await;
    assert_eq!(told.status, StatusCode::OK);
    assert_eq!(told.json()["slow"], Value::Array(Vec::new()));
}
