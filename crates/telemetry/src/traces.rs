//! Traces: where the time of a request goes, told to an OpenTelemetry collector. Off until the settings say where to.
//!
//! A span has the names of its route and its queries, never what somebody asked.

use std::sync::atomic::{AtomicBool, Ordering};

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
        Self { endpoint: String::new(), share: 0.05 }
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
pub struct Traces(Option<SdkTracerProvider>);

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
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.share)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(Resource::builder().with_service_name("voiceassist").build());
        Ok(Self(Some(provider.build())))
    }

    /// What hands spans over, where they are wanted.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = self.0.as_ref()?.tracer("voiceassist");
        COLLECTED.store(true, Ordering::Relaxed);
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        Some(layer.with_filter(filter_fn(is_ours)))
    }

    /// Sends what has not been sent yet.
    pub async fn shut_down(self) {
        let Some(provider) = self.0 else { return };
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

/// Whether there is a collector.
static COLLECTED: AtomicBool = AtomicBool::new(false);

/// Says by which trace a request was called. `span` is its span, whose fields `otel.name` and `otel.kind` are empty yet.
pub fn describe_request(span: &Span, method: &str, route: &str, headers: &HeaderMap) {
    if !COLLECTED.load(Ordering::Relaxed) {
        return;
    }
    if let Some(parent) = headers.get(TRACE_PARENT).and_then(|value| value.to_str().ok()) {
        // Only a span without a layer has no place for it.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Header(parent)));
    }
    // Before anything is done within the span: then its name and its kind are fixed.
    span.record("otel.name", format!("{method} {route}"));
    span.record("otel.kind", "server");
    span.set_attribute("http.request.method", method.to_owned());
    span.set_attribute("http.route", route.to_owned());
}

/// Says how the request of a span was answered.
pub fn describe_response(span: &Span, status: u16) {
    if COLLECTED.load(Ordering::Relaxed) {
        span.set_attribute("http.response.status_code", i64::from(status));
    }
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
