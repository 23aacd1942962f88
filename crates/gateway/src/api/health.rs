//! Whether the process lives, and whether it can do its work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Gateway;
use crate::extract::Json;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process lives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    status: &'static str,
    /// The program's version.
    version: &'static str,
    /// Seconds since it started.
    uptime_s: u64,
}

/// Whether each part works.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`, or `not ready`.
    status: &'static str,
    checks: Checks,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checks {
    /// `ok`, or what is wrong.
    database: &'static str,
    /// `ok`, or `absent: keywords only`.
    embedding_model: &'static str,
    /// `ok`; `absent` where none is configured; or `down: limits hold for each process alone`.
    redis: &'static str,
    /// How many read replicas answer, of how many; the primary does the work of those that do not.
    replicas: String,
}

/// Liveness: touches nothing.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
pub(crate) async fn live(State(gateway): State<Gateway>) -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), uptime_s: gateway.uptime_seconds() })
}

/// Readiness: asks each dependency, and names the one that is down.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub(crate) async fn ready(State(gateway): State<Gateway>) -> (StatusCode, Json<Readiness>) {
    let database = match tokio::time::timeout(PATIENCE, gateway.store().ping()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            "down"
        }
        Err(_) => "down: no answer in time",
    };
    // Answers are found by keywords without a model, so its absence does not take the server out of service.
    let embedding_model = if gateway.knowledge().model_name().is_some() { "ok" } else { "absent: keywords only" };
    // Without Redis and without replicas everything works, a little slower.
    let health = gateway.coordination().health().await;
    let redis = match (health.configured, health.reachable) {
        (false, _) => "absent",
        (true, true) => "ok",
        (true, false) => "down: limits hold for each process alone",
    };
    let replicas = gateway.store().replicas();
    let answering = replicas.iter().filter(|replica| replica.reachable).count();
    let replicas = format!("{answering} of {}", replicas.len());
    let (status, word) =
        if database == "ok" { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    (status, Json(Readiness { status: word, checks: Checks { database, embedding_model, redis, replicas } }))
}
