//! What has expired is deleted, at the start and later on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use knowledge::Knowledge;
use store::accounts::NewAccount;
use store::values::{Role, SessionKind};
use store::{Clock, Store};
use tokio_util::sync::CancellationToken;

const DAY: TimeDelta = TimeDelta::days(1);

#[tokio::test]
async fn sessions_that_expired_while_nothing_ran_are_deleted_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual("2026-11-24T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let url = test_servers::database_of_the_profile().await.map(store::DatabaseUrl::new);
    let database = store::Settings { url, min_connections: 0, max_connections: 5, ..store::Settings::default() };
    let store = Store::open(directory.path(), &database, clock.clone()).await.unwrap();
    let new = NewAccount {
        email: "anna@example.org".to_owned(),
        name: "Anna".to_owned(),
        password_hash: String::new(),
        role: Role::User,
    };
    let anna = store.add_account(new).await.unwrap();
    for lifetime in [DAY, DAY, DAY * 2] {
        let id = clock.new_id();
        store.begin_session(id, anna.id, SessionKind::Browser, b"secret", lifetime).await.unwrap();
    }
    clock.advance(DAY);

    let knowledge = Knowledge::open(store.clone(), knowledge::Settings::default()).await.unwrap();
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(worker::run(knowledge, Arc::default(), shutdown.clone()));
    let one_left = async {
        while store.count_sessions().await.unwrap() != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), one_left).await.unwrap();
    shutdown.cancel();
    working.await.unwrap().unwrap();
}
