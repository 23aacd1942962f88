//! A comparison as a table.

use std::fmt;

use super::{Comparison, Row, Scale, Verdict};

/// The heads of the columns.
const HEADS: [&str; 6] = ["Metric", "Before", "After", "Change", "Interval", "Verdict"];

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 6]> = self.rows.iter().map(cells).collect();
        let heads = HEADS.map(str::to_owned);
        let widths: [usize; 6] = std::array::from_fn(|column| {
            rows.iter().chain([&heads]).map(|row| row[column].chars().count()).max().unwrap_or_default()
        });
        write_row(f, &heads, widths)?;
        writeln!(f, "| {} |", widths.map(|width| "-".repeat(width)).join(" | "))?;
        rows.iter().try_for_each(|row| write_row(f, row, widths))?;
        writeln!(
            f,
            "\nAll intervals together hold the true changes with a confidence of {} %. There is a verdict where the whole \
             interval lies beyond the smallest change that matters.",
            (1e6 * self.confidence).round() / 1e4
        )?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, cells: &[String; 6], widths: [usize; 6]) -> fmt::Result {
    let cells: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    writeln!(f, "| {} |", cells.join(" | "))
}

fn cells(row: &Row) -> [String; 6] {
    let interval = if row.high.is_finite() {
        format!("{} to {}", change(row, row.low), change(row, row.high))
    } else {
        "unknown".to_owned()
    };
    [
        row.measure.to_owned(),
        figure(row.before, row.unit),
        figure(row.after, row.unit),
        change(row, row.change),
        interval,
        match row.verdict {
            Verdict::Better => "better",
            Verdict::Worse => "WORSE",
            Verdict::NoEvidence => "no evidence",
        }
        .to_owned(),
    ]
}

/// Three digits or more, and the unit.
fn figure(value: f64, unit: &str) -> String {
    let decimals = match value.abs() {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}").trim_end().to_owned()
}

fn change(row: &Row, value: f64) -> String {
    // Nothing more is no less: -0.0 plus 0 is 0.
    let rounded = |value: f64, steps: f64| (value * steps).round() / steps + 0.0;
    match (row.scale, row.unit) {
        (Scale::Ratio, _) => format!("{:+.1} %", rounded(100.0 * value, 10.0)),
        (Scale::Difference, "%") => format!("{:+.2} points", rounded(value, 100.0)),
        (Scale::Difference, unit) => format!("{:+.2} {unit}", rounded(value, 100.0)).trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measure: &'static str, unit: &'static str, scale: Scale, figures: [f64; 5], verdict: Verdict) -> Row {
        let [before, after, change, low, high] = figures;
        Row { measure, unit, before, after, scale, change, low, high, smallest: 0.01, verdict }
    }

    #[test]
    fn the_table_is_aligned_and_says_what_it_left_out() {
        let (ratio, points) = (Scale::Ratio, Scale::Difference);
        let rows = vec![
            row("P50 response time", "ms", ratio, [320.0, 180.0, -0.4375, -0.46, -0.412], Verdict::Better),
            row("Throughput", "req/s", ratio, [65.0, 65.0, -0.0004, -0.04, 0.02], Verdict::NoEvidence),
            row("Error rate", "%", points, [0.0, 0.5, 0.5, 0.35, 0.65], Verdict::Worse),
            row("CPU", "% of a core", ratio, [7.5, 6.0, -0.2, -1.0, f64::INFINITY], Verdict::NoEvidence),
        ];
        let comparison = Comparison { confidence: 0.99, rows, notes: vec!["Memory: not measured.".to_owned()] };
        let expected = "\
| Metric            | Before           | After            | Change       | Interval                     | Verdict     |
| ----------------- | ---------------- | ---------------- | ------------ | ---------------------------- | ----------- |
| P50 response time | 320 ms           | 180 ms           | -43.8 %      | -46.0 % to -41.2 %           | better      |
| Throughput        | 65.0 req/s       | 65.0 req/s       | +0.0 %       | -4.0 % to +2.0 %             | no evidence |
| Error rate        | 0 %              | 0.50 %           | +0.50 points | +0.35 points to +0.65 points | WORSE       |
| CPU               | 7.50 % of a core | 6.00 % of a core | -20.0 %      | unknown                      | no evidence |

All intervals together hold the true changes with a confidence of 99 %. There is a verdict where the whole interval lies \
                        beyond the smallest change that matters.
Memory: not measured.
";
        assert_eq!(comparison.to_string(), expected);
    }
}
