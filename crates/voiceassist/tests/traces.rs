//! Traces, as a collector receives them: where a question's time went, and none of its words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};
use support::handbook;
use support::program::Home;
use tokio::net::TcpListener;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Takes what OTLP over HTTP brings.
struct Collector {
    endpoint: String,
    received: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    async fn start() -> Self {
        let received: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = Arc::clone(&received);
        let take = async move |body: axum::Json<Value>| {
            kept.lock().unwrap().push(body.0);
            axum::Json(json!({}))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, received }
    }

    fn spans(&self) -> Vec<Value> {
        let each = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        let received = self.received.lock().unwrap();
        let of_resources = received.iter().flat_map(|body| each(body, "resourceSpans"));
        of_resources.flat_map(|of| each(&of, "scopeSpans")).flat_map(|of| each(&of, "spans")).collect()
    }
}

fn text<'a>(span: &'a Value, key: &str) -> &'a str {
    span[key].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_collector_sees_where_the_time_of_a_question_went() {
    let collector = Collector::start().await;
    let home = Home::new().set("TRACES__ENDPOINT", &collector.endpoint).set("TRACES__SHARE", "0");
    let server = home.serve(["--samples", &handbook("it-security-policy.html")]).await;
    let admin = server.first_admin().await;
    admin.ready_documents(1).await;
    let question = json!({ "message": "How long must a password be?", "cache": "bypass" });
    // Of what nobody traces, nothing is traced: the share is none. What a caller traces is.
    admin.post("/api/chat", &question).await.ok();
    let parent = format!("00-{TRACE}-{CALLER}-01");
    admin.post_traced("/api/chat", &question, &parent).await.ok();
    assert!(server.stop().await.success());

    let spans = collector.spans();
    assert!(!spans.is_empty(), "nothing was sent before the end");
    assert_eq!(spans.iter().map(|span| text(span, "traceId")).collect::<BTreeSet<_>>(), BTreeSet::from([TRACE]));
    let by_id: BTreeMap<&str, &Value> = spans.iter().map(|span| (text(span, "spanId"), span)).collect();
    let roots: Vec<&Value> = spans.iter().filter(|span| text(span, "parentSpanId") == CALLER).collect();
    let [root] = roots.as_slice() else { panic!("not one request: {spans:#?}") };
    assert_eq!(text(root, "name"), "POST /api/chat");
    assert_eq!(root["kind"], 2, "a server's");
    let status = root["attributes"].as_array().unwrap().iter().find(|of| of["key"] == "http.response.status_code");
    assert!(status.is_some_and(|of| of["value"]["intValue"].to_string().contains("200")), "{root:#}");

    // Everything hangs together: from each span a way leads to the request.
    for span in &spans {
        let mut above = span;
        while text(above, "parentSpanId") != CALLER {
            above = by_id.get(text(above, "parentSpanId")).unwrap_or_else(|| panic!("{above:#} hangs in the air"));
        }
    }
    let names: BTreeSet<&str> = spans.iter().map(|span| text(span, "name")).collect();
    for name in ["retrieve", "answer", "store"] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    assert!(names.iter().any(|name| name.contains('.')), "no query of the database is among {names:?}");
    let all = collector.received.lock().unwrap().iter().map(Value::to_string).collect::<String>();
    for word in ["password", "characters", "admin@localhost", "How long"] {
        assert!(!all.contains(word), "{word:?} was told to the collector");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_keeps_nobody_waiting() {
    let home = Home::without_model().set("TRACES__ENDPOINT", "http://127.0.0.1:9/v1/traces").set("TRACES__SHARE", "1");
    let server = home.serve([""; 0]).await;
    support::client::Client::new(&server.base).get("/health").await.ok();
    assert!(server.stop().await.success());
    let refused = Home::without_model().set("TRACES__ENDPOINT", "https://example.org").run(["serve"]).await;
    assert!(refused.failed_with_one_line().contains("traces.endpoint must be the address"), "{refused:?}");
}
