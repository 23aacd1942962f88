//! Grafana's dashboards: which questions they answer, with the targets as lines.
//!
//! `panel` says what a panel is, `grafana` writes it as Grafana reads it; each of the other files is one dashboard.

mod autoscaling;
mod business;
mod grafana;
mod load;
mod panel;
mod system;

use serde_json::Value;

pub use panel::{Needs, Panel};

use crate::Levels;

/// A dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// The name of its file.
    pub file: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its panels, in reading order.
    pub panels: Vec<Panel>,
}

impl Dashboard {
    /// All of them.
    #[must_use]
    pub fn all(levels: &Levels) -> Vec<Self> {
        vec![
            load::dashboard(levels),
            autoscaling::dashboard(levels),
            system::dashboard(levels),
            business::dashboard(levels),
        ]
    }

    /// As Grafana reads it.
    #[must_use]
    pub fn json(&self) -> Value {
        grafana::dashboard(self)
    }
}
