//! Prometheus' rules: what the alerts look at, the alerts themselves, and how fast error budgets burn.

use std::fmt::{self, Write as _};

use crate::budget::{Good, Objective};
use crate::{Alert, Burn, Levels, Severity, Window, promql};

/// The rules for these levels, in Prometheus' YAML.
pub fn prometheus_rules(levels: &Levels) -> Result<String, fmt::Error> {
    let mut out = String::from(
        "# Written by `voiceassist slo alerts` from slo.toml: change that file, and run `make generate`.\n\
         # The scrape job must be called voiceassist; docs/OPERATIONS.md says how.\n\ngroups:\n",
    );
    writeln!(out, "  - name: voiceassist-alerts\n    rules:")?;
    for alert in &levels.alerts {
        write_rule(&mut out, &Rule::of_alert(levels, alert))?;
    }
    let (budget, objectives) = (&levels.error_budget, Objective::of(levels));
    // One group: its rules are evaluated in their order, so that the alerts see what was recorded just before.
    writeln!(out, "\n  - name: voiceassist-error-budgets\n    rules:")?;
    for window in budget.windows() {
        for objective in &objectives {
            let labels = [("objective", objective.name)];
            write_record(&mut out, &bad(window), &promql::bad_ratio(levels, objective.good, window), &labels)?;
        }
        write_record(&mut out, &traffic(window), &promql::requests(levels, window), &[])?;
    }
    for objective in &objectives {
        for burn in &budget.burns {
            write_rule(&mut out, &Rule::of_burn(levels, objective, burn))?;
        }
    }
    Ok(out)
}

struct Rule {
    name: String,
    expression: String,
    lasting: Option<Window>,
    severity: Severity,
    labels: Vec<(&'static str, String)>,
    summary: String,
    description: String,
    source: String,
}

impl Rule {
    fn of_alert(levels: &Levels, alert: &Alert) -> Self {
        let Alert { figure, bound, over, lasting, .. } = alert;
        let (title, unit, limit) = (figure.title(), figure.unit(), bound.limit());
        let side = if bound.is_upper() { "above" } else { "below" };
        let taken = over.map(|over| format!(" over {over}")).unwrap_or_default();
        let lasts = lasting.map(|lasting| format!(" for {lasting}")).unwrap_or_default();
        Self {
            name: alert.name.clone(),
            expression: format!("{} {} {limit}", figure.expression(levels, *over), bound.broken_by()),
            lasting: *lasting,
            severity: alert.severity,
            labels: Vec::new(),
            summary: format!("{title} {side} {limit}{unit}"),
            description: format!(
                "{title}{taken} is {{{{ $value | printf \"%.4g\" }}}}{unit}, {side} {limit}{unit}{lasts}."
            ),
            source: alert.source.clone(),
        }
    }

    fn of_burn(levels: &Levels, objective: &Objective, burn: &Burn) -> Self {
        let ErrorBudgetText { noun, bad: is_bad } = ErrorBudgetText::of(objective);
        let (allowed, budget) = (objective.allowed(), &levels.error_budget);
        let burns =
            |window| format!("{}{{objective=\"{}\"}} > {} * {allowed}", bad(window), objective.name, burn.factor);
        Self {
            name: format!("{noun}BudgetBurn{}", burn.long),
            expression: format!(
                "{} and {} and on() {} >= {}",
                burns(burn.long),
                burns(burn.short),
                traffic(burn.long),
                budget.minimum_requests
            ),
            lasting: Some(burn.lasting),
            severity: burn.severity,
            labels: vec![("objective", objective.name.to_owned())],
            summary: format!("Requests {is_bad} use up the error budget {} times too fast", burn.factor),
            description: format!(
                "Over {} and over {}, more than {} times the {} % of requests that may be bad {is_bad}. At this rate the \
                 budget of {} is gone in {}.",
                burn.long,
                burn.short,
                burn.factor,
                100.0 * allowed,
                budget.window,
                shortened(budget.window, burn.factor)
            ),
            source: budget.source.clone(),
        }
    }
}

/// What a bad request of an objective is called.
struct ErrorBudgetText {
    noun: &'static str,
    bad: String,
}

impl ErrorBudgetText {
    fn of(objective: &Objective) -> Self {
        match objective.good {
            Good::Answered => Self { noun: "Availability", bad: "that failed".to_owned() },
            Good::WithinMs(ms) => {
                let noun = if objective.name == "latency_p95" { "LatencyP95" } else { "LatencyP99" };
                Self { noun, bad: format!("that took longer than {ms} ms") }
            }
        }
    }
}

/// In whole hours, or in days where it takes longer than two.
fn shortened(window: Window, factor: f64) -> String {
    let hours = window.seconds() as f64 / 3_600.0 / factor;
    if hours > 48.0 { format!("{:.0} days", hours / 24.0) } else { format!("{hours:.0} hours") }
}

fn bad(window: Window) -> String {
    format!("voiceassist:bad_requests:ratio_rate{window}")
}

/// The recorded number of requests in a window.
pub(crate) fn traffic(window: Window) -> String {
    format!("voiceassist:requests:increase{window}")
}

fn write_record(out: &mut String, name: &str, expression: &str, labels: &[(&str, &str)]) -> fmt::Result {
    writeln!(out, "      - record: {name}\n        expr: {}", quoted(expression))?;
    if !labels.is_empty() {
        writeln!(out, "        labels:")?;
    }
    labels.iter().try_for_each(|(label, value)| writeln!(out, "          {label}: {value}"))
}

fn write_rule(out: &mut String, rule: &Rule) -> fmt::Result {
    writeln!(out, "      - alert: {}\n        expr: {}", rule.name, quoted(&rule.expression))?;
    if let Some(lasting) = rule.lasting {
        writeln!(out, "        for: {lasting}")?;
    }
    writeln!(out, "        labels:\n          severity: {}", rule.severity.name())?;
    rule.labels.iter().try_for_each(|(label, value)| writeln!(out, "          {label}: {value}"))?;
    writeln!(out, "        annotations:\n          summary: {}", quoted(&rule.summary))?;
    writeln!(out, "          description: {}\n          source: {}", quoted(&rule.description), quoted(&rule.source))
}

/// A JSON string is a YAML string too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Severity {
    /// As labels have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}
