//! Logs: how they are written and at what level. Metrics: their names, how they are counted and exposed.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "what tests compare is exact"))]

mod exposition;
mod metric;
pub mod names;
pub mod process;
mod serving;
mod slot;
mod times;
mod waiting;

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

pub use exposition::{Exposition, MEDIA_TYPE, Sample, Source, Teller};
pub use metric::{Kind, Metric};
pub use serving::{MetricsSettings, serve_metrics};
pub use slot::{Slot, Spread};
pub use times::{Count, Family, Times};
pub use waiting::{Waited, waited, waiting_for};

/// How logs are written, to the standard error stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What is logged: a level, or `target=level` pairs as in `info,worker=debug`.
    pub level: String,
    /// For people or for machines.
    pub format: Format,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A line for people.
    Text,
    /// A JSON object for machines.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: Format::Text }
    }
}

/// Starts logging; the first call wins, so that tests may all call it.
pub fn init(settings: &Settings) -> Result<(), ParseError> {
    // The statement log of the database driver would hold people's questions.
    let filter = EnvFilter::try_new(format!("{},sqlx=warn,sea_orm_migration=warn", settings.level))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // An error here means that logging has been started already.
    let _ = match settings.format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().try_init(),
    };
    Ok(())
}
