//! Opening a PostgreSQL database.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::{Connection as _, PgConnection};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::{DatabaseUrl, Settings};
use crate::{Error, Result};

/// Oldest server that is supported; its `server_version_num`.
const OLDEST: i32 = 150_000;

/// How long the server may leave a transaction open that does nothing: no operation of ours computes or waits for a
/// network within one.
const IDLE_IN_TRANSACTION: &str = "60s";

/// How long a reader waits for a connection to a replica: the primary is there, too.
const REPLICA_PATIENCE: Duration = Duration::from_millis(500);

/// Connects to a server and sees that it can be used.
pub(super) async fn connect(url: &DatabaseUrl, settings: &Settings) -> Result<DatabaseConnection> {
    let unreachable = |source| Error::Unreachable { place: url.to_string(), source };
    // A pool would try again until its time is up, and then not say why.
    let probe: PgConnectOptions = url.secret().parse().map_err(unreachable)?;
    PgConnection::connect_with(&probe).await.map_err(unreachable)?.close().await.map_err(unreachable)?;
    let connection = Database::connect(options(url, settings)).await?;
    let version: i32 = super::scalar(&connection, "SELECT current_setting('server_version_num')::int4").await?;
    if version < OLDEST {
        return Err(Error::TooOld { place: url.to_string(), version: version / 10_000 });
    }
    Ok(connection)
}

/// A connection to a server that may be down now and come back later, as a replica may.
pub(super) async fn connect_lazily(url: &DatabaseUrl, settings: &Settings) -> Result<DatabaseConnection> {
    let mut options = options(url, settings);
    options.connect_lazy(true).acquire_timeout(REPLICA_PATIENCE);
    Ok(Database::connect(options).await?)
}

fn options(url: &DatabaseUrl, settings: &Settings) -> ConnectOptions {
    let statement_timeout = settings.statement_timeout_ms.to_string();
    let mut options = ConnectOptions::new(url.secret());
    options
        .max_connections(settings.max_connections)
        .min_connections(settings.min_connections)
        .acquire_timeout(Duration::from_millis(settings.acquire_timeout_ms))
        .max_lifetime(Duration::from_secs(settings.max_lifetime_minutes * 60))
        // A server that was restarted must not cost every pooled connection one failed request.
        .test_before_acquire_if_idle_for(Duration::from_secs(5))
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |postgres| {
            postgres.application_name("voiceassist").options([
                ("statement_timeout", statement_timeout.as_str()),
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
                // Compiling a query takes longer than any of ours runs.
                ("jit", "off"),
                // Candidates that a vector search keeps; recall falls below 0.99 with the default of 40.
                ("hnsw.ef_search", "200"),
            ])
        });
    options
}
