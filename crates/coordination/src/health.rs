//! What can be told about Redis: to whoever asks whether this process is ready, and as figures.

use std::time::Duration;

use serde::Serialize;

use crate::Coordination;
use crate::link::Link;

/// Whether Redis is there. Without it this process goes on, less well informed; it is never a reason to refuse requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Health {
    /// Whether the settings name a Redis.
    pub configured: bool,
    /// Whether it answered just now, in time.
    pub reachable: bool,
    /// How long it took to answer, in milliseconds.
    pub round_trip_ms: Option<f64>,
}

/// How Redis stands, as far as is known without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The settings name no Redis.
    Alone,
    /// It has not answered yet, since this process started.
    Starting,
    /// It answers.
    Reachable,
    /// It does not answer, and operations are not tried until it does.
    Unreachable,
}

/// Figures since the process started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Operations that were sent to Redis.
    pub operations: u64,
    /// Those of them that failed: no answer in time, no connection, or an answer that was an error.
    pub failures: u64,
    /// Operations that were not sent, because Redis was known not to answer.
    pub skipped: u64,
    /// How Redis stands.
    pub state: State,
}

impl Coordination {
    /// Asks Redis for a sign of life, within the timeout of an operation.
    pub async fn health(&self) -> Health {
        let Some(link) = self.link() else {
            return Health { configured: false, reachable: false, round_trip_ms: None };
        };
        // Before the first connection there is nobody to ask, and nothing lost.
        let round_trip = if link.state() == State::Starting { None } else { link.pulse(&link.redis()).await };
        let round_trip_ms = round_trip.map(|time: Duration| time.as_secs_f64() * 1_000.0);
        Health { configured: true, reachable: round_trip.is_some(), round_trip_ms }
    }

    /// Figures for metrics.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.link().map_or(Counters { operations: 0, failures: 0, skipped: 0, state: State::Alone }, Link::counters)
    }
}
