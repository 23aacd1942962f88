//! Jobs: claimed once, tried again later, given up when they never end well.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop where it stands")]

mod support;

use chrono::TimeDelta;
use store::Visibility;
use store::chunks::{Extracted, NewChunk, StoredVector};
use store::documents::Stored;
use store::values::{DocumentStatus, JobKind};
use uuid::Uuid;

async fn with_one_job() -> (support::TestStore, Uuid) {
    let test = support::open().await;
    let anna = test.account("anna@example.org").await;
    let Stored::Created(document) = test.stored(anna.id, Visibility::Shared, "text").await else { panic!("new") };
    (test, document.id)
}

#[tokio::test]
async fn a_job_is_claimed_once_until_it_is_released() {
    let (test, _) = with_one_job().await;
    let first = test.store.claim_jobs(JobKind::Ingest, 10).await.unwrap();
    assert!(test.store.claim_jobs(JobKind::Ingest, 10).await.unwrap().is_empty());
    test.store.release_jobs(&[first[0].id]).await.unwrap();
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_failed_job_waits_before_it_is_tried_again() {
    let (test, document_id) = with_one_job().await;
    let job = test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().remove(0);
    test.store.fail_job(job.id, "the disk is full", Some(TimeDelta::seconds(4))).await.unwrap();
    assert!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().is_empty());
    test.clock.advance(TimeDelta::seconds(4));
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap()[0].attempts, 1);
    let document = test.store.any_document(document_id).await.unwrap().unwrap();
    assert_eq!(document.status, DocumentStatus::Queued);
}

#[tokio::test]
async fn giving_up_tells_the_document_why_and_a_retry_forgets_it() {
    let (test, document_id) = with_one_job().await;
    let job = test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().remove(0);
    test.store.fail_job(job.id, "it is encrypted", None).await.unwrap();
    let failed = test.store.any_document(document_id).await.unwrap().unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (DocumentStatus::Failed, Some("it is encrypted")));
    test.store.retry_document(document_id).await.unwrap();
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_whose_process_dies_comes_back_but_not_for_ever() {
    let (test, document_id) = with_one_job().await;
    for _ in 0..4 {
        assert_eq!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().len(), 1);
        assert_eq!(test.store.recover_jobs().await.unwrap(), 1);
    }
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().len(), 1);
    test.store.recover_jobs().await.unwrap();
    assert!(test.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().is_empty());
    let document = test.store.any_document(document_id).await.unwrap().unwrap();
    assert!(document.error.unwrap().contains("died 5 times"));
}

#[tokio::test]
async fn a_job_that_got_further_between_two_deaths_is_not_given_up() {
    let test = support::open().await;
    let innocent = with_chunks(&test, "a long and innocent document", 9).await;
    let killer = with_chunks(&test, "a document that kills the process", 1).await;
    for _ in 0..9 {
        let claimed = test.store.claim_jobs(JobKind::Embed, 8).await.unwrap();
        assert!(claimed.iter().any(|job| job.document_id == innocent), "given up");
        // One passage more each time, in a batch with the document that ends the process.
        let pending = test.store.pending_chunks(&[innocent], 1).await.unwrap();
        let vector = StoredVector { number: pending[0].number, scale: 1.0, codes: vec![0; 8], units: Vec::new() };
        test.store.store_vectors("model", &[innocent, killer], vec![vector]).await.unwrap();
        test.store.recover_jobs().await.unwrap();
    }
    let status = async |id| test.store.any_document(id).await.unwrap().unwrap().status;
    assert_eq!(status(innocent).await, DocumentStatus::Ready);
    assert_eq!(status(killer).await, DocumentStatus::Failed);
}

/// A document that waits for the vectors of its chunks.
async fn with_chunks(test: &support::TestStore, words: &str, chunks: usize) -> Uuid {
    let owner = match test.store.first_admin().await.unwrap() {
        Some(owner) => owner,
        None => test.account("anna@example.org").await,
    };
    let Stored::Created(document) = test.stored(owner.id, Visibility::Shared, words).await else { panic!("new") };
    let chunk = NewChunk { heading_path: String::new(), start: 0, end: words.len(), units: Vec::new() };
    let extracted = Extracted { title: None, text: words.to_owned(), chunks: vec![chunk; chunks] };
    assert!(test.store.store_extracted(document.id, extracted, true).await.unwrap());
    document.id
}
