//! What measures the tiers measures hits, and as many as it says.

use cache::measure::{measure_disk, measure_l1, measure_rag, measure_redis};
use tempfile::TempDir;

use crate::common::{connected, redis_settings, variable};

#[tokio::test]
async fn hits_in_process() {
    let speed = measure_l1(500).await;
    assert!(speed.hits == 500 && speed.mean_ns > 0.0, "{speed:?}");
}

#[tokio::test]
async fn hits_of_the_second_tier() {
    let directory = TempDir::new().unwrap();
    let on_disk = measure_disk(directory.path(), 100).await.unwrap();
    let redis = connected(&redis_settings(&variable("VOICEASSIST_TEST_REDIS"))).await;
    let in_redis = measure_redis(&redis, 100).await.unwrap();
    for speed in [on_disk, in_redis] {
        assert_eq!((speed.hit.count, speed.bare.count), (100, 100));
        assert!(speed.ratio > 0.0 && speed.bare.p50_us > 0.0, "{speed:?}");
    }
}

#[tokio::test]
async fn lookups_by_meaning() {
    let speed = measure_rag(300, 384, 50).await;
    assert_eq!((speed.hit.count, speed.miss.count), (50, 50));
}
