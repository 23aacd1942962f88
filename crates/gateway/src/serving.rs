//! Accepting connections, and the way it ends. Not axum's own loop: that gives a client for ever to send a request's head.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Gateway;

/// Answers requests on `listener` until `shutdown`; then lets the requests in hand finish, for as long as
/// [`Settings::shutdown_seconds`](crate::Settings::shutdown_seconds) allows.
pub async fn serve(gateway: Gateway, mut listener: TcpListener, shutdown: CancellationToken) {
    let mut http = http1::Builder::new();
    let header_timeout = Duration::from_secs(gateway.settings().header_timeout_seconds);
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    let router = gateway.router();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // axum's listener waits where the system has no descriptor left, and tries again.
            (stream, client) = Listener::accept(&mut listener) => {
                connections.spawn(converse(http.clone(), stream, client, router.clone(), shutdown.clone()));
            }
            // One has ended and is forgotten.
            Some(_) = connections.join_next() => {}
            () = shutdown.cancelled() => break,
        }
    }
    // New clients are refused rather than left waiting.
    drop(listener);
    gateway.closing().cancel();
    let drain = Duration::from_secs(gateway.settings().shutdown_seconds);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, finished).await.is_err() {
        tracing::warn!(seconds = drain.as_secs(), "requests were still running at the deadline and are cut off");
        connections.shutdown().await;
    }
    // Questions whose client has gone away are still being recorded.
    gateway.tasks().close();
    if tokio::time::timeout(drain, gateway.tasks().wait()).await.is_err() {
        tracing::warn!("questions were still being answered at the deadline and are not recorded");
    }
}

/// Answers the requests of one connection until it ends, or after `shutdown` the one in hand.
async fn converse(
    http: http1::Builder,
    stream: TcpStream,
    client: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(client));
        router.call(request)
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The client's doing: it went away, dawdled, or does not speak HTTP.
        tracing::debug!(error = %error, "a connection broke off");
    }
}
