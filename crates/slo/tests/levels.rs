//! `slo.toml` is whole, consistent with what is measured, and its mistakes are found with their place.

use std::error::Error;

use slo::{Bound, Levels, Status, Window};
use telemetry::{Kind, names};

type Outcome = Result<(), Box<dyn Error>>;

const FILE: &str = include_str!("../../../slo.toml");

/// The message about the file after a change.
fn message(from: &str, to: &str) -> String {
    assert!(FILE.contains(from), "{from} is not in the file");
    match Levels::read("slo.toml", &FILE.replacen(from, to, 1)) {
        Ok(_) => "nothing is wrong".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn line_of(text: &str) -> usize {
    1 + FILE.lines().position(|line| line.contains(text)).unwrap_or(usize::MAX - 1)
}

#[test]
fn a_typo_is_found_with_its_line_and_key() {
    for (from, to, key) in [
        ("p999_ms = { target", "p9999_ms = { target", "p9999_ms"),
        ("critical = { below = 5000 }", "critcal = { below = 5000 }", "critcal"),
        ("left_out =", "leftout =", "leftout"),
        ("figure = \"pool_percent\"", "figure = \"pool\"", "pool"),
        ("severity = \"info\"", "severity = \"notice\"", "notice"),
        ("{ at_most = 95 }", "{ atmost = 95 }", "atmost"),
        ("for = \"10m\"", "for = \"10 minutes\"", "10 minutes"),
        ("seed = [35, 45], target", "seed = [45, 35], target", "the least, 45"),
    ] {
        let message = message(from, to);
        assert!(message.contains(key), "{message}");
        assert!(message.contains(&format!("line {}", line_of(from))), "{} is not in {message}", line_of(from));
    }
}

#[test]
fn a_contradiction_is_found_with_its_key() {
    for (from, to, said) in [
        ("name = \"CpuInfo\"", "name = \"CpuWarning\"", "alert: \"CpuWarning\" is there twice"),
        ("category = \"fast\"", "category = \"quick\"", "there is no category \"quick\""),
        ("seed = [45, 60, 70, 75]", "seed = [45, 60, 70]", "3 values for 4 numbers of users"),
        ("users = 100\np95_ms", "users = 120\np95_ms", "120 is not among them"),
        ("short = \"30m\"", "short = \"6h\"", "must be shorter than the long one"),
    ] {
        let message = message(from, to);
        assert!(message.starts_with("slo.toml: ") && message.contains(said), "{message}");
    }
}

#[test]
fn the_verdicts_on_queries_are_those_of_the_document() -> Outcome {
    let levels = Levels::built_in()?;
    let verdicts: Vec<Status> = levels
        .query_types
        .iter()
        .map(|query| Status::of_queries(Some(query.seed_ms.p95), Some(query.seed_ms.p99), query.p95_ms))
        .collect();
    let (pass, marginal) = (Status::Pass, Status::Marginal);
    assert_eq!(verdicts, [pass, pass, marginal, pass, pass, pass, marginal, marginal]);
    Ok(())
}

#[test]
fn the_verdicts_on_production_are_not_those_of_the_document() -> Outcome {
    // It says PASS to all six. Source: FACTS, finding 11.
    let production = Levels::built_in()?.production;
    let verdict = |row: slo::Row| row.target.map(|target| Status::of(row.seed, target));
    assert_eq!(verdict(production.p50_ms), Some(Status::Fail));
    assert_eq!(verdict(production.p95_ms), Some(Status::Fail));
    assert_eq!(verdict(production.p99_ms), Some(Status::Pass));
    assert_eq!(verdict(production.throughput_rps), Some(Status::Fail));
    assert_eq!(verdict(production.availability_percent), Some(Status::Pass));
    assert_eq!(verdict(production.error_percent), Some(Status::Pass));
    Ok(())
}

#[test]
fn the_full_pool_is_marginal() -> Outcome {
    let levels = Levels::built_in()?;
    let connections = levels.load_level(500).ok_or("no level of 500 users")?.database_connections;
    assert_eq!(connections.target.map(|target| Status::of(connections.seed, target)), Some(Status::Marginal));
    Ok(())
}

#[test]
fn every_target_of_latency_has_a_bucket() -> Outcome {
    let levels = Levels::built_in()?;
    let Kind::Histogram(buckets) = names::HTTP_DURATION.kind else { return Err("no histogram".into()) };
    let production = &levels.production;
    let rows = [&levels.response_time.p50_ms, &levels.response_time.p95_ms, &levels.response_time.p99_ms]
        .into_iter()
        .chain([&production.p50_ms, &production.p95_ms, &production.p99_ms]);
    let of_rows = rows.flat_map(|row| [row.target, row.critical]).flatten();
    let of_alerts = levels.alerts.iter().filter(|alert| alert.figure == slo::Figure::P95Ms).map(|alert| alert.bound);
    for limit in of_rows.chain(of_alerts).map(Bound::limit) {
        assert!(buckets.contains(&(limit / 1_000.0)), "no bucket ends at {limit} ms");
    }
    Ok(())
}

#[test]
fn the_budgets_alerts_lie_within_the_budgets() -> Outcome {
    let budget = Levels::built_in()?.budget;
    for (row, is_upper) in [
        (budget.p95_ms, true),
        (budget.throughput_rps, false),
        (budget.error_percent, true),
        (budget.l1_hit_percent, false),
    ] {
        let allowed = row.baseline * (1.0 + row.change_percent / 100.0);
        assert_eq!(row.alert.is_upper(), is_upper);
        // The document rounds to what can be read at a glance.
        assert!((row.alert.limit() - allowed).abs() <= 0.01 * row.baseline, "{row:?} allows {allowed}");
    }
    Ok(())
}

#[test]
fn windows_are_read_as_prometheus_writes_them() -> Outcome {
    let budget = Levels::built_in()?.error_budget;
    assert_eq!(budget.window, Window::from_seconds(30 * 86_400));
    let windows: Vec<String> = budget.windows().iter().map(Window::to_string).collect();
    assert_eq!(windows, ["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
    Ok(())
}
