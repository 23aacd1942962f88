//! HTTP: routes, middleware, endpoints, pages, `OpenAPI`.
//!
//! [`serve`] starts it. `routes` lists every path on one page and `middleware` every layer; each endpoint group has a
//! file under `api`, each page one under `pages`. [`auth`] holds accounts, passwords and tokens, which the command line
//! uses as well. Nothing below this crate knows a status code: `problem` gives every failure its own.

mod api;
pub mod auth;
mod extract;
mod gateway;
mod limits;
mod middleware;
mod openapi;
mod pages;
mod problem;
mod routes;
mod settings;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use gateway::Gateway;
pub use openapi::document as openapi_document;
pub use problem::{FieldError, Problem};
pub use routes::OPEN_API_PATHS;
pub use settings::{InvalidSetting, Settings};

/// Answers requests on `listener` until `shutdown`; then lets the requests in hand finish, for as long as
/// [`Settings::shutdown_seconds`] allows.
pub async fn serve(gateway: Gateway, listener: TcpListener, shutdown: CancellationToken) -> std::io::Result<()> {
    let drain = Duration::from_secs(gateway.settings().shutdown_seconds);
    let service = gateway.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let deadline = async {
        shutdown.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    let served = tokio::select! {
        served = serving => served,
        () = deadline => {
            tracing::warn!(seconds = drain.as_secs(), "requests were still running at the deadline and are cut off");
            Ok(())
        }
    };
    // Questions whose client has gone away are still being recorded.
    gateway.tasks().close();
    if tokio::time::timeout(drain, gateway.tasks().wait()).await.is_err() {
        tracing::warn!("questions were still being answered at the deadline and are not recorded");
    }
    served
}
