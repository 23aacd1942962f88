//! What the linter makes of text in general. The seed's document and a consistent one are in `tests/consistency.rs`.

use super::*;

#[test]
fn what_is_not_there_contradicts_nothing() {
    let empty = "# Load\n\n### 50 Virtual Users\n\n| Metric | Value | Target | Status |\n|---|---|---|---|\n\
        | Throughput | not measured | 40+ req/s | MISSING |\n| P50 Response Time | - | <200ms | - |\n";
    assert_eq!(lint(""), []);
    assert_eq!(lint(empty), []);
}

/// The names of the checks that find something in a load test of 50 users with these rows, and what follows it.
fn found(rows: &str, after: &str) -> Vec<&'static str> {
    let text = format!(
        "### Test Methodology\n\n- **Think Time**: 3-10 seconds\n\n### 50 Virtual Users\n\n\
         | Metric | Seed | Target | Measured | Status |\n|---|---|---|---|---|\n{rows}\n{after}"
    );
    lint(&text).iter().map(|finding| finding.check).collect()
}

#[test]
fn percentiles_have_shorter_names() {
    let with = |throughput: &str| {
        let rows = ["P50 Response | 120 ms | <200 ms | 12 ms | PASS", "P95 | 380 ms | <500 ms | 40 ms | PASS"];
        found(&format!("| Throughput | 45 req/s | - | {throughput} req/s | - |\n| {} |\n| {} |", rows[0], rows[1]), "")
    };
    assert_eq!(with("7.6"), [""; 0]);
    assert_eq!(with("5"), ["littles-law"]);
    assert_eq!(with("9"), ["littles-law"]);
}

#[test]
fn a_missing_verdict_can_be_explained() {
    let table = "### By Service\n\n| Service | Target | Peak | Status |\n|---|---|---|---|\n\
        | Auth | ≥ 50 req/s | 1.2 req/s | - |\n";
    assert_eq!(found("", table), ["missed-target-unmarked"]);
    assert_eq!(found("", &format!("{table}\nNo verdict means that no more was asked.\n")), [""; 0]);
}

#[test]
fn a_mean_has_no_peak() {
    let peaks = "#### CPU Utilization\n\n| Load | Avg CPU | Peak CPU |\n|---|---|---|\n| 50 users | 40% | 97% |\n";
    assert_eq!(found("| CPU Utilization | - | <60% | 40% | PASS |", peaks), ["peak-against-target"]);
    assert_eq!(found("| CPU Utilization | - | <60% | 40% | FAIL |", peaks), [""; 0]);
    assert_eq!(found("| CPU Utilization (mean) | - | <60% | 40% | PASS |", peaks), [""; 0]);
}

#[test]
fn the_most_connections_are_not_held_all_the_time() {
    let rows = "| Throughput | - | - | 7.6 req/s | - |\n| P50 | - | - | 12 ms | - |\n| P95 | - | - | 40 ms | - |\n\
        | DB Connections | - | - | 3 | - |";
    let pool = "### Connection Pool\n\n| Metric | 50 Users |\n|---|---|\n| Active Connections | 0-3 |\n";
    assert_eq!(found(rows, ""), ["pool-hold-time"]);
    assert_eq!(found(rows, pool), [""; 0]);
}

#[test]
fn names_are_unique_and_explained() {
    let mut names: Vec<&str> = checks().map(|(name, _)| name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(checks().all(|(_, holds)| holds.ends_with('.')));
}

#[test]
fn a_finding_is_one_line() {
    let place = Place { heading: "By Load Level".to_owned(), line: 123, row: Some("50 users".to_owned()) };
    let finding = Finding { check: "littles-law", title: "too many".to_owned(), place, detail: "fewer".to_owned() };
    assert_eq!(finding.to_string(), "line 123, \"By Load Level\", 50 users: littles-law: too many; fewer");
}
