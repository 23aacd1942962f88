//! Other people's load generators measure of the same workload what ours measures.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::process::Command;

use support::program::{Home, Running};
use support::workspace;

/// Late answers are what all three wait for, so that a busy machine changes little.
#[tokio::test]
async fn k6_and_locust_measure_what_we_measure() {
    let home = Home::new();
    let mut compare = Command::new(workspace("scripts/compare_generators.py"));
    compare.args([
        "--program",
        env!("CARGO_BIN_EXE_voiceassist"),
        "--users",
        "50",
        "--seconds",
        "20",
        "--delay-ms",
        "250",
    ]);
    let mut compare = Running::start(&compare, &home.path("compare"));
    let status = compare.end().await;
    assert!(status.success(), "{}{}", compare.out(), compare.err());
    for generator in ["| lab |", "| k6 |", "| Locust |"] {
        assert!(compare.out().contains(generator), "{}", compare.out());
    }
}
