//! Service levels of a running server: what turns red, where it is seen, and that it outlasts a restart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use futures::future::join_all;
use serde_json::Value;
use support::program::{Done, Home, Server};
use support::{handbook, until};

/// More than the least traffic that is judged.
const REQUESTS: usize = 120;

async fn use_it(server: &Server) {
    let admin = server.first_admin().await;
    let answers = join_all((0..REQUESTS).map(|_| admin.get("/api/auth/me"))).await;
    for answer in &answers {
        answer.ok();
    }
}

/// What the server says of itself, once it has seen all requests.
async fn standing(server: &Server) -> Value {
    let admin = server.first_admin().await;
    until("the watch to have seen all requests", async || {
        let standing = admin.get("/api/admin/slo").await.ok();
        let seen = standing["budgets"][0]["counted"]["total"].as_u64().unwrap();
        (seen >= REQUESTS as u64).then_some(standing)
    })
    .await
}

fn status<'a>(standing: &'a Value, list: &str, name: &str) -> &'a str {
    let found = standing[list].as_array().unwrap().iter().find(|entry| entry["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {standing}"))["status"].as_str().unwrap()
}

fn statuses(standing: &Value) -> [&str; 6] {
    [
        status(standing, "figures", "P95 response time"),
        status(standing, "figures", "error rate"),
        status(standing, "figures", "availability"),
        status(standing, "budgets", "latency_p95"),
        status(standing, "budgets", "latency_p99"),
        status(standing, "budgets", "availability"),
    ]
}

fn home() -> Home {
    Home::without_model().set("GATEWAY__WATCH_SECONDS", "1").set("GATEWAY__LOGIN_ATTEMPTS_PER_MINUTE", "1000")
}

async fn told(home: &Home) -> (Done, Value) {
    let done = home.run(["slo", "status", "--json"]).await;
    let standing = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    (done, standing)
}

#[tokio::test]
async fn a_server_that_is_well_keeps_its_levels_and_remembers_them() {
    let home = home();
    let server = home.serve(["--samples", &handbook("onboarding-checklist.md")]).await;
    use_it(&server).await;
    let all_pass = ["PASS"; 6];
    assert_eq!(statuses(&standing(&server).await), all_pass);
    let (done, beside) = told(&home).await;
    assert!(done.status.success() && beside["status"] == "PASS", "{done:?}");

    let before = beside["budgets"][0]["counted"]["total"].as_u64().unwrap();
    assert!(server.stop().await.success());
    let server = home.serve::<&str>([]).await;
    let (_, after) = told(&home).await;
    assert!(after["budgets"][0]["counted"]["total"].as_u64().unwrap() >= before, "{after}");
    assert_eq!(statuses(&after), all_pass);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn two_seconds_more_turn_the_latency_red_and_nothing_else() {
    let home = home().set("GATEWAY__INJECTED_DELAY_MS", "2000");
    let server = home.serve(["--samples", &handbook("onboarding-checklist.md")]).await;
    use_it(&server).await;
    let expected = ["FAIL", "PASS", "PASS", "FAIL", "FAIL", "PASS"];
    let standing = standing(&server).await;
    assert_eq!(statuses(&standing), expected, "{standing}");
    let p95 =
        standing["figures"].as_array().unwrap().iter().find(|entry| entry["name"] == "P95 response time").unwrap();
    assert_eq!(p95["is_critical"], true);
    let p95 = p95["measured"].as_f64().unwrap();
    assert!((2_000.0..4_000.0).contains(&p95), "{p95} ms");

    let (done, beside) = told(&home).await;
    assert_eq!(statuses(&beside), expected);
    assert!(!done.status.success() && done.err.contains("a service level is broken"), "{done:?}");
    let shown = home.run(["slo", "status"]).await.out;
    let line = shown.lines().find(|line| line.starts_with("P95")).unwrap();
    assert!(line.contains("FAIL") && line.contains("critical"), "{shown}");
}

#[tokio::test]
async fn without_requests_nothing_passes() {
    let home = home();
    home.succeed(["user", "add", "ada@example.org", "--admin"]).await;
    let (done, standing) = told(&home).await;
    assert!(done.status.success(), "{done:?}");
    assert_eq!(statuses(&standing), ["MISSING"; 6]);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_not_made() {
    let home = home();
    let done = home.run(["slo", "status"]).await;
    assert!(done.failed_with_one_line().contains("there is no data directory"), "{done:?}");
    assert!(!home.data().exists());
}
