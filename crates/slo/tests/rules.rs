//! The alert rules, played by the real `promtool`: each fires when it must, once it must, and is silent otherwise.

use std::error::Error;
use std::fmt::Write as _;
use std::process::Command;

use slo::Levels;

type Outcome = Result<(), Box<dyn Error>>;

/// What is scraped.
#[derive(Clone, Default)]
struct World(Vec<(String, Values)>);

#[derive(Clone)]
enum Values {
    /// Grows by so much a minute.
    Growing(f64),
    /// Stays.
    Constant(f64),
    /// As promtool writes them, a value a minute.
    Written(String),
}

impl Values {
    /// A value every `step` minutes, until then.
    fn until(&self, minutes: u32, step: u32) -> String {
        let count = minutes / step + 1;
        match self {
            Self::Growing(per_minute) => format!("0+{}x{count}", per_minute * f64::from(step)),
            Self::Constant(value) => format!("{value}+0x{count}"),
            Self::Written(values) => values.clone(),
        }
    }
}

impl World {
    fn with(mut self, series: impl Into<String>, values: impl Into<String>) -> Self {
        self.0.push((series.into(), Values::Written(values.into())));
        self
    }

    fn counter(mut self, series: &str, per_minute: f64) -> Self {
        self.0.push((series.to_owned(), Values::Growing(per_minute)));
        self
    }

    fn gauge(mut self, series: &str, value: f64) -> Self {
        self.0.push((series.to_owned(), Values::Constant(value)));
        self
    }

    /// So many requests a minute, some of which fail.
    fn requests(self, per_minute: f64, failing: f64) -> Self {
        let of = |status: &str| {
            format!("http_requests_total{{{HERE},method=\"POST\",route=\"/api/chat\",status=\"{status}\"}}")
        };
        self.counter(&of("200"), per_minute - failing).counter(&of("500"), failing)
    }

    /// A hundred requests a minute, so many of which take so long. Bounds are written as the exposition does.
    fn slow(self, slow: f64, bounds_below_it: &[&str], bounds_above_it: &[&str]) -> Self {
        let of = |suffix: &str, le: &str| {
            format!(
                "http_request_duration_seconds{suffix}{{{HERE},method=\"POST\",route=\"/api/chat\",status=\"200\"{le}}}"
            )
        };
        let world = bounds_below_it
            .iter()
            .fold(self, |world, bound| world.counter(&of("_bucket", &format!(",le=\"{bound}\"")), 100.0 - slow));
        let all = bounds_above_it.iter().chain(&["+Inf"]);
        let world = all.fold(world, |world, bound| world.counter(&of("_bucket", &format!(",le=\"{bound}\"")), 100.0));
        world.counter(&of("_count", ""), 100.0).requests(100.0, 0.0)
    }

    fn cache(self, tier: &str, hits_of_100: f64) -> Self {
        self.counter(&format!("voiceassist_cache_hits_total{{{HERE},tier=\"{tier}\"}}"), hits_of_100)
            .counter(&format!("voiceassist_cache_lookups_total{{{HERE},tier=\"{tier}\"}}"), 100.0)
    }

    fn cores(self, used: f64, allowed: f64) -> Self {
        self.counter(&format!("process_cpu_seconds_total{{{HERE}}}"), 60.0 * used)
            .gauge(&format!("voiceassist_process_cpu_limit_cores{{{HERE}}}"), allowed)
    }

    fn memory(self, used: f64, allowed: f64) -> Self {
        self.gauge(&format!("process_resident_memory_bytes{{{HERE}}}"), used)
            .gauge(&format!("voiceassist_process_memory_limit_bytes{{{HERE}}}"), allowed)
    }

    fn pool(self, active: f64) -> Self {
        self.gauge(&format!("voiceassist_database_connections{{{HERE},state=\"active\"}}"), active)
            .gauge(&format!("voiceassist_database_connections{{{HERE},state=\"idle\"}}"), 50.0 - active)
            .gauge(&format!("voiceassist_database_connections_max{{{HERE}}}"), 50.0)
    }
}

const HERE: &str = "job=\"voiceassist\",instance=\"one\"";
/// Bounds of the buckets around the thresholds.
const BOUNDS: [&str; 7] = ["0.4", "0.5", "0.8", "1.0", "1.5", "2.0", "3.0"];

/// So many of a hundred requests take longer than the bound at `place`, and less than the next.
fn slower_than(place: usize, slow: f64) -> World {
    let (below, above) = BOUNDS.split_at(place + 1);
    World::default().slow(slow, below, above)
}

/// What is expected of an alert.
struct Case {
    alert: &'static str,
    /// In this world it fires.
    broken: World,
    /// In this one, which is nearly as bad, it does not.
    kept: World,
    /// When it is still silent in the first one, in minutes: its windows and its duration are not over.
    not_yet: u32,
    /// When it fires.
    then: u32,
}

fn case(alert: &'static str, broken: World, kept: World, not_yet: u32, then: u32) -> Case {
    Case { alert, broken, kept, not_yet, then }
}

/// The seed's rules, by hand: what is expected must not come from what is tested.
fn cases() -> Vec<Case> {
    let none = World::default;
    let changes = |values: &str| {
        let of =
            "kube_horizontalpodautoscaler_status_desired_replicas{horizontalpodautoscaler=\"voiceassist-gateway\"}";
        none().with(of, values)
    };
    // Availability 99.9 %: a hundred requests a minute may fail at 0.1; the latency objectives allow 5 and 1 of a hundred.
    let failing = |per_minute| none().requests(100.0, per_minute);
    vec![
        case("ResponseTimeP95Critical", slower_than(4, 6.0), slower_than(4, 4.0), 5, 8),
        case("ErrorRateCritical", failing(5.5), failing(4.5), 5, 8),
        case("AvailabilityCritical", failing(0.6), failing(0.4), 0, 3),
        case("DatabasePoolCritical", none().pool(48.0), none().pool(47.0), 9, 12),
        case("ResponseTimeP95Warning", slower_than(2, 6.0), slower_than(2, 4.0), 10, 13),
        case("ErrorRateWarning", failing(1.1), failing(0.9), 10, 13),
        case("CpuWarning", none().cores(1.65, 2.0), none().cores(1.55, 2.0), 15, 22),
        case("MemoryWarning", none().memory(87.0, 100.0), none().memory(84.0, 100.0), 14, 17),
        case("CacheHitRateWarning", none().cache("l1", 69.0), none().cache("l1", 71.0).cache("l2", 10.0), 15, 18),
        case("ResponseTimeP95Info", slower_than(1, 6.0), slower_than(1, 4.0), 15, 18),
        case("CpuInfo", none().cores(1.45, 2.0), none().cores(1.35, 2.0), 20, 27),
        case("Autoscaling", changes("2 2 2 3 3 3 3 3 3"), changes("2 2 2 2 2 2 2 2 2"), 2, 4),
        case("AvailabilityBudgetBurn1h", failing(1.5), failing(1.4), 2, 70),
        case("AvailabilityBudgetBurn6h", failing(0.65), failing(0.55), 10, 380),
        case("AvailabilityBudgetBurn1d", failing(0.35), failing(0.25), 40, 1_600),
        case("AvailabilityBudgetBurn3d", failing(0.11), failing(0.09), 120, 4_560),
        case("LatencyP95BudgetBurn1h", slower_than(2, 75.0), slower_than(2, 70.0), 2, 70),
        case("LatencyP95BudgetBurn6h", slower_than(2, 31.0), slower_than(2, 29.0), 10, 380),
        case("LatencyP95BudgetBurn1d", slower_than(2, 16.0), slower_than(2, 14.0), 40, 1_600),
        case("LatencyP95BudgetBurn3d", slower_than(2, 5.5), slower_than(2, 4.5), 120, 4_560),
        case("LatencyP99BudgetBurn1h", slower_than(4, 15.0), slower_than(4, 14.0), 2, 70),
        case("LatencyP99BudgetBurn6h", slower_than(4, 6.5), slower_than(4, 5.5), 10, 380),
        case("LatencyP99BudgetBurn1d", slower_than(4, 3.5), slower_than(4, 2.5), 40, 1_600),
        case("LatencyP99BudgetBurn3d", slower_than(4, 1.1), slower_than(4, 0.9), 120, 4_560),
    ]
}

/// What is asked of a world: at a minute, is this alert firing?
type Question<'a> = (u32, &'a str, bool);

fn write_test(out: &mut String, name: &str, world: &World, questions: &[Question<'_>]) -> Outcome {
    write_slow_test(out, name, 1, world, questions)
}

/// With a value every `step` minutes.
fn write_slow_test(
    out: &mut String,
    name: &str,
    step: u32,
    World(series): &World,
    questions: &[Question<'_>],
) -> Outcome {
    let end = questions.iter().map(|(minute, ..)| *minute).max().unwrap_or_default();
    writeln!(out, "  - name: {name}\n    interval: {step}m\n    input_series:")?;
    for (series, values) in series {
        writeln!(out, "      - series: '{series}'\n        values: '{}'", values.until(end, step))?;
    }
    writeln!(out, "    promql_expr_test:")?;
    for (minute, alert, fires) in questions {
        writeln!(
            out,
            "      - expr: count(ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}})\n        eval_time: {minute}m"
        )?;
        let expected = if *fires { "[{labels: '{}', value: 1}]" } else { "[]" };
        writeln!(out, "        exp_samples: {expected}")?;
    }
    Ok(())
}

fn promtool(arguments: &[&str], directory: &std::path::Path) -> Outcome {
    let ran = Command::new("promtool").args(arguments).current_dir(directory).output();
    let output = ran.map_err(|error| format!("promtool cannot be run ({error}): `make tools` installs it"))?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() { Ok(()) } else { Err(said.into()) }
}

/// Plays tests against the rules that the program writes.
fn play(tests: &str) -> Outcome {
    let directory = tempfile::tempdir()?;
    std::fs::write(directory.path().join("rules.yml"), slo::prometheus_rules(&Levels::built_in()?)?)?;
    std::fs::write(directory.path().join("tests.yml"), tests)?;
    promtool(&["check", "rules", "rules.yml"], directory.path())?;
    promtool(&["test", "rules", "tests.yml"], directory.path())
}

const HEAD: &str = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n";

/// How many minutes lie between two values and between two evaluations: the longer the windows, the more, or promtool takes minutes.
fn step(alert: &str) -> u32 {
    match alert.rsplit_once("Burn").map(|(_, window)| window) {
        Some("6h") => 5,
        Some("1d") => 20,
        Some("3d") => 60,
        _ => 1,
    }
}

fn play_cases(wanted: impl Fn(&Case) -> bool) -> Outcome {
    for every in [1, 5, 20, 60] {
        let mut tests = HEAD.replace("1m", &format!("{every}m"));
        let cases = cases();
        let chosen: Vec<&Case> = cases.iter().filter(|case| wanted(case) && step(case.alert) == every).collect();
        if chosen.is_empty() {
            continue;
        }
        for Case { alert, broken, kept, not_yet, then } in chosen {
            let (early, late) = ((*not_yet, *alert, false), (*then, *alert));
            write_slow_test(&mut tests, &format!("{alert} fires"), every, broken, &[early, (late.0, late.1, true)])?;
            write_slow_test(&mut tests, &format!("{alert} is silent"), every, kept, &[early, (late.0, late.1, false)])?;
        }
        play(&tests)?;
    }
    Ok(())
}

#[test]
fn every_rule_has_a_case() -> Outcome {
    let rules = slo::prometheus_rules(&Levels::built_in()?)?;
    let mut written: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let cases = cases();
    let mut tested: Vec<&str> = cases.iter().map(|case| case.alert).collect();
    written.sort_unstable();
    tested.sort_unstable();
    assert_eq!(written, tested);
    Ok(())
}

#[test]
fn the_seeds_rules_fire_when_they_must_and_not_otherwise() -> Outcome {
    play_cases(|case| !case.alert.contains("Burn"))
}

#[test]
fn budgets_that_burn_too_fast_fire_in_both_windows() -> Outcome {
    play_cases(|case| case.alert.contains("Burn"))
}

#[test]
fn no_data_is_not_zero() -> Outcome {
    let cases = cases();
    let silent: Vec<Question<'_>> = cases.iter().map(|case| (180, case.alert, false)).collect();
    let mut tests = HEAD.to_owned();
    write_test(&mut tests, "nothing is scraped", &World::default(), &silent)?;
    // Everything is there, and nobody asks anything.
    let idle = slower_than(4, 0.0).requests(0.0, 0.0).cache("l1", 0.0).cores(0.0, 2.0).memory(1.0, 100.0).pool(0.0);
    let still = |values| if matches!(values, Values::Growing(_)) { Values::Constant(0.0) } else { values };
    let idle = World(idle.0.into_iter().map(|(series, values)| (series, still(values))).collect());
    write_test(&mut tests, "nobody asks", &idle, &silent)?;
    play(&tests)
}

#[test]
fn little_traffic_is_not_judged_by_its_budget() -> Outcome {
    let alert = "AvailabilityBudgetBurn1h";
    let mut tests = HEAD.to_owned();
    let questions = [(70, alert, false)];
    write_test(&mut tests, "a request a minute", &World::default().requests(1.0, 1.0), &questions)?;
    let questions = [(70, alert, true)];
    write_test(&mut tests, "three a minute", &World::default().requests(3.0, 3.0), &questions)?;
    play(&tests)
}

#[test]
fn what_is_over_does_not_page() -> Outcome {
    // An outage of ten minutes: the long window remembers it, the short one shows that it is over.
    let ok = format!("http_requests_total{{{HERE},method=\"POST\",route=\"/api/chat\",status=\"200\"}}");
    let failed = format!("http_requests_total{{{HERE},method=\"POST\",route=\"/api/chat\",status=\"500\"}}");
    let world = World::default().with(ok, "0+100x60 6000+0x9 6000+100x60").with(failed, "0+0x60 100+100x9 1000+0x60");
    let alert = "AvailabilityBudgetBurn1h";
    let mut tests = HEAD.to_owned();
    write_test(&mut tests, "an outage of ten minutes", &world, &[(69, alert, true), (80, alert, false)])?;
    play(&tests)
}

#[test]
fn health_checks_do_not_hide_failures() -> Outcome {
    let health = format!("http_requests_total{{{HERE},method=\"GET\",route=\"/health\",status=\"200\"}}");
    let world = World::default().requests(100.0, 6.0).counter(&health, 10_000.0);
    let mut tests = HEAD.to_owned();
    write_test(&mut tests, "many health checks", &world, &[(12, "ErrorRateCritical", true)])?;
    play(&tests)
}

#[test]
fn two_seconds_more_turn_the_latency_red_and_nothing_else() -> Outcome {
    let cases = cases();
    let slow = slower_than(5, 100.0).cache("l1", 90.0).cores(0.5, 2.0).memory(20.0, 100.0).pool(10.0);
    let fires =
        |alert: &str| alert.starts_with("ResponseTime") || (alert.starts_with("Latency") && !alert.ends_with('d'));
    let questions: Vec<Question<'_>> = cases.iter().map(|case| (60, case.alert, fires(case.alert))).collect();
    let mut tests = HEAD.to_owned();
    write_test(&mut tests, "two seconds more", &slow, &questions)?;
    play(&tests)
}

#[test]
fn an_alert_says_what_was_measured_and_where_its_rule_comes_from() -> Outcome {
    let mut tests = HEAD.to_owned();
    writeln!(tests, "  - interval: 1m\n    input_series:")?;
    for (series, values) in World::default().pool(48.0).0 {
        writeln!(tests, "      - series: '{series}'\n        values: '{}'", values.until(15, 1))?;
    }
    tests.push_str(
        "    alert_rule_test:\n      - eval_time: 15m\n        alertname: DatabasePoolCritical\n        exp_alerts:\n          \
         - exp_labels: {severity: critical}\n            exp_annotations:\n              \
         summary: Database connection pool above 95 %\n              \
         description: Database connection pool is 96 %, above 95 % for 10m.\n              \
         source: Performance SLOs / Alerting Rules / Critical Alerts\n",
    );
    play(&tests)
}
