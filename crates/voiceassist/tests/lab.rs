//! The performance lab against a real server: what it measures, what it refuses to conclude, and what a killed run keeps.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::run_file::{Model, Run};
use support::browser::Browser;
use support::program::{Home, Running, Server};
use support::{handbook, until, workspace};

/// A server, and a place for run files.
struct Bench {
    home: Home,
    server: Server,
}

impl Bench {
    async fn start() -> Self {
        let home = Home::without_model()
            .set("METRICS__LISTEN", "127.0.0.1:0")
            .set("GATEWAY__LOGIN_ATTEMPTS_PER_MINUTE", "10000")
            .set("GATEWAY__ACCESS_TOKEN_MINUTES", "1440");
        let server = home.serve(["--samples", &handbook("")]).await;
        server.first_admin().await.ready_documents(14).await;
        Self { home, server }
    }

    /// `lab load` with these arguments, on the server.
    fn load(&self, out: &Path, arguments: &[&str]) -> Running {
        let (process, metrics) =
            (self.server.process.id().to_string(), format!("http://{}", self.server.metrics_address()));
        let questions = workspace("examples/questions/handbook.tsv").display().to_string();
        let out = out.display().to_string();
        let to = ["lab", "load", "--url", &self.server.base, "--metrics", &metrics, "--process", &process];
        let more = ["--password", self.server.first_password(), "--questions", &questions, "--out", &out];
        self.home.start(to.iter().chain(&more).chain(arguments))
    }

    fn file(&self) -> PathBuf {
        self.home.path("run.json")
    }
}

#[tokio::test]
async fn a_load_is_measured_judged_and_compared() {
    let bench = Bench::start().await;
    let file = bench.file();
    let arguments = ["--users", "6", "--rates", "20", "--minutes", "0.15", "--ramp-per-minute", "360"];
    let mut load = bench.load(&file, &arguments);
    assert!(load.end().await.success(), "{}", load.err());
    let said = load.out();
    assert!(said.contains("## 6 users") && said.contains("## 20 requests a second"), "{said}");

    let run = Run::read(&file).unwrap();
    assert!(run.ended.is_some() && run.environment.configuration["password_hash"].is_string(), "{:?}", run.environment);
    let [closed, open] = run.levels.as_slice() else { panic!("{} loads", run.levels.len()) };
    assert_eq!((closed.model, open.model), (Model::Closed { users: 6 }, Model::Open { requests_per_second: 20.0 }));
    // Ninety requests are expected in nine seconds of the half that are due then; five standard deviations are far less.
    let rate = open.requests_per_second();
    assert!((12.0..28.0).contains(&rate), "{rate} requests a second");
    for level in [closed, open] {
        // A machine that is busy with other tests may make a generator late; nothing else may be wrong.
        assert!(level.invalid.iter().all(|why| why.contains("late")), "{}: {:?}", level.name, level.invalid);
        assert_eq!(level.failures, [], "{}", level.name);
        let (due, sent) = (level.due(|_| true), level.sent(|_| true));
        assert!(due.count() > 0 && due.count() == sent.count() && due.mean_ms() >= sent.mean_ms(), "{}", level.name);
        assert!(level.seconds.len() >= 9 && level.scrapes.count() > 0, "{}: {}", level.name, level.seconds.len());
        let server = level.server.as_ref().unwrap();
        assert!(server.tiers["l1"].lookups > 0.0 && server.queries["insert"].count > 0.0, "{server:?}");
        assert!(level.spread(|moment| Some(moment.server?.memory_bytes)).unwrap()[1] > 1e7);
        assert!(level.spread(|moment| Some(moment.generator?.cpu_seconds)).is_some());
        let carried = |way: usize| level.spread(|moment| Some(moment.traffic?[way])).unwrap()[1];
        assert!(carried(0) > 100.0 && carried(1) > 100.0, "{} and {} bytes a second", carried(0), carried(1));
    }

    let file = file.display().to_string();
    let document = bench.home.path("benchmarks.md").display().to_string();
    bench.home.succeed(["lab", "report", &file, "--out", &document, "--before", &file]).await;
    let text = std::fs::read_to_string(&document).unwrap();
    for heading in [
        "### 6 Virtual Users",
        "### 20 requests a second",
        "### L1 Cache (In-Memory)",
        "| P95 response time",
        "HTTP In (MB/s)",
    ] {
        assert!(text.contains(heading), "{heading} is not in {text}");
    }
    let found = bench.home.run(["lab", "lint", "--json", &document]).await;
    let findings: serde_json::Value = serde_json::from_str(&found.out).unwrap();
    let findings = findings["findings"].as_array().unwrap();
    // Six people make nine requests in nine seconds, give or take three: the law holds in the mean.
    let others: Vec<_> = findings.iter().filter(|finding| finding["check"] != "littles-law").collect();
    assert!(others.is_empty(), "our own document contradicts itself: {others:?}");
    // The run lies beside the page.
    assert_page_is_drawn(&bench.home.path("benchmarks.html"), "run.json").await;
    let judged = bench.home.run(["lab", "gate", &file]).await;
    let expected: &[i32] = if run.invalid().is_empty() { &[0, 1] } else { &[2] };
    assert!(judged.status.code().is_some_and(|code| expected.contains(&code)), "{judged:?}");
    let compared = bench.home.succeed(["lab", "compare", &file, &file]).await;
    assert!(compared.out.contains("## 6 users") && compared.out.contains("No verdict"), "{compared:?}");
    bench.server.stop().await;
}

/// Every chart of the page has lines or bars that are seen, and says where its figures stand.
async fn assert_page_is_drawn(page: &Path, file: &str) {
    let browser = Browser::start().await;
    browser.go(&format!("file://{}", page.display())).await;
    let drawn = browser
        .run(
            "document.querySelectorAll('details').forEach(one => one.open = true);
            return [...document.querySelectorAll('figure')].map(figure => {
                const shapes = [...figure.querySelectorAll('path.line, rect.bar')];
                const seen = shapes.filter(shape => { const box = shape.getBoundingClientRect(); return box.width > 0 && box.right <= innerWidth; });
                return [figure.querySelector('h3').textContent, shapes.length, seen.length, figure.querySelector('a').getAttribute('href')];
            });",
        )
        .await;
    let drawn = drawn.as_array().unwrap();
    // Four of each load and the phases of its questions, and those of all loads together.
    assert!(drawn.len() >= 2 * 5 + 3, "{drawn:?}");
    for figure in drawn {
        assert!(figure[1].as_u64() > Some(0) && figure[1] == figure[2] && figure[3] == file, "{figure}");
    }
    assert_eq!(browser.count("script, link, img").await, 0, "the page needs something else");
    assert_eq!(browser.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn whoever_stops_a_run_has_what_was_measured_and_can_conclude_nothing() {
    let bench = Bench::start().await;
    for (signal, ends_well) in [("INT", true), ("KILL", false)] {
        let file = bench.home.path(&format!("{signal}.json"));
        let mut load = bench.load(&file, &["--users", "30", "--minutes", "10", "--ramp-per-minute", "1800"]);
        until("the run file", async || file.exists().then_some(())).await;
        load.signal(signal);
        assert_eq!(load.end().await.success(), ends_well, "{}", load.err());
        let run = Run::read(&file).unwrap();
        assert_eq!(run.ended.is_some(), ends_well);
        assert!(run.levels[0].due(|_| true).count() > 0 && !run.levels[0].complete);
        let judged = bench.home.run(["lab", "gate", &file.display().to_string()]).await;
        assert_eq!(judged.status.code(), Some(2), "{judged:?}");
        assert!(judged.err.contains("cut off"), "{judged:?}");
    }
    bench.server.stop().await;
}

/// Coordinated omission: whoever counts only from when a request was sent does not see that others could not be.
#[tokio::test]
async fn a_server_that_freezes_is_seen_by_those_who_wanted_to_ask_meanwhile() {
    const FROZEN: Duration = Duration::from_secs(6);
    let bench = Bench::start().await;
    let file = bench.file();
    let mut load = bench.load(&file, &["--rates", "50", "--minutes", "0.5"]);
    until("the load", async || load.err().contains("seconds").then_some(())).await;
    bench.server.process.signal("STOP");
    let thawed = std::time::Instant::now() + FROZEN;
    until("six seconds", async || (std::time::Instant::now() >= thawed).then_some(())).await;
    bench.server.process.signal("CONT");
    assert!(load.end().await.success(), "{}", load.err());
    let run = Run::read(&file).unwrap();
    let due = run.levels[0].due(|_| true);
    // A fifth of all requests were due in the six seconds, evenly: the P99 waited for nearly all of them.
    let p99 = due.quantile_ms(0.99).unwrap();
    assert!(p99 >= 5_000.0, "P99 {p99} ms, P50 {:?} ms", due.quantile_ms(0.5));
    bench.server.stop().await;
}

#[tokio::test]
async fn the_benchmark_document_of_the_seed_contradicts_itself() {
    let home = Home::without_model();
    let seed = workspace("crates/lab/tests/data/seed_tables.md").display().to_string();
    let found = home.run(["lab", "lint", "--json", &seed]).await;
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let findings: serde_json::Value = serde_json::from_str(&found.out).unwrap();
    assert!(findings["findings"].as_array().unwrap().iter().any(|finding| finding["check"] == "littles-law"));
    let clean = home.write("clean.md", "# Nothing is claimed here\n").display().to_string();
    assert!(home.run(["lab", "lint", &clean]).await.status.success());
    let away = home.run(["lab", "lint", "/nosuch.md"]).await;
    assert!(away.failed_with_one_line().contains("cannot read /nosuch.md"), "{away:?}");
}

#[tokio::test]
async fn two_alike_programs_show_no_difference() {
    let home = Home::without_model();
    let program = env!("CARGO_BIN_EXE_voiceassist");
    let documents = handbook("");
    let arguments = ["lab", "ab", "--before", program, "--after", program, "--documents", &documents];
    let json = home.path("ab.json").display().to_string();
    let turns = ["--rounds", "4", "--seconds", "0.2", "--doing", "health", "--json", &json];
    let done = home.succeed(arguments.iter().chain(&turns)).await;
    assert!(done.out.contains("Throughput") && done.out.contains("No verdict"), "{done:?}");
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(told["rounds"].as_array().unwrap().len(), 4);
    assert!(told["rounds"][0]["before"]["answered"].as_u64().unwrap() > 10, "{told}");
}
