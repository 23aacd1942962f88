//! Shelves: values with a limit, labels, announcements and leases.

use std::time::Duration;

use bytes::Bytes;
use coordination::{Coordination, Item, Shelf, Unavailable};

use crate::common::{redis, settings, two, until};

const MINUTE: Duration = Duration::from_mins(1);

fn item<'a>(key: &'a str, value: &'static [u8], announcement: &'static [u8], labels: &[&str]) -> Item<'a> {
    Item {
        key,
        value: Bytes::from_static(value),
        announcement: Bytes::from_static(announcement),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        ttl: MINUTE,
    }
}

async fn shelves(most_bytes: u64) -> [Shelf; 2] {
    two(&settings(&redis())).await.map(|coordination| coordination.shelf("test", most_bytes))
}

#[tokio::test]
async fn a_label_takes_away_what_has_it_and_its_announcement() {
    let [one, other] = shelves(1_000_000).await;
    one.put(item("a", b"\xff\0 1", b"about a", &["x", "y"])).await.unwrap();
    one.put(item("b", b"2", b"about b", &["y"])).await.unwrap();
    let stock = one.put(item("c", b"3", b"", &[])).await.unwrap();
    assert_eq!((stock.items, stock.evicted), (3, 0));
    assert_eq!(other.get("a").await, Ok(Some(Bytes::from_static(b"\xff\0 1"))));
    let announced = other.announced("").await.unwrap();
    let texts: Vec<&[u8]> = announced.iter().map(|(_, announcement)| announcement.as_ref()).collect();
    assert_eq!(texts, [b"about a", b"about b"]);
    assert_eq!(other.announced(&announced[1].0).await.unwrap(), []);
    assert_eq!(other.forget(&["x", "never there"]).await.unwrap(), ["a"]);
    assert_eq!(one.get("a").await, Ok(None));
    assert_eq!(one.announced("").await.unwrap().len(), 1);
    // It replaces, and is counted once.
    let before = one.tidy().await.unwrap();
    assert_eq!(one.put(item("b", b"2", b"about b", &["y"])).await.unwrap().bytes, before.bytes);
    assert_eq!(one.remove(&["b", "never there"]).await, Ok(1));
    assert_eq!(one.clear().await, Ok(1));
    assert_eq!(other.tidy().await.map(|stock| (stock.bytes, stock.items)), Ok((0, 0)));
}

#[tokio::test]
async fn a_thousand_items_are_taken_away() {
    let [one, other] = shelves(10_000_000).await;
    for number in 0..1_000 {
        one.put(item(&number.to_string(), b"v", b"", &["x"])).await.unwrap();
    }
    assert_eq!(other.forget(&["x"]).await.map(|keys| keys.len()), Ok(1_000));
    assert_eq!(other.tidy().await.map(|stock| stock.bytes), Ok(0));
}

#[tokio::test]
async fn what_came_first_makes_room() {
    let [one, _] = shelves(2_500).await;
    for key in ["a", "b", "c", "d"] {
        assert!(one.put(item(key, b"v", b"", &[])).await.unwrap().bytes <= 2_500);
    }
    let there = [one.get("a").await, one.get("b").await, one.get("d").await];
    assert_eq!(there.map(|value| value.unwrap().is_some()), [false, true, true]);
    let large = one.put(item("a", &[0; 3_000], b"", &[])).await.unwrap();
    assert_eq!((large.items, one.get("a").await), (3, Ok(None)));
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_is_over() {
    let [one, other] = shelves(1).await;
    assert_eq!(one.lease("k", "one", MINUTE).await, Ok(true));
    assert_eq!(other.lease("k", "other", MINUTE).await, Ok(false));
    // Nobody gives back what is not his.
    other.release("k", "other").await.unwrap();
    assert_eq!(other.lease("k", "other", MINUTE).await, Ok(false));
    one.release("k", "one").await.unwrap();
    assert_eq!(other.lease("k", "other", Duration::from_millis(20)).await, Ok(true));
    until("the lease is over", async || one.lease("k", "one", MINUTE).await == Ok(true)).await;
}

#[tokio::test]
async fn without_redis_there_is_no_shelf() {
    let shelf = Coordination::alone().shelf("test", 1_000);
    assert_eq!(shelf.get("a").await, Err(Unavailable));
    assert_eq!(shelf.put(item("a", b"", b"", &[])).await, Err(Unavailable));
    assert_eq!(shelf.lease("a", "one", MINUTE).await, Err(Unavailable));
}
