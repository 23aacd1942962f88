//! The linter finds what contradicts itself in the seed's figures, nothing in a consistent document, and each single
//! contradiction that is put into one.

#[path = "consistency/model.rs"]
mod model;

use std::collections::BTreeSet;

use lab::consistency::{Finding, checks, lint};
use proptest::prelude::*;

const SEED: &str = include_str!("data/seed_tables.md");

/// Number of the finding in FACTS.md, check, heading, row.
const KNOWN: &[(u8, &str, &str, &str)] = &[
    (1, "littles-law", "50 Virtual Users", "Throughput"),
    (1, "littles-law", "100 Virtual Users", "Throughput"),
    (1, "littles-law", "200 Virtual Users", "Throughput"),
    (1, "littles-law", "500 Virtual Users", "Throughput"),
    (2, "mixture-percentile", "50 Virtual Users", "P95 Response Time"),
    (2, "mixture-percentile", "50 Virtual Users", "P99 Response Time"),
    (3, "pool-hold-time", "50 Virtual Users", "DB Connections"),
    (3, "pool-hold-time", "100 Virtual Users", "DB Connections"),
    (4, "hpa-custom-metric", "HPA Metrics", "Custom Metric"),
    (5, "hpa-tolerance", "0-100 Users (Ramp-up Phase)", "70"),
    (5, "hpa-tolerance", "200-500 Users (Peak Phase)", "400"),
    (6, "timeline-against-tables", "100-200 Users (Growth Phase)", "120"),
    (6, "timeline-against-tables", "200-500 Users (Peak Phase)", "250"),
    (7, "idle-pods", "No Load Conditions", "Pod Count"),
    (7, "requests-exceed-nodes", "After Tuning", "CPU"),
    (8, "usage-against-request", "Before Optimization", "CPU"),
    (9, "vpa-margin", "Before Optimization", "Memory"),
    (10, "resource-hours", "Cost Implications", "CPU Hours/Day, Before"),
    (11, "status-against-target", "Production SLOs (100-200 Users)", "P50 Response Time"),
    (11, "status-against-target", "Production SLOs (100-200 Users)", "P95 Response Time"),
    (11, "status-against-target", "Production SLOs (100-200 Users)", "Throughput"),
    (12, "two-slo-sets", "Production SLOs (100-200 Users)", "P50 Response Time"),
    (12, "target-never-measured", "SLO Definitions", "P99.9"),
    (13, "availability", "Production SLOs (100-200 Users)", "Availability"),
    (14, "alert-cache-scope", "Alerting Rules", "Cache hit rate <70% for 15 minutes"),
    (14, "alert-pool-limit", "Alerting Rules", "Database connection pool >95% for 10 minutes"),
    (15, "looser-error-target", "200 Virtual Users", "Error Rate"),
    (15, "looser-error-target", "500 Virtual Users", "Error Rate"),
    (16, "peak-against-target", "100 Virtual Users", "CPU Utilization"),
    (16, "peak-against-target", "200 Virtual Users", "CPU Utilization"),
    (16, "peak-against-target", "200 Virtual Users", "Memory Utilization"),
    (16, "peak-against-target", "500 Virtual Users", "CPU Utilization"),
    (16, "peak-against-target", "500 Virtual Users", "Memory Utilization"),
    (17, "missed-target-unmarked", "By Service", "API Gateway"),
    (17, "missed-target-unmarked", "By Service", "Auth Service"),
    (17, "missed-target-unmarked", "By Service", "Chat Service"),
    (18, "marginal-rule-unstated", "Query Performance", "JOIN (3+ tables)"),
    (19, "pool-utilisation", "Connection Pool", "Utilization, 100 Users"),
    (19, "pool-utilisation", "Connection Pool", "Utilization, 200 Users"),
    (19, "pool-utilisation", "Connection Pool", "Utilization, 500 Users"),
    (20, "per-request-change", "Performance Comparison (100 Users)", "DB Queries"),
    (21, "cache-denominators", "L1 Cache (In-Memory)", "Hit Rate, 50 Users"),
    (21, "cache-denominators", "L2 Cache (Redis)", "Hit Rate, 50 Users"),
    (21, "cache-denominators", "RAG Cache (Vector/Semantic)", "Hit Rate, 50 Users"),
    (21, "percent-of-percent", "Performance Comparison (100 Users)", "Cache Hit Rate (L1)"),
    (22, "ingress", "By Service", "Document Service"),
];

/// Findings that follow from the same figures, but that FACTS.md does not name.
const FURTHER: &[(&str, &str, &str)] = &[
    ("littles-law", "Performance Comparison (100 Users)", "Throughput, Before"),
    ("littles-law", "Performance Comparison (100 Users)", "Throughput, After"),
    ("mixture-percentile", "100 Virtual Users", "P95 Response Time"),
    ("mixture-percentile", "100 Virtual Users", "P99 Response Time"),
    ("timeline-against-tables", "0-100 Users (Ramp-up Phase)", "70"),
    ("hpa-tolerance", "0-100 Users (Ramp-up Phase)", "85"),
    ("hpa-tolerance", "100-200 Users (Growth Phase)", "120"),
    ("hpa-tolerance", "100-200 Users (Growth Phase)", "140"),
    ("hpa-tolerance", "100-200 Users (Growth Phase)", "170"),
    ("hpa-tolerance", "200-500 Users (Peak Phase)", "250"),
    ("hpa-tolerance", "200-500 Users (Peak Phase)", "320"),
    ("usage-against-request", "Before Optimization", "Memory"),
    ("resource-hours", "Cost Implications", "Memory GB-Hours/Day, Before"),
    ("percent-of-percent", "Performance Comparison (100 Users)", "CPU Utilization"),
    ("percent-of-percent", "Performance Comparison (100 Users)", "Memory Utilization"),
];

fn key(finding: &Finding) -> (&str, &str, &str) {
    let row = finding.place.row.as_deref().unwrap_or_default();
    (finding.check, finding.place.heading.as_str(), row)
}

#[test]
fn every_known_contradiction_of_the_seed_is_found_and_nothing_unknown() {
    let findings = lint(SEED);
    let found: BTreeSet<_> = findings.iter().map(key).collect();
    let known: BTreeSet<_> =
        KNOWN.iter().map(|(_, check, heading, row)| (*check, *heading, *row)).chain(FURTHER.iter().copied()).collect();
    assert_eq!(found.difference(&known).collect::<Vec<_>>(), [] as [&(&str, &str, &str); 0], "unknown");
    assert_eq!(known.difference(&found).collect::<Vec<_>>(), [] as [&(&str, &str, &str); 0], "missing");
    let numbers: BTreeSet<u8> = KNOWN.iter().map(|(number, ..)| *number).collect();
    assert!(numbers.into_iter().eq(1..=22));
}

#[test]
fn a_place_is_where_the_row_stands() {
    let lines: Vec<&str> = SEED.lines().collect();
    for finding in lint(SEED) {
        let line = lines[finding.place.line - 1].replace('*', "");
        let row = finding.place.row.clone().unwrap_or_default();
        assert!(line.contains(row.split(", ").next().unwrap()), "{finding} is not at: {line}");
        assert_eq!(finding.to_string().lines().count(), 1);
    }
}

#[test]
fn the_figures_are_those_of_the_facts() {
    let findings = lint(SEED);
    let said = |check: &str, row: &str| -> String {
        let of = findings.iter().find(|finding| (finding.check, finding.place.row.as_deref()) == (check, Some(row)));
        of.unwrap().to_string()
    };
    for (check, row, figures) in [
        ("littles-law", "Throughput", "5.99 requests in each pause"),
        ("mixture-percentile", "P95 Response Time", "about 945"),
        ("pool-hold-time", "DB Connections", "389 ms"),
        ("hpa-custom-metric", "Custom Metric", "1/2/4/8 pods where 2-3/4-5/7-8/10 run"),
        ("hpa-tolerance", "70", "77 %"),
        ("requests-exceed-nodes", "CPU", "18000m"),
        ("usage-against-request", "CPU", "1.71 to 2 times"),
        ("vpa-margin", "Memory", "862Mi"),
        ("resource-hours", "CPU Hours/Day, Before", "66 before and 108 after"),
        ("availability", "Availability", "99.9 % at 50 users, 99.7 % at 100 users, 99.2 % at 200 users, 97.5 %"),
        ("per-request-change", "DB Queries", "2.31 and 1.00, a change of -57 %"),
        ("cache-denominators", "Hit Rate, 50 Users", "98 % are served"),
        ("percent-of-percent", "Cache Hit Rate (L1)", "18 points"),
    ] {
        let said = said(check, row);
        assert!(said.contains(figures), "{figures} is not in: {said}");
    }
}

#[test]
fn a_consistent_document_has_no_finding() {
    let findings: Vec<String> = lint(&model::document()).iter().map(Finding::to_string).collect();
    assert_eq!(findings, [] as [&str; 0]);
}

#[test]
fn what_was_not_measured_contradicts_nothing() {
    let document = model::document();
    for absent in ["not measured", "-", "–", ""] {
        let emptied: Vec<String> = document.lines().map(|line| emptied(line, absent)).collect();
        let findings: Vec<String> = lint(&emptied.join("\n")).iter().map(Finding::to_string).collect();
        assert_eq!(findings, [] as [&str; 0], "{absent:?}");
    }
    for heading in document.lines().filter(|line| line.starts_with('#')) {
        let (before, after) = document.split_once(heading).unwrap();
        let rest = after.find("\n#").map_or("", |next| &after[next..]);
        let findings = lint(&format!("{before}{rest}"));
        assert_eq!(findings.iter().map(Finding::to_string).collect::<Vec<_>>(), [] as [&str; 0], "without {heading}");
    }
}

/// A row without figures and verdicts.
fn emptied(line: &str, absent: &str) -> String {
    match line.strip_prefix("| **").and_then(|row| row.split_once(" | ")) {
        Some((label, cells)) => {
            format!("| **{label} | {} |", cells.split(" | ").map(|_| absent).collect::<Vec<_>>().join(" | "))
        }
        None => line.to_owned(),
    }
}

/// What is changed in a consistent document.
enum Change {
    /// Heading, row, column, and what stands there instead.
    Cell(&'static str, &'static str, &'static str, &'static str),
    /// The beginning of a line below a heading, and the line instead.
    Line(&'static str, &'static str, &'static str),
}

use Change::{Cell, Line};

const CHANGES: &[(&str, Change)] = &[
    ("littles-law", Line("Test Methodology", "- **Think Time**", "- **Think Time**: 20-30 seconds")),
    ("littles-law", Line("Test Methodology", "- **Think Time**", "- **Think Time**: 1-2 seconds")),
    ("percentile-order", Cell("Single User Performance", "/health", "P99 (ms)", "0.4")),
    ("percentile-order", Cell("CPU Utilization", "50 users", "Peak CPU", "1%")),
    (
        "mixture-percentile",
        Line(
            "Single User Performance",
            "| **/api/chat (complex)**",
            "| **/api/chat (complex)** | 800 | 1200 | 1500 | - |",
        ),
    ),
    ("status-against-target", Cell("50 Virtual Users", "Error Rate", "Status", "FAIL")),
    ("status-against-target", Cell("50 Virtual Users", "Longest Response Time", "Status", "PASS")),
    ("status-against-target", Cell("Production SLOs (100-200 Users)", "P50 Response Time", "Current", "20-300ms")),
    ("peak-against-target", Cell("CPU Utilization", "500 users", "Peak CPU", "99%")),
    ("missed-target-unmarked", Cell("By Service", "Auth Service", "Status", "-")),
    ("missed-target-unmarked", Cell("Query Performance", "DELETE", "Status", "-")),
    ("query-status", Cell("Query Performance", "UPDATE", "Status", "MARGINAL")),
    ("query-status", Cell("Query Performance", "DELETE", "Status", "PASS")),
    ("marginal-rule-unstated", Line("Query Performance", "MARGINAL:", "")),
    ("two-slo-sets", Line("Production SLOs (100-200 Users)", "**Verdicts**", "")),
    ("target-never-measured", Line("SLO Definitions", "| **P99**", "| **P99** | <1000ms |\n| **P99.9** | <2000ms |")),
    ("looser-error-target", Cell("500 Virtual Users", "Error Rate", "Target", "<5%")),
    ("availability", Cell("Production SLOs (100-200 Users)", "Availability", "Current", "99.99%")),
    ("tables-disagree", Cell("Overall System", "Some (200 users)", "Measured (req/s)", "99")),
    ("ingress", Line("Test Methodology", "- **Mean Upload Size**", "- **Mean Upload Size**: 5 MB")),
    ("ingress", Cell("By Service", "Document Service", "Peak (req/s)", "200")),
    ("hits-and-misses", Cell("L2 Cache (Redis)", "Miss Rate", "100 Users", "10%")),
    ("cache-denominators", Line("L2 Cache (Redis)", "| **Lookups**", "")),
    ("pool-hold-time", Cell("200 Virtual Users", "Mean Response Time", "Measured", "5ms")),
    ("pool-utilisation", Cell("Connection Pool", "Utilization", "200 Users", "88%")),
    ("pool-size", Cell("Connection Pool", "Idle Connections", "200 Users", "30")),
    ("hpa-custom-metric", Cell("HPA Metrics", "Custom Metric", "Observed Behavior", "Works well for API Gateway")),
    ("hpa-pods", Cell("HPA Metrics", "Target CPU", "Configuration", "50%")),
    ("hpa-tolerance", Cell("0-500 Users (Ramp-up Phase)", "230", "Reason", "CPU >70%")),
    ("timeline-against-tables", Cell("0-500 Users (Ramp-up Phase)", "230", "Pod Count", "3")),
    ("idle-pods", Cell("No Load Conditions", "Pod Count", "Measured", "2")),
    ("requests-exceed-nodes", Line("Infrastructure", "  - 3 worker nodes", "  - 1 worker node")),
    ("usage-against-request", Line("Before Optimization", "| **CPU**", "| **CPU** | 1000m | 1380m | 1200-1200m avg |")),
    ("vpa-margin", Cell("After Tuning", "Memory", "Recommended", "300Mi")),
    ("resource-hours", Line("Cost Implications", "| **CPU Hours/Day**", "| **CPU Hours/Day** | 264 | 216 | 18% |")),
    ("change-arithmetic", Cell("Performance Comparison (100 Users)", "P95 Response Time", "Improvement", "50% faster")),
    ("change-arithmetic", Cell("Performance Budget", "P95 Response Time", "Alert Threshold", ">900ms")),
    (
        "percent-of-percent",
        Cell("Performance Comparison (100 Users)", "Cache Hit Rate (L1)", "Improvement", "28% increase"),
    ),
    (
        "per-request-change",
        Cell("Performance Comparison (100 Users)", "DB Queries", "Improvement", "48% reduction per request"),
    ),
    ("alert-cache-scope", Line("Alerting Rules", "- L1 cache", "- Cache hit rate <70% for 15 minutes")),
    (
        "alert-pool-limit",
        Line("Alerting Rules", "- Database connection pool", "- Database connection pool >1% for 10 minutes"),
    ),
];

impl Change {
    fn made_in(&self, document: &str) -> String {
        let (Cell(heading, ..) | Line(heading, ..)) = self;
        let mut is_below = false;
        let mut headers: Vec<&str> = Vec::new();
        let mut changed = 0;
        let mut lines = Vec::new();
        for line in document.lines() {
            if line.starts_with('#') {
                is_below = line.trim_start_matches(['#', ' ']) == *heading;
                headers.clear();
            }
            let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
            match self {
                Line(_, begins, instead) if is_below && line.starts_with(begins) => {
                    changed += 1;
                    // A table must not be cut in two.
                    lines.extend(Some((*instead).to_owned()).filter(|instead| !instead.is_empty()));
                    continue;
                }
                Cell(_, row, column, instead) if is_below && cells[0].trim_matches('*').replace("**", "") == *row => {
                    let cells = cells
                        .iter()
                        .enumerate()
                        .map(|(index, cell)| if headers[index] == *column { *instead } else { *cell });
                    changed += 1;
                    lines.push(format!("| {} |", cells.collect::<Vec<_>>().join(" | ")));
                    continue;
                }
                _ if is_below && headers.is_empty() && line.starts_with('|') => headers = cells,
                _ => {}
            }
            lines.push(line.to_owned());
        }
        assert_eq!(changed, 1, "changes below {heading}");
        lines.join("\n")
    }
}

#[test]
fn each_single_contradiction_is_found_by_its_check_alone() {
    let document = model::document();
    for (check, change) in CHANGES {
        let findings = lint(&change.made_in(&document));
        let found: BTreeSet<&str> = findings.iter().map(|finding| finding.check).collect();
        assert_eq!(
            found,
            BTreeSet::from([*check]),
            "{:#?}",
            findings.iter().map(Finding::to_string).collect::<Vec<_>>()
        );
    }
}

#[test]
fn each_check_is_tested_by_a_change() {
    let tested: BTreeSet<&str> = CHANGES.iter().map(|(check, _)| *check).collect();
    assert_eq!(tested, checks().map(|(name, _)| name).collect());
}

/// Pieces of documents.
fn piece() -> impl Strategy<Value = String> {
    let lines: Vec<String> = SEED.lines().map(str::to_owned).collect();
    prop_oneof![
        4 => prop::sample::select(lines),
        1 => "[|#*` :.<>%$0-9a-z–µ-]{0,40}",
        1 => Just("| 50 Users | P50 | **Target P95** | Status | Seed |".to_owned()),
        1 => Just("|---|---|---|---|---|".to_owned()),
        1 => r"\| \*\*(P95|Throughput|CPU|Hit Rate)\*\* \| [<>~$−]?[0-9,.]{0,12}(ms|%|m|Gi|x|\+)? \| \PC{0,9} \|",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_can_be_read(text in r"(\PC|\n){0,400}") {
        let _ = lint(&text);
    }

    #[test]
    fn any_document_has_its_findings_in_order(pieces in prop::collection::vec(piece(), 0..120)) {
        let text = pieces.join("\n");
        let findings = lint(&text);
        prop_assert!(findings.is_sorted_by_key(|finding| finding.place.line));
        prop_assert!(findings.iter().all(|finding| (1..=pieces.len()).contains(&finding.place.line)));
        prop_assert!(findings.iter().all(|finding| !finding.to_string().contains('\n')));
    }

    #[test]
    fn the_seed_with_lines_left_out_can_be_read(left_out in prop::collection::vec(any::<prop::sample::Index>(), 0..60)) {
        let mut lines: Vec<&str> = SEED.lines().collect();
        for index in left_out {
            lines.remove(index.index(lines.len()));
        }
        let _ = lint(&lines.join("\n"));
    }
}
