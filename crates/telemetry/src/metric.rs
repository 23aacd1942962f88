//! What a metric is, and how its figures are named.

/// A metric: declared once, in [`crate::names`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// As Prometheus has it, with the unit, and `_total` for what is counted.
    pub name: &'static str,
    /// What kind of figure it is.
    pub kind: Kind,
    /// What it means, in a sentence.
    pub help: &'static str,
    /// The names of its labels. Their values are few, and never anybody's words.
    pub labels: &'static [&'static str],
}

/// Kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution of times in seconds, with the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

impl Metric {
    pub(crate) const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, help, labels }
    }

    pub(crate) const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, help, labels }
    }

    pub(crate) const fn histogram(
        name: &'static str,
        buckets: &'static [f64],
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Histogram(buckets), help, labels }
    }
}
