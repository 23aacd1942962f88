//! Figures as a server tells them to Prometheus, read and subtracted.

use std::collections::BTreeMap;

/// What a server told at a moment: each sample by its name and its labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(BTreeMap<Of, f64>);

/// A name and labels.
type Of = (String, BTreeMap<String, String>);

/// The labels that a sample must have.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

impl Figures {
    /// Reads the text format. What is not understood is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(sample);
        Self(samples.collect())
    }

    /// The sum of all samples of a name with these labels; nothing where there is none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: Labels<'_>) -> Option<f64> {
        self.with(name, labels).map(|(_, value)| value).reduce(|sum, value| sum + value)
    }

    /// The values of a label, with the sums of the samples that have them.
    #[must_use]
    pub fn by(&self, name: &str, label: &str, labels: Labels<'_>) -> BTreeMap<String, f64> {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for (of, value) in self.with(name, labels) {
            *sums.entry(of.get(label).cloned().unwrap_or_default()).or_default() += value;
        }
        sums
    }

    /// The value below which this share of a distribution's values lies, in the metric's unit: within a bucket, values are taken for
    /// spread evenly, as Prometheus does it. Nothing without values.
    #[must_use]
    pub fn quantile(&self, name: &str, share: f64, labels: Labels<'_>) -> Option<f64> {
        let buckets = self.by(&format!("{name}_bucket"), "le", labels);
        let mut bounds: Vec<(f64, f64)> =
            buckets.iter().filter_map(|(bound, count)| Some((bound.parse().ok()?, *count))).collect();
        bounds.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let all = bounds.last().map(|(_, count)| *count).filter(|count| *count > 0.0)?;
        let rank = share * all;
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, count) in bounds {
            if count >= rank {
                if bound.is_infinite() {
                    return Some(lower);
                }
                return Some(lower + (bound - lower) * (rank - below) / (count - below).max(f64::MIN_POSITIVE));
            }
            (lower, below) = (bound, count);
        }
        None
    }

    /// The mean of a distribution; nothing without values.
    #[must_use]
    pub fn mean(&self, name: &str, labels: Labels<'_>) -> Option<f64> {
        let count = self.sum(&format!("{name}_count"), labels).filter(|count| *count > 0.0)?;
        Some(self.sum(&format!("{name}_sum"), labels)? / count)
    }

    /// What happened since an earlier moment; a process that began anew counts from its start. Of gauges, this is no use.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let since = |(key, now): (&Of, &f64)| {
            let then = before.0.get(key).copied().unwrap_or_default();
            (key.clone(), if *now >= then { now - then } else { *now })
        };
        Self(self.0.iter().map(since).collect())
    }

    fn with<'a>(
        &'a self,
        name: &'a str,
        labels: Labels<'a>,
    ) -> impl Iterator<Item = (&'a BTreeMap<String, String>, f64)> + 'a {
        let has = move |of: &BTreeMap<String, String>| {
            labels.iter().all(|(key, value)| of.get(*key).is_some_and(|is| is == value))
        };
        self.0.iter().filter(move |((of, labels), _)| of == name && has(labels)).map(|((_, of), value)| (of, *value))
    }
}

fn sample(line: &str) -> Option<(Of, f64)> {
    let (key, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, rest)) = key.split_once('{') else { return Some(((key.to_owned(), BTreeMap::new()), value)) };
    let (mut labels, mut rest) = (BTreeMap::new(), rest);
    while let Some((label, after)) = rest.split_once("=\"") {
        let (text, after) = quoted(after)?;
        labels.insert(label.trim_start_matches(',').to_owned(), text);
        rest = after;
    }
    Some(((name.to_owned(), labels), value))
}

/// A text until its closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut escaped) = (String::new(), false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => {
                value.push(if letter == 'n' { '\n' } else { letter });
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((value, text.get(at + 1..).unwrap_or_default())),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE took histogram\ntook_bucket{le=\"1.0\",of=\"a\"} 10\ntook_bucket{le=\"2.0\",of=\"a\"} 30\n\
        took_bucket{le=\"+Inf\",of=\"a\"} 40\ntook_count{of=\"a\"} 40\ntook_sum{of=\"a\"} 60.0\ntook_bucket{le=\"1.0\",of=\"b\"} 0\n\
        took_bucket{le=\"2.0\",of=\"b\"} 0\ntook_bucket{le=\"+Inf\",of=\"b\"} 0\nup 1.0\nsaid{what=\"a \\\"b\\\" {c}\",of=\"x\"} 3\n# EOF\n";

    #[test]
    fn samples_are_found_by_their_labels() {
        let figures = Figures::parse(TEXT);
        assert_eq!(figures.sum("up", &[]), Some(1.0));
        assert_eq!(figures.sum("said", &[("what", "a \"b\" {c}"), ("of", "x")]), Some(3.0));
        assert_eq!((figures.sum("said", &[("of", "y")]), figures.sum("down", &[])), (None, None));
        assert_eq!(figures.by("took_count", "of", &[]), BTreeMap::from([("a".to_owned(), 40.0)]));
    }

    #[test]
    fn quantiles_lie_evenly_within_their_bucket() {
        let figures = Figures::parse(TEXT);
        let of = |share| figures.quantile("took", share, &[("of", "a")]);
        assert_eq!((of(0.25), of(0.5), of(0.9)), (Some(1.0), Some(1.5), Some(2.0)));
        assert_eq!(figures.quantile("took", 0.5, &[("of", "b")]), None);
        assert_eq!(figures.mean("took", &[("of", "a")]), Some(1.5));
    }

    #[test]
    fn what_happened_in_between_is_the_difference() {
        let before = Figures::parse("asked_total{of=\"a\"} 5\n");
        let after = Figures::parse("asked_total{of=\"a\"} 12\nasked_total{of=\"b\"} 2\n");
        assert_eq!(after.since(&before).sum("asked_total", &[]), Some(9.0));
        assert_eq!(before.since(&after).sum("asked_total", &[]), Some(5.0));
    }
}
