//! Documents: stored once, found by whom they are for, and gone when they are deleted.

use crate::support::TestStore;
use store::documents::Stored;
use store::page::PageRequest;
use store::search::Frequency;
use store::values::{DocumentStatus, JobKind};
use store::{Reader, Visibility};

pub(crate) async fn the_same_bytes_are_stored_once_for_the_same_readers(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    let Stored::Created(first) = test.stored(anna.id, Visibility::Private, "same").await else { panic!("new") };
    let Stored::Existing(second) = test.stored(anna.id, Visibility::Private, "same").await else { panic!("known") };
    assert_eq!(first.id, second.id);
    assert!(matches!(test.stored(ben.id, Visibility::Private, "same").await, Stored::Created(_)));
    assert!(matches!(test.stored(anna.id, Visibility::Shared, "same").await, Stored::Created(_)));
}

pub(crate) async fn private_documents_are_found_listed_and_read_by_their_owner_alone(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    let private = test.document(anna.id, Visibility::Private, "zebra private").await;
    test.document(anna.id, Visibility::Shared, "zebra shared").await;
    assert_eq!(test.found(anna.id, "zebras").await.len(), 2);
    assert_eq!(test.found(ben.id, "zebra").await, ["zebra shared"]);
    let listed = |account_id| {
        let store = test.store.clone();
        async move {
            let request = PageRequest { limit: 10, ..PageRequest::default() };
            store.documents(Reader::new(account_id), &request).await.unwrap().items.len()
        }
    };
    assert_eq!((listed(anna.id).await, listed(ben.id).await), (2, 1));
    assert!(test.store.document(Reader::new(ben.id), private.id).await.unwrap().is_none());
}

pub(crate) async fn other_peoples_matches_do_not_crowd_out_ones_own(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    for number in 0..60 {
        // Shorter texts rank higher, so that the first sixty are all somebody else's.
        test.document(anna.id, Visibility::Private, &format!("zebra {number}")).await;
    }
    let own = "a zebra among a great many other words that make this text rank below all of the others";
    test.document(ben.id, Visibility::Private, own).await;
    assert_eq!(test.found(ben.id, "zebra").await, [own]);
}

pub(crate) async fn private_documents_move_only_their_owners_scores(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    for text in ["a quokka and an emu", "an emu"] {
        test.document(anna.id, Visibility::Shared, text).await;
    }
    let (of_anna, of_ben) = (test.scores(anna.id, "quokka emu").await, test.scores(ben.id, "quokka emu").await);
    assert_eq!(of_anna, of_ben);
    for number in 0..30 {
        test.document(ben.id, Visibility::Private, &format!("{number} more words about an emu")).await;
    }
    assert_eq!(test.scores(anna.id, "quokka emu").await, of_anna);
    assert_ne!(test.scores(ben.id, "quokka emu").await[..2], of_ben);
}

pub(crate) async fn a_deleted_document_is_found_by_nobody(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let document = test.document(anna.id, Visibility::Shared, "a rare quokka").await;
    assert_eq!(test.found(anna.id, "quokka").await.len(), 1);
    test.store.delete_document(document.id).await.unwrap();
    assert!(test.found(anna.id, "quokka").await.is_empty());
    assert_eq!(test.statistics("quokka").await, Frequency::default());
    assert!(test.store.document_text(document.id).await.unwrap().is_none());
}

pub(crate) async fn extracting_again_replaces_what_was_there(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    test.document(anna.id, Visibility::Shared, "an emu").await;
    test.document(anna.id, Visibility::Shared, "an emu").await;
    assert_eq!(test.found(anna.id, "emu").await, ["an emu"]);
    assert_eq!(test.statistics("emu").await, Frequency { documents: 1, chunks: 1 });
}

pub(crate) async fn a_document_and_its_job_come_and_go_together(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let Stored::Created(document) = test.stored(anna.id, Visibility::Shared, "text").await else { panic!("new") };
    let jobs = test.store.claim_jobs(JobKind::Ingest, 10).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.document_id).collect::<Vec<_>>(), [document.id]);
    test.document(anna.id, Visibility::Shared, "text").await;
    assert_eq!(test.store.count_jobs().await.unwrap(), store::jobs::JobCounts::default());
    let ready = test.store.any_document(document.id).await.unwrap().unwrap();
    assert_eq!(ready.status, DocumentStatus::Ready);
}
