//! What many ask for at the same time is computed once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cache::{Backing, Cache, Flight, Settings};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::common::{Hands, MINE, Note, YOURS, change, connected, lookup, opened, redis_settings, until, variable};

/// Asks as the program does: the cache, then the flight, then computing, which takes a while.
async fn ask(cache: Cache<Note>, computed: Arc<AtomicUsize>, present: u64) -> String {
    let asked = lookup("q", MINE, present);
    if let Some(hit) = cache.get(&asked).await {
        return hit.value.text.clone();
    }
    match cache.flight(&asked).await {
        Flight::Landed(landed) => landed.value.text.clone(),
        Flight::Leader(leader) => {
            let number = computed.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let value = Note::new(&format!("computed {number}"), &[7]);
            let value = cache.put(&asked, "c", None, present, value).await;
            leader.finish(present, Arc::clone(&value));
            value.text.clone()
        }
    }
}

async fn all_at_once(caches: &[Cache<Note>], askers: usize) -> (Vec<String>, usize) {
    let (computed, barrier) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(askers)));
    let mut tasks = JoinSet::new();
    for number in 0..askers {
        let (cache, computed, barrier) =
            (caches[number % caches.len()].clone(), Arc::clone(&computed), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            ask(cache, computed, 0).await
        });
    }
    (tasks.join_all().await, computed.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_askers_compute_once() {
    for _ in 0..20 {
        let cache = opened(Settings::default(), Backing::None, &Hands::new()).await;
        let (texts, computed) = all_at_once(std::slice::from_ref(&cache), 100).await;
        assert_eq!(computed, 1);
        assert!(texts.iter().all(|text| text == "computed 0"), "{texts:?}");
        assert_eq!((cache.figures().flights.led, cache.figures().flights.failed), (1, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_gateways_compute_once() {
    for _ in 0..10 {
        let (hands, redis) = (Hands::new(), redis_settings(&variable("VOICEASSIST_TEST_REDIS")));
        let open = async || opened(Settings::default(), Backing::Shared(connected(&redis).await), &hands).await;
        let caches = [open().await, open().await];
        let (texts, computed) = all_at_once(&caches, 40).await;
        assert_eq!(computed, 1);
        assert!(texts.iter().all(|text| text == "computed 0"), "{texts:?}");
    }
}

#[tokio::test]
async fn when_the_leader_gives_up_another_one_leads() {
    let cache = opened(Settings::default(), Backing::None, &Hands::new()).await;
    let asked = lookup("q", MINE, 0);
    let Flight::Leader(first) = cache.flight(&asked).await else { panic!("nobody else asks") };
    let follower = || {
        let cache = cache.clone();
        async move { cache.flight(&lookup("q", MINE, 0)).await }
    };
    let mut followers = JoinSet::new();
    followers.spawn(follower());
    followers.spawn(follower());
    tokio::task::yield_now().await;
    drop(first);
    let Some(Ok(Flight::Leader(second))) = followers.join_next().await else { panic!("one of them leads") };
    second.finish(0, Arc::new(Note::new("a", &[7])));
    let Some(Ok(Flight::Landed(landed))) = followers.join_next().await else { panic!("the other one follows") };
    assert_eq!((landed.value.text.as_str(), landed.as_of), ("a", 0));
    let flights = cache.figures().flights;
    assert_eq!((flights.led, flights.followed, flights.failed), (2, 1, 1));
}

#[tokio::test]
async fn a_follower_who_must_see_more_than_the_leader_saw_computes_himself() {
    let cache = opened(Settings::default(), Backing::None, &Hands::new()).await;
    let Flight::Leader(leader) = cache.flight(&lookup("q", MINE, 0)).await else { panic!("nobody else asks") };
    let present = change(&cache, 7);
    let later = tokio::spawn({
        let cache = cache.clone();
        async move { cache.flight(&lookup("q", MINE, present)).await }
    });
    tokio::task::yield_now().await;
    leader.finish(0, Arc::new(Note::new("altered", &[7])));
    assert!(matches!(later.await.unwrap(), Flight::Leader(_)));
}

#[tokio::test]
async fn nobody_follows_a_flight_of_another_scope() {
    let cache = opened(Settings::default(), Backing::None, &Hands::new()).await;
    let mine = cache.flight(&lookup("q", MINE, 0)).await;
    let yours = cache.flight(&lookup("q", YOURS, 0)).await;
    assert!(matches!((mine, yours), (Flight::Leader(_), Flight::Leader(_))));
}

#[tokio::test]
async fn a_gateway_that_died_delays_the_others_no_longer_than_its_lease() {
    let (hands, redis) = (Hands::new(), redis_settings(&variable("VOICEASSIST_TEST_REDIS")));
    let settings = Settings { flight_lease_ms: 200, ..Settings::default() };
    let open = async || opened(settings.clone(), Backing::Shared(connected(&redis).await), &hands).await;
    let [dead, alive] = [open().await, open().await];
    let Flight::Leader(leader) = dead.flight(&lookup("q", MINE, 0)).await else { panic!("nobody else asks") };
    // It is never dropped: nobody gives the lease back.
    std::mem::forget(leader);
    let began = std::time::Instant::now();
    assert!(matches!(alive.flight(&lookup("q", MINE, 0)).await, Flight::Leader(_)));
    assert!(began.elapsed().as_millis() >= 100, "{:?}: nobody was waited for", began.elapsed());
}

#[tokio::test]
async fn a_lease_is_given_back_when_computing_failed() {
    let (hands, redis) = (Hands::new(), redis_settings(&variable("VOICEASSIST_TEST_REDIS")));
    let settings = Settings { flight_lease_ms: 600_000, ..Settings::default() };
    let open = async || opened(settings.clone(), Backing::Shared(connected(&redis).await), &hands).await;
    let [one, other] = [open().await, open().await];
    let Flight::Leader(leader) = one.flight(&lookup("q", MINE, 0)).await else { panic!("nobody else asks") };
    let waiting = tokio::spawn(async move { other.flight(&lookup("q", MINE, 0)).await });
    drop(leader);
    until("the other one leads", async || waiting.is_finished()).await;
    assert!(matches!(waiting.await.unwrap(), Flight::Leader(_)));
}
