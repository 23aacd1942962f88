//! Logs: how they are written and at what level. Metrics: their names, how they are counted and exposed. Traces: to whom they
//! are sent.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "what tests compare is exact"))]

mod exposition;
mod lines;
mod metric;
pub mod names;
pub mod process;
mod serving;
mod slot;
mod times;
mod traces;
mod waiting;

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt};

pub use exposition::{Exposition, MEDIA_TYPE, Sample, Source, Teller};
pub use metric::{Kind, Metric};
pub use serving::{MetricsSettings, serve_metrics};
pub use slot::{Slot, Spread};
pub use times::{Count, Family, Times};
pub use traces::{InvalidTraces, Traces, TracesSettings, describe_request, describe_response, is_to_be_traced};
// For `traced_span`.
#[doc(hidden)]
pub use tracing;
pub use waiting::{Waited, is_traced, waited, waiting_for};

/// Whether anything is measured: only a build for finding out what that costs measures nothing.
pub const MEASURED: bool = !cfg!(feature = "unmeasured");

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

/// Why neither logs nor traces can begin.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The level of the logs is none.
    #[error("logs.level is not valid")]
    Level(#[from] ParseError),
    /// The traces cannot be sent.
    #[error(transparent)]
    Traces(#[from] InvalidTraces),
}

fn is_line(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
}

/// Writes lines of the log.
fn line_layer<S, W>(format: Format, writer: W, is_terminal: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer).with_ansi(is_terminal);
    match format {
        Format::Text => layer.fmt_fields(lines::FieldsAndRequest::default()).boxed(),
        Format::Json => layer.json().event_format(lines::RequestAndObject::default()).boxed(),
    }
}

/// Starts logs and traces; the first call wins, so that tests may all call it.
pub fn init(settings: &Settings, traces: &TracesSettings) -> Result<Traces, InitError> {
    // The statement log of the database driver would hold people's questions.
    let filter = EnvFilter::try_new(format!("{},sqlx=warn,sea_orm_migration=warn", settings.level))?;
    let traces = Traces::start(traces)?;
    let lines = line_layer(settings.format, std::io::stderr, std::io::stderr().is_terminal());
    // Spans are for traces alone: a line tells its request by itself. One filter for both would keep traces from what logs leave
    // out; where there are none, it costs less.
    let lines = if traces.are_collected() {
        lines.with_filter(filter.and(filter_fn(is_line))).boxed()
    } else {
        filter.and_then(lines).boxed()
    };
    let started = tracing_subscriber::registry().with(traces.layer()).with(lines).try_init();
    // An error here means that logging has been started already.
    Ok(if started.is_ok() { traces } else { Traces::default() })
}
