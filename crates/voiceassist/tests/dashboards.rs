//! The dashboards, before the real Prometheus: while people use a server, every panel shows something.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use slo::Levels;
use slo::dashboards::{Dashboard, Needs};
use support::client::Client;
use support::program::{Home, Running};
use support::{handbook, until, workspace};

/// The real Prometheus, with the rules that are delivered, reading one server every second.
struct Prometheus {
    url: String,
    http: reqwest::Client,
    _process: Running,
}

impl Prometheus {
    async fn start(home: &Home, target: &str) -> Self {
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [\"{}\"]\n\
             scrape_configs:\n  - job_name: voiceassist\n    static_configs: [{{targets: [\"{target}\"]}}]\n",
            workspace("deploy/prometheus/voiceassist-rules.yml").display()
        );
        let config = home.write("prometheus.yml", config);
        // Prometheus cannot say which port it was given: one that was free a moment ago.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", home.path("prometheus").display()))
            .arg(format!("--web.listen-address={address}"))
            .env("no_proxy", "*");
        let process = Running::start(&command, &home.path("prometheus-run"));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let this = Self { url: format!("http://{address}"), http, _process: process };
        until("Prometheus to read the server", async || {
            this.numbers("up{job=\"voiceassist\"}").await.ok()?.contains(&1.0).then_some(())
        })
        .await;
        this
    }

    /// The values of a query that are numbers.
    async fn numbers(&self, query: &str) -> Result<Vec<f64>, String> {
        let answer = self.get("/api/v1/query", &[("query", query)]).await?;
        let samples = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let numbers = samples.iter().filter_map(|sample| sample["value"][1].as_str()?.parse::<f64>().ok());
        Ok(numbers.filter(|number| number.is_finite()).collect())
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let sent = self.http.get(format!("{}{path}", self.url)).query(query).send().await;
        let answer: Value = sent.map_err(|error| error.to_string())?.json().await.map_err(|error| error.to_string())?;
        if answer["status"] == "success" { Ok(answer) } else { Err(answer.to_string()) }
    }
}

/// Does what people do, once.
async fn use_it(admin: &Client, round: usize) {
    for question in
        ["How long must a password be?", "how long must a password be", "What can I spend on a hotel in London?"]
    {
        let answer = admin.ask(question).await;
        let path = format!("/api/messages/{}/feedback", answer["message_id"].as_str().unwrap());
        admin.post(&path, &json!({ "rating": 1 })).await;
    }
    admin.ask(&format!("How many days of leave are there in the year {round}?")).await;
    admin.ask("What is the limit for taxis, and how long must a password be?").await;
    admin.get("/api/search?q=password").await.ok();
    admin
        .upload(&format!("note-{round}.md"), format!("# Note {round}\n\nThe lift is out of order.").as_bytes(), true)
        .await;
}

#[tokio::test]
async fn every_panel_shows_something_while_people_use_a_server() {
    let home = Home::new().set("METRICS__LISTEN", "127.0.0.1:0");
    let server = home.serve(["--samples", &handbook("")]).await;
    let admin = server.first_admin().await;
    admin.ready_documents(14).await;
    let prometheus = Prometheus::start(&home, &server.metrics_address()).await;

    let levels = Levels::built_in().unwrap();
    let panels: Vec<_> = Dashboard::all(&levels).into_iter().flat_map(|dashboard| dashboard.panels).collect();
    let queries = panels.iter().filter(|panel| panel.needs == Needs::VoiceAssist).flat_map(|panel| {
        panel.queries.iter().map(move |(query, name)| (panel.title.as_str(), name.as_str(), query.as_str()))
    });
    let mut empty: Vec<_> = queries.collect();
    let mut round = 0;
    until("every panel to show something", async || {
        use_it(&admin, round).await;
        round += 1;
        let mut still_empty = Vec::new();
        for (title, name, query) in &empty {
            let numbers = prometheus.numbers(query).await.unwrap_or_else(|error| panic!("{title}: {query}: {error}"));
            if numbers.is_empty() {
                still_empty.push((*title, *name, *query));
            }
        }
        empty = still_empty;
        assert!(round < 30, "nothing is shown by {empty:#?}");
        empty.is_empty().then_some(())
    })
    .await;

    // Those of Kubernetes are valid queries, of series that are not here.
    for panel in panels.iter().filter(|panel| panel.needs == Needs::Kubernetes) {
        for (query, _) in &panel.queries {
            assert_eq!(prometheus.numbers(query).await, Ok(Vec::new()), "{}", panel.title);
        }
    }
    let rules = prometheus.get("/api/v1/rules", &[]).await.unwrap();
    let groups = rules["data"]["groups"].as_array().unwrap();
    let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(rules.len() > levels.alerts.len());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
}
