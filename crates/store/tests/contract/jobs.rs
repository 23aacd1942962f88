//! Jobs: claimed once, tried again later, given up when they never end well.

use crate::support::TestStore;
use chrono::TimeDelta;
use store::chunks::{Extracted, NewChunk, StoredVector};
use store::documents::Stored;
use store::jobs::{Job, LEASE, Orphans};
use store::values::{DocumentStatus, JobKind};
use store::{Store, Visibility};
use uuid::Uuid;

async fn with_one_job(test: &TestStore) -> Uuid {
    let anna = test.account("anna@example.org").await;
    let Stored::Created(document) = test.stored(anna.id, Visibility::Shared, "text").await else { panic!("new") };
    document.id
}

pub(crate) async fn a_job_is_claimed_once_until_it_is_released(test: TestStore) {
    with_one_job(&test).await;
    let first = test.store.claim_jobs(JobKind::Ingest, 10).await.unwrap();
    assert!(test.store.claim_jobs(JobKind::Ingest, 10).await.unwrap().is_empty());
    test.store.release_jobs(&[first[0].id]).await.unwrap();
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 10).await.unwrap().len(), 1);
}

pub(crate) async fn a_failed_job_waits_before_it_is_tried_again(test: TestStore) {
    let document_id = with_one_job(&test).await;
    let job = test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().remove(0);
    test.store.fail_job(job.id, "the disk is full", Some(TimeDelta::seconds(4))).await.unwrap();
    assert!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().is_empty());
    test.clock.advance(TimeDelta::seconds(4));
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap()[0].attempts, 1);
    let document = test.store.any_document(document_id).await.unwrap().unwrap();
    assert_eq!(document.status, DocumentStatus::Queued);
}

pub(crate) async fn giving_up_tells_the_document_why_and_a_retry_forgets_it(test: TestStore) {
    let document_id = with_one_job(&test).await;
    let job = test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().remove(0);
    test.store.fail_job(job.id, "it is encrypted", None).await.unwrap();
    let failed = test.store.any_document(document_id).await.unwrap().unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (DocumentStatus::Failed, Some("it is encrypted")));
    test.store.retry_document(document_id).await.unwrap();
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 9).await.unwrap().len(), 1);
}

pub(crate) async fn a_job_whose_process_dies_comes_back_but_not_for_ever(test: TestStore) {
    let document_id = with_one_job(&test).await;
    for _ in 0..5 {
        let dying = test.another_process().await;
        assert_eq!(dying.claim_jobs(JobKind::Ingest, 1).await.unwrap().len(), 1);
        assert_eq!(test.store.recover_jobs(Orphans::AllOthers).await.unwrap(), 1);
    }
    assert!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().is_empty());
    let document = test.store.any_document(document_id).await.unwrap().unwrap();
    assert!(document.error.unwrap().contains("died 5 times"));
}

pub(crate) async fn a_job_that_got_further_between_two_deaths_is_not_given_up(test: TestStore) {
    let document = with_chunks(&test, "a long and innocent document", 9).await;
    for _ in 0..9 {
        let dying = test.another_process().await;
        assert_eq!(dying.claim_jobs(JobKind::Embed, 8).await.unwrap().len(), 1, "given up");
        // One passage more each time.
        store_vectors_of(&dying, document, 1).await;
        test.store.recover_jobs(Orphans::AllOthers).await.unwrap();
    }
    let status = test.store.any_document(document).await.unwrap().unwrap().status;
    assert_eq!(status, DocumentStatus::Ready);
}

pub(crate) async fn a_job_that_kills_its_process_takes_no_others_with_it(test: TestStore) {
    let killer = with_chunks(&test, "a document that kills the process", 1).await;
    let dying = test.another_process().await;
    assert_eq!(dying.claim_jobs(JobKind::Embed, 8).await.unwrap().len(), 1);
    test.store.recover_jobs(Orphans::AllOthers).await.unwrap();
    let innocent = with_chunks(&test, "an innocent document", 1).await;
    let claimed = test.store.claim_jobs(JobKind::Embed, 8).await.unwrap();
    assert_eq!(documents(&claimed), [innocent]);
    assert_eq!(documents(&test.store.claim_jobs(JobKind::Embed, 8).await.unwrap()), [killer]);
}

pub(crate) async fn a_lease_holds_while_its_process_says_that_it_lives(test: TestStore) {
    with_one_job(&test).await;
    let worker = test.another_process().await;
    assert_eq!(worker.claim_jobs(JobKind::Ingest, 1).await.unwrap().len(), 1);
    for _ in 0..5 {
        test.clock.advance(LEASE / 2);
        assert_eq!(worker.extend_leases().await.unwrap(), 1);
        assert_eq!(test.store.recover_jobs(Orphans::Expired).await.unwrap(), 0);
    }
    test.clock.advance(LEASE);
    assert_eq!(test.store.recover_jobs(Orphans::Expired).await.unwrap(), 1);
    assert_eq!(worker.extend_leases().await.unwrap(), 0);
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().len(), 1);
}

pub(crate) async fn what_a_process_stores_after_its_lease_ran_out_is_refused(test: TestStore) {
    let document = with_one_job(&test).await;
    let sleeper = test.another_process().await;
    let slept_over = sleeper.claim_jobs(JobKind::Ingest, 1).await.unwrap();
    test.clock.advance(LEASE);
    test.store.recover_jobs(Orphans::Expired).await.unwrap();
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().len(), 1);
    // It wakes up, and does not know.
    assert!(!sleeper.store_extracted(document, extracted("text", 1), true).await.unwrap());
    sleeper.fail_job(slept_over[0].id, "too late", None).await.unwrap();
    sleeper.release_jobs(&[slept_over[0].id]).await.unwrap();
    assert_eq!(test.store.any_document(document).await.unwrap().unwrap().status, DocumentStatus::Queued);
    assert!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().is_empty(), "it is in hand");
    assert!(test.store.store_extracted(document, extracted("text", 1), true).await.unwrap());

    assert_eq!(sleeper.claim_jobs(JobKind::Embed, 1).await.unwrap().len(), 1);
    test.clock.advance(LEASE);
    test.store.recover_jobs(Orphans::Expired).await.unwrap();
    assert_eq!(test.store.claim_jobs(JobKind::Embed, 1).await.unwrap().len(), 1);
    assert_eq!(store_vectors_of(&sleeper, document, 1).await, 0);
    assert_eq!(store_vectors_of(&test.store, document, 1).await, 1);
    assert_eq!(test.store.any_document(document).await.unwrap().unwrap().status, DocumentStatus::Ready);
}

pub(crate) async fn each_job_is_claimed_by_one_of_many(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    for number in 0..40 {
        test.stored(anna.id, Visibility::Private, &format!("text {number}")).await;
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let worker = test.another_process().await;
        workers.spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let jobs = worker.claim_jobs(JobKind::Ingest, 3).await.unwrap();
                if jobs.is_empty() {
                    return claimed;
                }
                claimed.extend(documents(&jobs));
            }
        });
    }
    let mut claimed = workers.join_all().await.concat();
    claimed.sort_unstable();
    let all = claimed.len();
    claimed.dedup();
    assert_eq!((all, claimed.len()), (40, 40));
}

pub(crate) async fn one_persons_many_files_do_not_make_another_wait_for_all_of_them(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    for number in 0..20 {
        test.stored(anna.id, Visibility::Private, &format!("one of many {number}")).await;
    }
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 5).await.unwrap().len(), 5);
    let Stored::Created(first) = test.stored(ben.id, Visibility::Private, "a single one").await else { panic!("new") };
    let Stored::Created(second) = test.stored(ben.id, Visibility::Private, "and one more").await else { panic!("new") };
    let next = documents(&test.store.claim_jobs(JobKind::Ingest, 4).await.unwrap());
    let place = |id: Uuid| next.iter().position(|document| *document == id);
    assert!(place(first.id).is_some_and(|place| place < 2), "{next:?}");
    assert!(place(second.id).is_some_and(|place| place < 4), "{next:?}");
}

pub(crate) async fn a_large_document_gives_others_their_turn(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    for number in 0..9 {
        test.stored(anna.id, Visibility::Private, &format!("one of several large ones {number}")).await;
    }
    let first = test.store.claim_jobs(JobKind::Ingest, 4).await.unwrap();
    let Stored::Created(small) = test.stored(ben.id, Visibility::Private, "a small one").await else { panic!("new") };
    // There is more to do for each of them.
    test.store.release_jobs(&first.iter().map(|job| job.id).collect::<Vec<_>>()).await.unwrap();
    let next = documents(&test.store.claim_jobs(JobKind::Ingest, 4).await.unwrap());
    assert!(next.contains(&small.id), "{next:?}");
}

fn documents(jobs: &[Job]) -> Vec<Uuid> {
    jobs.iter().map(|job| job.document_id).collect()
}

fn extracted(words: &str, chunks: usize) -> Extracted {
    let chunk = NewChunk { heading_path: String::new(), start: 0, end: words.len(), units: Vec::new() };
    Extracted { title: None, text: words.to_owned(), chunks: vec![chunk; chunks] }
}

/// Stores the vectors of up to so many chunks, and returns how many were taken.
async fn store_vectors_of(store: &Store, document: Uuid, chunks: u64) -> usize {
    let pending = store.pending_chunks(&[document], chunks).await.unwrap();
    let vector = |number| StoredVector { number, scale: 1.0, codes: vec![1; 8], units: Vec::new() };
    let vectors = pending.iter().map(|chunk| vector(chunk.number)).collect();
    store.store_vectors("model", &[document], vectors).await.unwrap()
}

/// A document that waits for the vectors of its chunks.
async fn with_chunks(test: &TestStore, words: &str, chunks: usize) -> Uuid {
    let owner = match test.store.first_admin().await.unwrap() {
        Some(owner) => owner,
        None => test.account("anna@example.org").await,
    };
    let Stored::Created(document) = test.stored(owner.id, Visibility::Shared, words).await else { panic!("new") };
    assert!(test.store.store_extracted(document.id, extracted(words, chunks), true).await.unwrap());
    document.id
}
