//! Databases of their own for tests, on the throw-away servers that `scripts/with_servers.py` starts and stops. The servers
//! go as a whole, so nothing is cleaned up here.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on should stop where it stands"
)]

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database};
use uuid::Uuid;

/// A PostgreSQL server of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The oldest version that is supported, without pgvector.
    Postgres15,
    /// A current version, with pgvector and a streaming replica.
    WithVectors,
}

/// The address of a new, empty database.
pub async fn database(server: Server) -> String {
    let name = format!("test_{}", Uuid::now_v7().simple());
    let variable = match server {
        Server::Postgres15 => "VOICEASSIST_TEST_POSTGRES",
        Server::WithVectors => "VOICEASSIST_TEST_PGVECTOR",
    };
    let server = variable_of_a_server(variable);
    let mut options = ConnectOptions::new(&server);
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await.expect("the test server answers");
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database is made");
    connection.close().await.expect("the connection ends");
    in_database(&server, &name)
}

/// The address of a new database, when the tests are to run on the cluster profile: `VOICEASSIST_TEST_PROFILE=cluster`.
pub async fn database_of_the_profile() -> Option<String> {
    match std::env::var("VOICEASSIST_TEST_PROFILE").as_deref() {
        Ok("cluster") => Some(database(Server::WithVectors).await),
        Ok("embedded") | Err(_) => None,
        Ok(other) => panic!("VOICEASSIST_TEST_PROFILE is embedded or cluster, not {other}"),
    }
}

/// The address of the Redis that the processes of the cluster profile share.
#[must_use]
pub fn redis_of_the_profile() -> Option<String> {
    let cluster = std::env::var("VOICEASSIST_TEST_PROFILE").is_ok_and(|profile| profile == "cluster");
    cluster.then(|| variable_of_a_server("VOICEASSIST_TEST_REDIS"))
}

/// The address of the same database on the streaming replica of [`Server::WithVectors`].
#[must_use]
pub fn on_replica(url: &str) -> String {
    let name = url.rsplit('/').next().unwrap_or_default();
    in_database(&variable_of_a_server("VOICEASSIST_TEST_PGVECTOR_REPLICA"), name)
}

/// What `scripts/with_servers.py` says about a server.
#[must_use]
pub fn variable_of_a_server(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests with `make test`, or one of them with `scripts/with_servers.py cargo nextest run …`")
    })
}

fn in_database(server: &str, name: &str) -> String {
    let (place, _) = server.rsplit_once('/').expect("the address of a server ends with a database");
    format!("{place}/{name}")
}
