//! The second tier on disk: it survives the process, and whatever befalls its file.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use cache::{Backing, Cache, Settings, Tier};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, SqlitePool};
use tempfile::TempDir;
use uuid::Uuid;

use crate::common::{Hands, MINE, Note, change, key, lookup, opened, text};

async fn on_disk(directory: &Path, hands: &Hands) -> Cache<Note> {
    opened(Settings::default(), Backing::Disk(directory.to_owned()), hands).await
}

/// A look at the file from outside.
async fn raw(directory: &Path) -> SqlitePool {
    SqlitePool::connect_with(SqliteConnectOptions::new().filename(directory.join("cache.db"))).await.unwrap()
}

async fn put(cache: &Cache<Note>, question: &str, sources: &[u128]) {
    cache.put(&lookup(question, MINE, 0), "c", Some(&[1.0, 0.0]), 0, Note::new(question, sources)).await;
}

async fn get(cache: &Cache<Note>, question: &str) -> Option<(Tier, String)> {
    let hit = cache.get(&lookup(question, MINE, cache.journal().present())).await?;
    Some((hit.tier, hit.value.text.clone()))
}

fn in_l2(question: &str) -> (Tier, String) {
    (Tier::L2, question.to_owned())
}

#[tokio::test]
async fn entries_and_questions_survive_the_process() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    put(&on_disk(directory.path(), &hands).await, "q", &[7]).await;
    let cache = on_disk(directory.path(), &hands).await;
    assert_eq!((cache.figures().rag.entries, cache.figures().l2.entries), (1, 1));
    let alike = cache.get_alike(&lookup("p", MINE, 0), &[1.0, 0.0], "c", &|_, _| Ok(())).await;
    assert_eq!(text(alike), Some("q".to_owned()));
    let cache = on_disk(directory.path(), &hands).await;
    assert_eq!(get(&cache, "q").await, Some(in_l2("q")));
    assert_eq!(get(&cache, "q").await, Some((Tier::L1, "q".to_owned())));
    // Not what was altered meanwhile.
    let cache = on_disk(directory.path(), &hands).await;
    change(&cache, 7);
    assert_eq!(get(&cache, "q").await, None);
    let l2 = cache.figures().l2;
    assert_eq!((l2.misses["invalidated"], l2.evictions.invalidated), (1, 1));
    assert!(cache.find(key("q")).await.iter().all(|left| left.tier == Tier::Rag));
}

#[tokio::test]
async fn what_was_found_by_meaning_is_known_by_its_own_words_and_goes_with_the_other() {
    for dropped in ["q", "p"] {
        let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
        let cache = on_disk(directory.path(), &hands).await;
        put(&cache, "q", &[7]).await;
        let alike = cache.get_alike(&lookup("p", MINE, 0), &[1.0, 0.0], "c", &|_, _| Ok(())).await;
        assert_eq!(text(alike), Some("q".to_owned()));
        let other = on_disk(directory.path(), &hands).await;
        assert_eq!(get(&other, "p").await, Some(in_l2("q")));
        let other = on_disk(directory.path(), &hands).await;
        assert_eq!(other.remove(key(dropped)).await, [Tier::L2, Tier::Rag]);
        let other = on_disk(directory.path(), &hands).await;
        assert_eq!((get(&other, "q").await, get(&other, "p").await), (None, None), "{dropped}");
    }
}

#[tokio::test]
async fn its_time_ends_in_every_process() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    let settings = Settings { l1_ttl_s: 3_600, l2_ttl_s: 10, ..Settings::default() };
    let backing = Backing::Disk(directory.path().to_owned());
    let cache = opened(settings.clone(), backing.clone(), &hands).await;
    put(&cache, "q", &[7]).await;
    hands.advance_ms(9_000);
    let other = opened(settings, backing, &hands).await;
    assert_eq!(get(&other, "q").await, Some(in_l2("q")));
    // The first tier does not prolong what the second gave it.
    hands.advance_ms(1_000);
    assert_eq!(get(&other, "q").await, None);
    let figures = other.figures();
    assert_eq!((figures.l1.misses["expired"], figures.l2.misses["expired"]), (1, 1));
    assert_eq!(figures.l2.evictions.expired, 1);
}

#[tokio::test]
async fn a_process_learns_what_another_one_was_asked() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    let one = on_disk(directory.path(), &hands).await;
    let other = on_disk(directory.path(), &hands).await;
    put(&one, "q", &[7]).await;
    other.sweep().await;
    let alike = other.get_alike(&lookup("p", MINE, 0), &[1.0, 0.0], "c", &|_, _| Ok(())).await;
    assert_eq!(text(alike), Some("q".to_owned()));
}

#[tokio::test]
async fn what_is_forgotten_is_in_the_file_no_more() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    let cache = on_disk(directory.path(), &hands).await;
    put(&cache, "the salary of Anna", &[7]).await;
    put(&cache, "the colour of the sky", &[8]).await;
    let contains = |needle: &str| {
        let files = std::fs::read_dir(directory.path()).unwrap();
        let bytes: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    };
    assert!(contains("the salary of Anna"));
    cache.forget_sources(&[Uuid::from_u128(7)]).await;
    assert!(!contains("the salary of Anna") && contains("the colour of the sky"));
    assert_eq!(get(&cache, "the salary of Anna").await, None);
    let other = on_disk(directory.path(), &hands).await;
    assert_eq!(get(&other, "the salary of Anna").await, None);
    assert_eq!(other.figures().rag.entries, 1);
}

#[tokio::test]
async fn its_bytes_have_a_limit_and_the_oldest_goes_first() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    let settings = Settings { l2_bytes: 20_000, l2_ttl_s: 100, ..Settings::default() };
    let cache = opened(settings, Backing::Disk(directory.path().to_owned()), &hands).await;
    let file = raw(directory.path()).await;
    for number in 0..100 {
        let question = "x".repeat(number * 30);
        put(&cache, &question, &[7, 8]).await;
        let sum = "SELECT coalesce(sum(bytes), 0), coalesce(sum(length(value)), 0), count(*) FROM entry";
        let (sum, values, rows): (i64, i64, i64) = sqlx::query_as(sum).fetch_one(&file).await.unwrap();
        let l2 = cache.figures().l2;
        assert_eq!((l2.bytes, l2.entries), (sum.cast_unsigned(), rows.cast_unsigned()));
        assert!(sum <= 20_000 && values < sum, "{sum}");
        // The newest is there.
        let other = cache.find(key(&question)).await;
        assert!(other.iter().any(|found| found.tier == Tier::L2), "{number}");
    }
    let orphans = "SELECT (SELECT count(*) FROM source) - 2 * (SELECT count(*) FROM entry),
        (SELECT count(*) FROM news) - (SELECT count(*) FROM entry)";
    assert_eq!(sqlx::query_as::<_, (i64, i64)>(orphans).fetch_one(&file).await.unwrap(), (0, 0));
    assert!(cache.figures().l2.evictions.size > 80);
    // What has expired goes before what came first.
    let evictions = cache.figures().l2.evictions;
    hands.advance_ms(100_000);
    put(&cache, "new", &[]).await;
    cache.put(&lookup("negative", MINE, 0), "c", None, 0, Note::new("", &[])).await;
    put(&cache, &"y".repeat(6_000), &[]).await;
    let l2 = cache.figures().l2;
    assert_eq!((l2.evictions.size, l2.entries), (evictions.size, 3));
    assert!(l2.evictions.expired > evictions.expired);
    // What is larger than everything is not kept.
    put(&cache, &"z".repeat(20_000), &[]).await;
    assert_eq!(cache.figures().l2.entries, 3);
}

#[tokio::test]
async fn a_damaged_entry_is_a_miss() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    put(&on_disk(directory.path(), &hands).await, "q", &[7]).await;
    put(&on_disk(directory.path(), &hands).await, "other", &[7]).await;
    let file = raw(directory.path()).await;
    // The bytes of another key are no better.
    let swap = "UPDATE entry SET value = (SELECT value FROM entry WHERE key = ?) WHERE key = ?";
    let swap = sqlx::query(swap).bind(key("other").as_bytes().to_vec()).bind(key("q").as_bytes().to_vec());
    assert_eq!(swap.execute(&file).await.unwrap().rows_affected(), 1);
    let spoil = sqlx::query("UPDATE entry SET value = substr(value, 2) WHERE key = ?");
    spoil.bind(key("other").as_bytes().to_vec()).execute(&file).await.unwrap();
    let cache = on_disk(directory.path(), &hands).await;
    assert_eq!((get(&cache, "q").await, get(&cache, "other").await), (None, None));
    let l2 = cache.figures().l2;
    assert_eq!((l2.failures, l2.misses["absent"], l2.hits), (2, 2, 0));
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM entry").fetch_one(&file).await.unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_put_aside() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    std::fs::write(directory.path().join("cache.db"), b"this is no database at all").unwrap();
    let cache = on_disk(directory.path(), &hands).await;
    put(&cache, "q", &[7]).await;
    assert_eq!(get(&on_disk(directory.path(), &hands).await, "q").await, Some(in_l2("q")));
    let aside = std::fs::read(directory.path().join("cache.db.damaged")).unwrap();
    assert_eq!(aside, b"this is no database at all");
}

#[tokio::test]
async fn another_versions_file_is_put_aside() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    put(&on_disk(directory.path(), &hands).await, "q", &[7]).await;
    let file = raw(directory.path()).await;
    sqlx::query("PRAGMA user_version = 99").execute(&file).await.unwrap();
    file.close().await;
    let cache = on_disk(directory.path(), &hands).await;
    assert_eq!(get(&cache, "q").await, None);
    assert_eq!(cache.figures().l2.failures, 0);
}

#[tokio::test]
async fn a_file_that_breaks_while_it_is_open_is_begun_anew() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    let settings = Settings { l1_entries: 0, ..Settings::default() };
    let cache = opened(settings, Backing::Disk(directory.path().to_owned()), &hands).await;
    for number in 0..200 {
        put(&cache, &format!("q{number}"), &[7]).await;
    }
    // Everything is in the file itself, not in its log.
    let outside = raw(directory.path()).await;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&outside).await.unwrap();
    outside.close().await;
    let path = directory.path().join("cache.db");
    let length = std::fs::metadata(&path).unwrap().len();
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4_096)).unwrap();
    file.write_all(&vec![0xAB; usize::try_from(length - 4_096).unwrap()]).unwrap();
    drop(file);
    let other =
        opened(Settings { l1_entries: 0, ..Settings::default() }, Backing::Disk(directory.path().to_owned()), &hands)
            .await;
    for number in 0..200 {
        assert_eq!(get(&other, &format!("q{number}")).await, None);
    }
    other.sweep().await;
    put(&other, "new", &[7]).await;
    assert_eq!(get(&other, "new").await, Some(in_l2("new")));
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_no_error() {
    let (directory, hands) = (TempDir::new().unwrap(), Hands::new());
    let no_directory = directory.path().join("file");
    std::fs::write(&no_directory, b"").unwrap();
    let cache = on_disk(&no_directory, &hands).await;
    put(&cache, "q", &[7]).await;
    assert_eq!(get(&cache, "q").await, Some((Tier::L1, "q".to_owned())));
    assert_eq!(get(&cache, "other").await, None);
    let figures = cache.figures();
    assert_eq!(figures.l2.misses["failed"], 1);
    assert!(!cache.clear().await.complete);
    // As soon as it can, it is used.
    std::fs::remove_file(&no_directory).unwrap();
    cache.sweep().await;
    put(&cache, "q", &[7]).await;
    assert_eq!(get(&on_disk(&no_directory, &hands).await, "q").await, Some(in_l2("q")));
}
