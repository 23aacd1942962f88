//! How the document says that it scales: the targets of the autoscaler and the least and most replicas.

use super::document::{Document, Line};
use super::label::has_word;
use super::number::Quantity;

/// Ratios of a metric to its target that differ from 1 by no more than this change nothing. Source: Kubernetes,
/// "Horizontal Pod Autoscaling", algorithm details; the default of `--horizontal-pod-autoscaler-tolerance`.
pub(super) const HPA_TOLERANCE: f64 = 0.1;

/// The autoscaler's configuration, as far as it is printed.
pub(super) struct Scaling {
    /// Percent of the request.
    pub(super) cpu: Option<Quantity>,
    /// Percent of the request.
    pub(super) memory: Option<Quantity>,
    /// Requests a second for each pod.
    pub(super) rate: Option<Quantity>,
    /// The fewest replicas.
    pub(super) min: Option<f64>,
    /// The most replicas.
    pub(super) max: Option<f64>,
}

/// Something that is replicated.
pub(super) struct Deployment<'a> {
    /// What it is called.
    pub(super) name: &'a str,
    /// From the fewest to the most.
    pub(super) replicas: Quantity,
}

impl Scaling {
    /// From the table of HPA metrics, or else from the list of thresholds.
    pub(super) fn of(document: &Document) -> Self {
        let configured = |row| document.tables("hpa metrics").find_map(|table| table.figure(row, "configuration"));
        let listed = |name| {
            let thresholds = |line: &&Line| has_word(&line.group, "hpa");
            document
                .lines("application configuration")
                .filter(thresholds)
                .find_map(|line| Quantity::of(line.value(name)?))
        };
        Self {
            cpu: configured("target cpu").or_else(|| listed("cpu")),
            memory: configured("target memory").or_else(|| listed("memory")),
            rate: configured("custom metric").or_else(|| listed("custom")),
            min: configured("min replicas").map(|replicas| replicas.least),
            max: configured("max replicas").map(|replicas| replicas.most),
        }
    }
}

/// What is replicated, from lines like `API Gateway: 2-10 replicas`.
pub(super) fn deployments(document: &Document) -> Vec<Deployment<'_>> {
    document
        .lines("application configuration")
        .filter(|line| has_word(&line.text, "replicas"))
        .filter_map(|line| {
            let name = line.key()?;
            Some(Deployment { name, replicas: Quantity::of(line.value(&name.to_lowercase())?)? })
        })
        .collect()
}

impl Deployment<'_> {
    /// Whether a text names it: by any of its words but those that say nothing.
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        self.name.split_whitespace().filter(|word| !is_filler(word)).any(|word| has_word(text, &word.to_lowercase()))
    }
}

fn is_filler(word: &str) -> bool {
    ["api", "service"].contains(&word.to_lowercase().as_str())
}
