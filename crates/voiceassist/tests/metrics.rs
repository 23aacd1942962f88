//! Figures as Prometheus reads them, from the program itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![allow(clippy::float_cmp, reason = "counts are exact")]

mod support;

use std::collections::BTreeMap;

use support::client::Client;
use support::program::Home;
use support::{handbook, until};
use telemetry::names;

const QUESTION: &str = "How long must a password be?";

/// Every sample, by its name with labels.
type Figures = BTreeMap<String, f64>;

async fn scrape(address: &str) -> (String, Figures) {
    let text = Client::new(&format!("http://{address}")).get("/metrics").await.text();
    let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    let samples = samples.collect();
    (text, samples)
}

fn of(figures: &Figures, name: &str) -> f64 {
    *figures.get(name).unwrap_or_else(|| panic!("there is no {name} among {:#?}", figures.keys()))
}

#[tokio::test]
async fn everything_that_is_declared_is_told_and_moves_with_what_happens() {
    let home = Home::new().set("METRICS__LISTEN", "127.0.0.1:0").set("GATEWAY__LOGIN_ATTEMPTS_PER_MINUTE", "3");
    let server = home.serve(["--samples", &handbook("")]).await;
    let admin = server.first_admin().await;
    admin.ready_documents(14).await;
    let address = server.metrics_address();

    let (_, before) = scrape(&address).await;
    let chats = "http_requests_total{method=\"POST\",route=\"/api/chat\",status=\"200\"}";
    let answers =
        |source: &str| format!("voiceassist_answers_total{{mode=\"simple\",source=\"{source}\",grounded=\"true\"}}");
    // Zero, and not missing: a rate is known from the first question on.
    assert_eq!(of(&before, chats), 0.0);
    assert_eq!(of(&before, &answers("computed")), 0.0);
    assert_eq!(of(&before, "voiceassist_rate_limited_total{limit=\"login\"}"), 0.0);
    assert!(of(&before, "voiceassist_uploads_total{outcome=\"new\"}") == 0.0, "samples are no uploads");

    for _ in 0..3 {
        admin.ask(QUESTION).await;
    }
    let nobody = Client::new(&server.base);
    for _ in 0..4 {
        let _ = nobody.try_sign_in("ada@example.org", "not the password").await;
    }
    nobody.get("/no/such/page").await.problem(404);

    // Counts of rows are taken now and then.
    let (text, after) = until("the census", async || {
        let (text, figures) = scrape(&address).await;
        (of(&figures, "voiceassist_documents{status=\"ready\"}") >= 14.0).then_some((text, figures))
    })
    .await;
    assert_eq!(of(&after, chats), 3.0);
    assert_eq!(of(&after, &answers("computed")), 1.0);
    assert_eq!(of(&after, &answers("l1")), 2.0);
    assert_eq!(of(&after, "voiceassist_cache_hits_total{tier=\"l1\"}"), 2.0);
    assert_eq!(of(&after, "voiceassist_cache_lookups_total{tier=\"l1\"}"), 3.0);
    assert_eq!(of(&after, "voiceassist_question_phase_seconds_count{phase=\"embed\"}"), 1.0);
    assert_eq!(of(&after, "voiceassist_question_phase_seconds_count{phase=\"store\"}"), 3.0);
    assert_eq!(of(&after, "voiceassist_sign_ins_total{outcome=\"refused\"}"), 3.0);
    assert_eq!(of(&after, "voiceassist_rate_limited_total{limit=\"login\"}"), 1.0);
    assert_eq!(of(&after, "voiceassist_users{role=\"admin\"}"), 1.0);
    assert_eq!(of(&after, "voiceassist_jobs{kind=\"ingest\",state=\"queued\"}"), 0.0);
    assert_eq!(of(&after, "voiceassist_ingestion_phase_seconds_count{phase=\"parse\"}"), 14.0);
    assert_eq!(of(&after, "voiceassist_jobs_total{kind=\"ingest\",outcome=\"worked\"}"), 14.0);
    assert_eq!(of(&after, "http_requests_total{method=\"GET\",route=\"unknown\",status=\"404\"}"), 1.0);
    assert!(of(&after, "voiceassist_database_query_seconds_count{query=\"census\",kind=\"aggregate\"}") >= 3.0);
    let (overhead, whole) = (
        of(&after, "voiceassist_own_overhead_seconds_sum{route=\"/api/chat\"}"),
        of(&after, "http_request_duration_seconds_sum{method=\"POST\",route=\"/api/chat\",status=\"200\"}"),
    );
    assert!(0.0 < overhead && overhead < 0.9 * whole, "{overhead} of {whole} s are the program's own");

    for metric in names::ALL {
        assert!(
            text.contains(&format!("# HELP {} ", metric.name.trim_end_matches("_total"))),
            "{} is not told",
            metric.name
        );
    }
    // Nobody's words, names or addresses.
    for word in ["password be", "example.org", "localhost", "no/such"] {
        assert!(!text.to_lowercase().contains(word), "{word:?} is told");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_its_setting() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::without_model().set("METRICS__LISTEN", &address);
    let done = home.run(["serve"]).await;
    assert!(!done.status.success());
    assert!(done.err.contains(&address) && done.err.contains("metrics.listen"), "{}", done.err);
}

#[tokio::test]
async fn a_first_start_that_fails_makes_no_account_whose_password_nobody_has_seen() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let occupied = Home::without_model().set("METRICS__LISTEN", taken.local_addr().unwrap().to_string());
    let mistyped = Home::without_model();
    let samples = handbook("onboarding-checklist.md");
    for (home, path) in [(occupied, samples.as_str()), (mistyped, "/no/such/folder")] {
        let done = home.run(["serve", "--samples", path]).await;
        assert!(!done.status.success(), "{done:?}");
        assert_eq!(home.succeed(["user", "list"]).await.out.trim(), "", "{done:?}");
    }
}
