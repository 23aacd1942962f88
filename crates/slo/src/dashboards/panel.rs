//! What a panel shows.

use crate::Bound;

/// A chart of one or more queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// Grafana's name of the unit.
    pub unit: &'static str,
    /// Queries with the names of their lines.
    pub queries: Vec<(String, String)>,
    /// What the lines must keep.
    pub bounds: Vec<Bound>,
    /// What must be there for it to show anything.
    pub needs: Needs,
}

/// Whose figures a panel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// VoiceAssist's own.
    VoiceAssist,
    /// Those of kube-state-metrics.
    Kubernetes,
}

impl Panel {
    pub(super) fn new(title: impl Into<String>, unit: &'static str) -> Self {
        Self { title: title.into(), unit, queries: Vec::new(), bounds: Vec::new(), needs: Needs::VoiceAssist }
    }

    pub(super) fn line(mut self, name: impl Into<String>, query: impl Into<String>) -> Self {
        self.queries.push((query.into(), name.into()));
        self
    }

    pub(super) fn bound(mut self, bound: impl Into<Option<Bound>>) -> Self {
        self.bounds.extend(bound.into());
        self
    }

    pub(super) fn of_kubernetes(mut self) -> Self {
        self.needs = Needs::Kubernetes;
        self
    }
}
