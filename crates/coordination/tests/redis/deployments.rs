//! The ways in which Redis is run: behind TLS, watched by sentinels, as a cluster.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use coordination::{Coordination, Decision, Limit, Settings, State};

use crate::common::{connected, settings, two, until, variable};

const MINUTE: Duration = Duration::from_mins(1);

/// What works on one Redis must work on all.
async fn everything_works(settings: &Settings) {
    let [one, other] = two(settings).await;
    // Enough keys for every node of a cluster to hold some.
    let keys: Vec<String> = (0..50).map(|number| format!("key {number}")).collect();
    for (position, key) in (1..).zip(&keys) {
        one.mark(&[key], position, MINUTE).await.unwrap();
    }
    assert_eq!(other.marks(&keys).await, Ok(Some(50)));
    one.mark(&keys, 60, MINUTE).await.unwrap();
    for key in &keys {
        assert_eq!(other.marks(&[key]).await, Ok(Some(60)));
        one.set(key, Bytes::copy_from_slice(key.as_bytes()), MINUTE).await.unwrap();
        assert_eq!(other.get(key).await, Ok(Some(Bytes::copy_from_slice(key.as_bytes()))));
        let limit = Limit::per_minute("test", 1);
        assert_eq!(one.allow(&limit, key).await, Decision::Allowed);
        assert!(matches!(other.allow(&limit, key).await, Decision::Refused { .. }));
    }
    other.delete(&keys).await.unwrap();
    for key in &keys {
        assert_eq!(one.get(key).await, Ok(None));
    }
    let counters = [one.counters(), other.counters()];
    assert!(counters.iter().all(|counters| counters.failures + counters.skipped == 0), "{counters:?}");
}

#[tokio::test]
async fn everything_works_on_one_redis() {
    everything_works(&settings(&variable("VOICEASSIST_TEST_REDIS"))).await;
}

#[tokio::test]
async fn everything_works_behind_a_sentinel() {
    everything_works(&settings(&variable("VOICEASSIST_TEST_REDIS_SENTINEL"))).await;
}

#[tokio::test]
async fn everything_works_on_a_cluster() {
    everything_works(&settings(&variable("VOICEASSIST_TEST_REDIS_CLUSTER"))).await;
}

fn over_tls(ca_file: Option<PathBuf>) -> Settings {
    Settings { ca_file, ..settings(&variable("VOICEASSIST_TEST_REDIS_TLS")) }
}

#[tokio::test]
async fn everything_works_over_tls() {
    everything_works(&over_tls(Some(variable("VOICEASSIST_TEST_REDIS_TLS_CA").into()))).await;
}

#[tokio::test]
async fn a_redis_is_refused_for_which_no_known_authority_vouches() {
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("other.pem");
    make_authority(directory.path(), &other);
    for ca_file in [Some(other), None] {
        let coordination = Coordination::start(&over_tls(ca_file)).unwrap();
        until("Redis is refused", async || coordination.counters().state == State::Unreachable).await;
        assert!(!coordination.health().await.reachable);
    }
    // The same Redis is taken with its own authority.
    connected(&over_tls(Some(variable("VOICEASSIST_TEST_REDIS_TLS_CA").into()))).await;
}

fn make_authority(directory: &Path, certificate: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=other",
        ])
        .arg("-keyout")
        .arg(directory.join("other.key"))
        .arg("-out")
        .arg(certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
