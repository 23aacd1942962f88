//! Figures on a listener of their own, so that they can be kept from whoever may ask questions.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exposition::{Exposition, MEDIA_TYPE};

/// The `metrics` section of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Address and port on which Prometheus reads the figures, at `/metrics`; empty for nowhere.
    pub listen: String,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".to_owned() }
    }
}

/// Answers `GET /metrics` on `listener` until `shutdown`.
pub async fn serve_metrics(exposition: Exposition, listener: TcpListener, shutdown: CancellationToken) {
    let exposition = Arc::new(exposition);
    let router = Router::new().route("/metrics", get(async move || told(&exposition)));
    let serving = axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

fn told(exposition: &Exposition) -> Response {
    let Ok(text) = exposition.text() else {
        tracing::error!("a source told figures that do not fit their declaration");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
}
