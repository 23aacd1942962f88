//! Traces: where the time of a request goes, told to an OpenTelemetry collector. Off until the settings say where to.
//!
//! A span has the names of its route and its queries, never what somebody asked.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// Who spends time on a request.
const OURS: [&str; 7] = ["assistant", "cache", "coordination", "gateway", "knowledge", "store", "worker"];

/// The header in which a caller says what trace its request belongs to (W3C Trace Context).
const TRACE_PARENT: &str = "traceparent";

/// The `traces` section of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TracesSettings {
    /// Where a collector takes traces by OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; empty for nowhere.
    pub endpoint: String,
    /// The share of requests that are traced, from 0 to 1. Where a caller has decided already, that holds.
    pub share: f64,
}

impl Default for TracesSettings {
    fn default() -> Self {
        Self { endpoint: String::new(), share: 0.01 }
    }
}

/// A setting with a value that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("traces.{key} {problem}")]
pub struct InvalidTraces {
    /// The key within the section.
    pub key: &'static str,
    /// What is wrong with its value, and what would be right.
    pub problem: String,
}

impl TracesSettings {
    /// Checks every value; the error names the first key that is wrong.
    pub fn validate(&self) -> Result<(), InvalidTraces> {
        if !self.endpoint.is_empty() && !self.endpoint.starts_with("http://") {
            let problem = format!(
                "must be the address of a collector beside this process, such as http://127.0.0.1:4318/v1/traces, not {:?}",
                self.endpoint
            );
            return Err(InvalidTraces { key: "endpoint", problem });
        }
        if !(0.0..=1.0).contains(&self.share) {
            return Err(InvalidTraces {
                key: "share",
                problem: format!("must be between 0 and 1, not {}", self.share),
            });
        }
        Ok(())
    }
}

/// The traces of this process, while they are collected.
#[derive(Debug, Default)]
pub struct Traces(Option<(SdkTracerProvider, u32)>);

impl Traces {
    /// Begins to send traces, where that is wanted.
    pub(crate) fn start(settings: &TracesSettings) -> Result<Self, InvalidTraces> {
        settings.validate()?;
        if settings.endpoint.is_empty() {
            return Ok(Self::default());
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(&settings.endpoint)
            .build()
            .map_err(|error| InvalidTraces { key: "endpoint", problem: format!("cannot be used: {error}") })?;
        // Spans are made only of what is traced: here, nothing is left to decide.
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(Resource::builder().with_service_name("voiceassist").build());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a million is less")]
        let share = (settings.share * f64::from(MILLION)).round() as u32;
        Ok(Self(Some((provider.build(), share))))
    }

    /// Whether there is a collector.
    pub(crate) const fn are_collected(&self) -> bool {
        self.0.is_some()
    }

    /// What hands spans over, where they are wanted.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let (provider, share) = self.0.as_ref()?;
        SHARE.store(*share, Ordering::Relaxed);
        let tracer = provider.tracer("voiceassist");
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(filter_fn(is_ours)))
    }

    /// Sends what has not been sent yet.
    pub async fn shut_down(self) {
        let Some((provider, _)) = self.0 else { return };
        // It waits for the collector, a few seconds at most.
        let sent = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = sent {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    let name = metadata.target().split("::").next().unwrap_or_default();
    metadata.is_span() && *metadata.level() <= Level::DEBUG && OURS.contains(&name)
}

const MILLION: u32 = 1_000_000;
const NOT_COLLECTED: u32 = u32::MAX;
/// How many of a million are traced, where there is a collector.
static SHARE: AtomicU32 = AtomicU32::new(NOT_COLLECTED);

/// Whether a request or a job is traced: by what its caller has decided (`traceparent`), or by lot.
#[must_use]
pub fn is_to_be_traced(headers: Option<&HeaderMap>) -> bool {
    let share = SHARE.load(Ordering::Relaxed);
    if share == NOT_COLLECTED {
        return false;
    }
    match headers.and_then(trace_parent).and_then(|parent| parent.rsplit('-').next()) {
        // The lowest bit says whether the caller records it.
        Some(flags) => u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1),
        None => rand::random_range(0..MILLION) < share,
    }
}

/// Says of which request a span is, and by which trace it was called. Its fields `otel.name` and `otel.kind` are empty yet, and nothing
/// was done within it: after that, its name and its kind are fixed.
pub fn describe_request(span: &Span, method: &str, route: &str, headers: &HeaderMap) {
    if let Some(parent) = trace_parent(headers) {
        // Only a span without a layer has no place for it.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Header(parent)));
    }
    span.record("otel.name", format!("{method} {route}"));
    span.record("otel.kind", "server");
    span.set_attribute("http.request.method", method.to_owned());
    span.set_attribute("http.route", route.to_owned());
}

fn trace_parent(headers: &HeaderMap) -> Option<&str> {
    headers.get(TRACE_PARENT)?.to_str().ok()
}

/// Says how the request of a span was answered.
pub fn describe_response(span: &Span, status: u16) {
    span.set_attribute("http.response.status_code", i64::from(status));
}

struct Header<'a>(&'a str);

impl Extractor for Header<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACE_PARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACE_PARENT]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_key() {
        assert_eq!(TracesSettings::default().validate(), Ok(()));
        for (endpoint, share, key) in [
            ("https://example.org", 0.1, "endpoint"),
            ("localhost:4318", 0.1, "endpoint"),
            ("", 1.5, "share"),
            ("", f64::NAN, "share"),
        ] {
            let settings = TracesSettings { endpoint: endpoint.to_owned(), share };
            assert_eq!(settings.validate().map_err(|error| error.key), Err(key), "{settings:?}");
        }
    }
}
