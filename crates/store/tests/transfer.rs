//! Everything moves from one database to another, into a backup and out of it, and is the same afterwards.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop where it stands")]

#[path = "transfer/library.rs"]
mod library;

use std::path::Path;
use std::sync::Arc;

use library::{Library, empty_postgres, empty_sqlite};
use sea_orm::{ConnectionTrait as _, Database};
use store::jobs::Orphans;
use store::transfer::{Error, Phase, Step, TableSum, backup, copy, restore};
use store::values::JobKind;
use tokio::sync::{Notify, mpsc};

#[tokio::test]
async fn what_went_to_postgresql_and_back_is_the_same() {
    let source = Library::filled(empty_sqlite().await).await;
    let (postgres, sqlite) = (empty_postgres().await, empty_sqlite().await);
    let moved = copy(&source.store, &postgres.store, &mut |_| {}).await.unwrap();
    let back = copy(&postgres.store, &sqlite.store, &mut |_| {}).await.unwrap();
    assert_eq!(moved, back);
    let rows = |name: &str| moved.iter().find(|sum| sum.name == name).unwrap().rows;
    assert_eq!((rows("account"), rows("setting"), rows("session")), (2, 1, 1));
    assert!(rows("document") > 5 && rows("chunk") > 2_000 && rows("chunk_vector") > 1 && rows("job") > 1);
    assert!(rows("message") > 3 && rows("feedback") == 1);
    let expected = source.everything_found().await;
    assert!(!expected.is_empty());
    for target in [source.moved_to(postgres), source.moved_to(sqlite)] {
        assert_eq!(target.everything_found().await, expected);
        assert!(target.store.live_session(target.session).await.unwrap().is_some(), "people stay signed in");
        let jobs = target.store.claim_jobs(JobKind::Ingest, 100).await.unwrap();
        assert_eq!(jobs.len() as u64, rows("job"), "what was in hand is to be done");
        assert_eq!(target.store.recover_jobs(Orphans::Expired).await.unwrap(), 0);
        // Numbers go on, and everything new is found beside what is old.
        target.add_document("a new one about marmots", true).await;
        assert_eq!(target.found("marmots").await.len(), 1);
        target.exchange("Do marmots hibernate?").await;
        assert_eq!(target.conversations("marmots").await, 1);
        assert_eq!(target.conversations("index").await, 1);
    }
}

#[tokio::test]
async fn meanings_are_found_in_postgresql() {
    let source = Library::filled(empty_sqlite().await).await;
    let target = empty_postgres().await;
    copy(&source.store, &target.store, &mut |_| {}).await.unwrap();
    let target = source.moved_to(target);
    let expected = source.number_of_vector().await;
    let near = target.store.nearest(target.reader(), &Library::VECTOR.map(f32::from), 3, &[]).await.unwrap();
    assert_eq!(near.first().map(|near| near.number), Some(expected));
    assert!(target.store.searches_vectors());
}

#[tokio::test]
async fn a_transfer_that_was_cut_off_anywhere_goes_on_and_ends_the_same() {
    let source = Library::filled(empty_sqlite().await).await;
    let file = tempfile::tempdir().unwrap();
    let file = file.path().join("everything.backup");
    let mut steps = 0;
    let expected = backup(&source.store, &file, &mut |_| steps += 1).await.unwrap();
    for target in [empty_sqlite().await, empty_postgres().await] {
        for cut in 1..steps {
            let copied = cut_off(cut, async |watch| copy(&source.store, &target.store, watch).await).await;
            assert!(copied.is_none(), "cut off at {cut}");
        }
        let cut = cut_off(IN_INDEXING, async |watch| copy(&source.store, &target.store, watch).await).await;
        assert!(cut.is_none());
        assert_eq!(copy(&source.store, &target.store, &mut |_| {}).await.unwrap(), expected);
        assert_eq!(source.moved_to(target).everything_found().await, source.everything_found().await);
    }
    for target in [empty_sqlite().await, empty_postgres().await] {
        for cut in [1, 3, 100, 1_000, 2_000, 2_300] {
            let restored = cut_off(cut, async |watch| restore(&file, &target.store, watch).await).await;
            assert!(restored.is_none(), "cut off at {cut}");
        }
        assert_eq!(restore(&file, &target.store, &mut |_| {}).await.unwrap(), expected);
        assert_eq!(source.moved_to(target).everything_found().await, source.everything_found().await);
    }
}

/// Beyond all steps of copying.
const IN_INDEXING: usize = usize::MAX;

/// Runs a transfer until its `cut`th step, as if it was killed then. `None` if it was.
async fn cut_off(
    cut: usize,
    transfer: impl AsyncFnOnce(&mut (dyn FnMut(Step) + Send)) -> Result<Vec<TableSum>, Error>,
) -> Option<Vec<TableSum>> {
    let (killed, mut steps) = (Notify::new(), 0);
    let mut watch = |step: Step| {
        steps += 1;
        if steps == cut || (cut == IN_INDEXING && step.phase != Phase::Copying) {
            killed.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = killed.notified() => None,
        done = transfer(&mut watch) => Some(done.unwrap()),
    }
}

#[tokio::test]
async fn a_target_with_other_data_is_refused() {
    let (one, other) = (Library::filled(empty_sqlite().await).await, Library::filled(empty_sqlite().await).await);
    let refused = copy(&one.store, &other.store, &mut |_| {}).await;
    assert!(matches!(refused, Err(Error::NotEmpty { table: "account" })), "{refused:?}");
    let target = empty_postgres().await;
    // A server that was started once has made a key.
    target.store.value_or_insert("jwt_key", || vec![1]).await.unwrap();
    assert!(cut_off(3, async |watch| copy(&one.store, &target.store, watch).await).await.is_none());
    let refused = copy(&other.store, &target.store, &mut |_| {}).await;
    assert!(matches!(refused, Err(Error::OtherTransfer)), "{refused:?}");
    let refused = backup(&target.store, &target.path("half.backup"), &mut |_| {}).await;
    assert!(matches!(refused, Err(Error::HalfFilled)), "{refused:?}");
    copy(&one.store, &target.store, &mut |_| {}).await.unwrap();
    let refused = copy(&one.store, &target.store, &mut |_| {}).await;
    assert!(matches!(refused, Err(Error::NotEmpty { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_source_that_was_changed_meanwhile_is_noticed() {
    let (source, target) = (Library::filled(empty_sqlite().await).await, empty_sqlite().await);
    assert!(cut_off(IN_INDEXING, async |watch| copy(&source.store, &target.store, watch).await).await.is_none());
    source.store.mark_processing(source.queued).await.unwrap();
    let differs = copy(&source.store, &target.store, &mut |_| {}).await;
    assert!(matches!(&differs, Err(Error::Differs { table, .. }) if table == "document"), "{differs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_holds_one_moment_whatever_is_written_meanwhile() {
    for source in [empty_sqlite().await, empty_postgres().await] {
        let source = Arc::new(Library::filled(source).await);
        let before = source.store.count_documents().await.unwrap();
        let file = source.path("everything.backup");
        let (wanted, mut wants) = mpsc::unbounded_channel();
        let (written, was_written) = std::sync::mpsc::channel();
        let writer = Arc::clone(&source);
        let writing = tokio::spawn(async move {
            let mut count = 0;
            while let Some(()) = wants.recv().await {
                // A backup that saw what is written would otherwise never come to its end.
                if count < 100 {
                    count += 1;
                    writer.add_document(&format!("written meanwhile, number {count}"), true).await;
                    writer.exchange(&format!("What was written meanwhile, number {count}?")).await;
                }
                written.send(()).unwrap();
            }
            count
        });
        // At every step of the backup a document and a conversation are committed before it goes on.
        let mut watch = move |_| {
            wanted.send(()).unwrap();
            was_written.recv().unwrap();
        };
        let saved = backup(&source.store, &file, &mut watch).await.unwrap();
        drop(watch);
        let count = writing.await.unwrap();
        assert!(count > 5);
        let documents = saved.iter().find(|sum| sum.name == "document").unwrap().rows;
        assert_eq!(documents, before.waiting + before.searchable + before.ready + before.failed);
        for target in [empty_sqlite().await, empty_postgres().await] {
            restore(&file, &target.store, &mut |_| {}).await.unwrap();
            let target = source.moved_to(target);
            assert!(target.found("meanwhile").await.is_empty());
            target.everything_hangs_together().await;
        }
    }
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_nothing_is_written() {
    let source = Library::small(empty_sqlite().await).await;
    let (target, whole) = (empty_sqlite().await, source.path("whole.backup"));
    let sums = backup(&source.store, &whole, &mut |_| {}).await.unwrap();
    let bytes = std::fs::read(&whole).unwrap();
    let damaged = target.path("damaged.backup");
    let refused = async |bytes: &[u8], what: &str| {
        std::fs::write(&damaged, bytes).unwrap();
        let refused = restore(&damaged, &target.store, &mut |_| {}).await;
        assert!(matches!(refused, Err(Error::Damaged { .. } | Error::NotABackup { .. })), "{what}: {refused:?}");
        assert_eq!(target.store.count_accounts().await.unwrap(), 0);
    };
    for length in 0..bytes.len() {
        refused(bytes.get(..length).unwrap(), &format!("cut off after {length} bytes")).await;
    }
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1 << (place % 8);
        refused(&altered, &format!("altered at {place}")).await;
    }
    refused(&[bytes.as_slice(), b"x"].concat(), "continued").await;
    // The target is as empty as it was: another backup may fill it.
    assert_eq!(restore(&whole, &target.store, &mut |_| {}).await.unwrap(), sums);
}

#[tokio::test]
async fn a_backup_replaces_backups_only_and_only_when_complete() {
    let source = Library::small(empty_sqlite().await).await;
    let (file, other) = (source.path("everything.backup"), source.path("letter.txt"));
    backup(&source.store, &file, &mut |_| {}).await.unwrap();
    let first = std::fs::read(&file).unwrap();
    assert!(cut_off(2, async |watch| backup(&source.store, &file, watch).await).await.is_none());
    assert_eq!(std::fs::read(&file).unwrap(), first);
    source.exchange("What is new?").await;
    backup(&source.store, &file, &mut |_| {}).await.unwrap();
    assert_ne!(std::fs::read(&file).unwrap(), first);
    std::fs::write(&other, "Dear Anna").unwrap();
    let refused = backup(&source.store, &other, &mut |_| {}).await;
    assert!(matches!(refused, Err(Error::NotABackup { .. })), "{refused:?}");
    assert_eq!(std::fs::read(&other).unwrap(), b"Dear Anna");
    assert!(is_private(&file));
}

fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).unwrap().permissions().mode().is_multiple_of(0o100)
}

#[tokio::test]
async fn a_text_with_nul_goes_to_postgresql_with_all_its_offsets() {
    let (source, target) = (Library::small(empty_sqlite().await).await, empty_postgres().await);
    let id = source.add_document("a zero-here, and more", false).await;
    source.exchange("And a zero-here?").await;
    // As the first version let them through.
    let database = format!("sqlite://{}", source.path("voiceassist.db").display());
    let database = Database::connect(database).await.unwrap();
    for table in ["document_text", "message"] {
        let zero = format!("UPDATE {table} SET text = replace(text, '-', char(0)) WHERE text LIKE '%zero-here%'");
        assert_eq!(database.execute_unprepared(&zero).await.unwrap().rows_affected(), 1);
    }
    copy(&source.store, &target.store, &mut |_| {}).await.unwrap();
    let text = target.store.document_text(id).await.unwrap();
    assert_eq!(text.as_deref(), Some("a zero here, and more"));
    assert_eq!(source.moved_to(target).conversations("zero here").await, 1);
}
