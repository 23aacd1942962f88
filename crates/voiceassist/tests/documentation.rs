//! The commands of the documentation, run as its readers run them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::client::Client;
use support::program::{Home, Running};
use support::{handbook, workspace};

/// Stands in the line before a block of commands that works as it is.
const MARK: &str = "<!-- test -->";

#[tokio::test]
async fn the_marked_commands_work_on_the_sample_documents() {
    let home = Home::new()
        .set("METRICS__LISTEN", "127.0.0.1:0")
        .set("GATEWAY__LOGIN_ATTEMPTS_PER_MINUTE", "10000")
        .set("GATEWAY__ACCESS_TOKEN_MINUTES", "1440");
    let server = home.serve(["--samples", &handbook("")]).await;
    server.first_admin().await.ready_documents(14).await;
    let tokens = Client::new(&server.base).try_sign_in("admin@localhost", server.first_password()).await.ok();
    let program = Path::new(env!("CARGO_BIN_EXE_voiceassist")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let (metrics, process) = (format!("http://{}", server.metrics_address()), server.process.id().to_string());
    let variables = [
        ("VOICEASSIST_URL", server.base.as_str()),
        ("VOICEASSIST_METRICS", &metrics),
        ("VOICEASSIST_PROCESS", &process),
        ("VOICEASSIST_LAB_PASSWORD", server.first_password()),
        ("TOKEN", tokens["access_token"].as_str().unwrap()),
        ("REFRESH_TOKEN", tokens["refresh_token"].as_str().unwrap()),
        ("PATH", &path),
        // The server is this machine's own.
        ("no_proxy", "*"),
    ];
    for page in pages() {
        let blocks = marked(&std::fs::read_to_string(&page).unwrap());
        let page = page.strip_prefix(workspace("")).unwrap().display();
        let shown_first = ["README.md", "docs/API.md"].contains(&page.to_string().as_str());
        assert!(!blocks.is_empty() || !shown_first, "{page} has no block after a line {MARK}");
        for (number, block) in blocks.iter().enumerate() {
            let mut shell = Command::new("bash");
            shell.args(["-euo", "pipefail", "-c", block]).current_dir(workspace("")).envs(variables);
            let mut running = Running::start(&shell, &home.path(&format!("block-{number}")));
            let status = running.end().await;
            let said = running.out();
            assert!(status.success() && !said.trim().is_empty(), "{page}: {status}: {block}{said}{}", running.err());
        }
    }
}

/// What the guide names, its reader can see run: each command stands in a block that the test above runs, at least with more options.
#[test]
fn every_command_of_the_load_testing_guide_is_run() {
    let guide = std::fs::read_to_string(workspace("docs/LOAD_TESTING_GUIDE.md")).unwrap();
    let run = marked(&guide).join("\n");
    let quoted = guide.split('`').skip(1).step_by(2);
    let named: Vec<&str> = quoted.filter(|words| words.starts_with("voiceassist lab ")).collect();
    assert!(named.len() >= 10, "{named:?}");
    for command in named {
        // A workload is run by its name; options stand anywhere in a command.
        let missing: Vec<&str> = command.split(' ').filter(|word| !run.contains(word)).collect();
        assert!(
            missing.is_empty() && run.contains(&command.split(' ').take(3).collect::<Vec<_>>().join(" ")),
            "{command}: {missing:?}"
        );
    }
    let blocks = guide.matches("```sh\n").count();
    assert_eq!(blocks, marked(&guide).len(), "a block of the guide is not run");
}

/// The pages whose commands are run.
fn pages() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    pages.push(workspace("README.md"));
    pages.sort();
    pages
}

/// The blocks that are marked.
fn marked(page: &str) -> Vec<String> {
    let block = |after: &str| {
        let block = after.strip_prefix("\n```sh\n").and_then(|block| block.split_once("```\n"));
        block.unwrap_or_else(|| panic!("no block of sh after {MARK} but {after:.80}")).0.to_owned()
    };
    page.split(MARK).skip(1).map(block).collect()
}
