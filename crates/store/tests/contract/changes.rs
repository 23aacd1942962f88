//! The numbered log of what happened to documents.

use store::changes::{Change, Reworded, What, Word, term_hash};
use store::chunks::StoredVector;
use store::search::Frequency;
use store::values::SessionKind;
use store::{Reader, Visibility};
use uuid::Uuid;

use crate::support::TestStore;

async fn after(test: &TestStore, number: u64) -> Vec<Change> {
    test.store.changes_after(number, 100).await.unwrap()
}

fn words(change: &Change) -> &Reworded {
    let What::Words(words) = &change.what else { panic!("its words: {change:?}") };
    words
}

/// Words that some documents have count as rarer than those that two thirds more have.
pub(crate) async fn a_change_tells_which_words_have_come_to_another_step(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let mut documents = Vec::new();
    let mut steps = Vec::new();
    for number in 0..13 {
        let document = test.document(anna.id, Visibility::Shared, &format!("an emu {number}")).await;
        let last = after(&test, number).await.remove(0);
        steps.push(words(&last).word(term_hash("emu")).unwrap().is_other);
        documents.push(document.id);
    }
    // 1, 2, 3, 5, 8, 11: each begins half-way from the one before, in logarithms.
    let begin: Vec<usize> = (1..).zip(&steps).filter(|(_, is_other)| **is_other).map(|(count, _)| count).collect();
    assert_eq!(begin, [1, 2, 3, 5, 7, 10]);
    test.store.delete_document(documents[0]).await.unwrap();
    let change = after(&test, 13).await.remove(0);
    assert!(!words(&change).word(term_hash("emu")).unwrap().is_other, "twelve");
    assert!(words(&change).word(term_hash("0")).unwrap().is_other, "none");
    assert_eq!(test.statistics("emu").await, Frequency { documents: 12, chunks: 12 });
}

pub(crate) async fn every_change_of_what_can_be_found_takes_the_next_number(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let shared = test.document(anna.id, Visibility::Shared, "an emu").await;
    let private = test.document(anna.id, Visibility::Private, "a quokka").await;
    test.store.delete_document(shared.id).await.unwrap();

    let changes = after(&test, 0).await;
    assert_eq!(changes.iter().map(|change| change.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(changes.iter().map(|change| change.document_id).collect::<Vec<_>>(), [shared.id, private.id, shared.id]);
    assert_eq!(changes.iter().map(|change| change.private_to).collect::<Vec<_>>(), [None, Some(anna.id), None]);
    let (before, after_it) = (words(&changes[0]), words(&changes[2]));
    let once = Word { hash: term_hash("emu"), is_other: true, title: 0, body: 1 };
    assert_eq!((before.word(term_hash("emu")), before.word(term_hash("quokka"))), (Some(&once), None));
    assert_eq!(after_it.word(term_hash("emu")), Some(&Word { body: 0, ..once }), "what is gone has no words");
    assert_eq!(
        *words(&changes[1]),
        Reworded::default(),
        "what one person finds alone alters everything of that person"
    );
    let documents: Vec<u64> = changes.iter().map(|change| change.shared.documents).collect();
    assert_eq!(documents, [1, 1, 0], "how much there is of shared documents after each");
    assert_eq!(after(&test, 2).await, changes[2..]);
    assert_eq!(test.store.changes_after(0, 2).await.unwrap(), changes[..2]);
    assert_eq!(test.store.standing(anna.id).await.unwrap().change, 3);
}

pub(crate) async fn a_text_that_replaces_another_has_the_words_of_both(test: TestStore) {
    use store::chunks::{Extracted, NewChunk};
    let anna = test.account("anna@example.org").await;
    let document = test.document(anna.id, Visibility::Shared, "an emu").await;
    let other = "a quokka".to_owned();
    let chunk = NewChunk { heading_path: String::new(), start: 0, end: other.len(), units: Vec::new() };
    let extracted = Extracted { title: None, text: other, chunks: vec![chunk] };
    assert!(test.store.store_extracted(document.id, extracted, false).await.unwrap());
    let change = after(&test, 1).await.remove(0);
    let body = |word: &str| words(&change).word(term_hash(word)).map(|word| word.body);
    assert_eq!([body("emu"), body("quokka"), body("wombat")], [Some(0), Some(1), None]);
}

pub(crate) async fn vectors_are_a_change_once_a_document_has_all_of_them(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let document = test.waiting_document(anna.id, Visibility::Shared, &["one", "two"]).await;
    let pending = test.store.pending_chunks(&[document.id], 10).await.unwrap();
    let vector = |number| StoredVector { number, scale: 0.1, codes: vec![1, 2, 3, 4, 5, 6, 7, 8], units: Vec::new() };
    for (place, chunk) in pending.iter().enumerate() {
        assert_eq!(after(&test, 1).await, [], "nothing is found by meaning before the {place}. vector");
        assert!(test.store.vectors_of("model", document.id).await.unwrap().is_empty());
        test.store.store_vectors("model", &[document.id], vec![vector(chunk.number)]).await.unwrap();
    }
    let changes = after(&test, 1).await;
    assert_eq!(changes.iter().map(|change| &change.what).collect::<Vec<_>>(), [&What::Vectors]);
    let vectors = test.store.vectors_of("model", document.id).await.unwrap();
    let numbers: Vec<i64> = vectors.iter().map(|(vector, _)| vector.number).collect();
    assert_eq!(numbers, pending.iter().map(|chunk| chunk.number).collect::<Vec<_>>());
    assert!(test.store.vectors_of("other", document.id).await.unwrap().is_empty());

    test.store.require_vectors_of("other").await.unwrap();
    let last = after(&test, 2).await.remove(0);
    assert_eq!((last.document_id, last.private_to, last.what), (Uuid::nil(), None, What::Everything));
}

pub(crate) async fn a_session_tells_where_documents_stand(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    test.document(anna.id, Visibility::Shared, "an emu").await;
    test.document(ben.id, Visibility::Private, "a quokka").await;
    for (account, has_private) in [(&anna, false), (&ben, true)] {
        let (id, lifetime) = (test.store.clock().new_id(), chrono::TimeDelta::hours(1));
        test.store.begin_session(id, account.id, SessionKind::Token, b"secret", lifetime).await.unwrap();
        let (.., standing) = test.store.live_session(id).await.unwrap().unwrap();
        assert_eq!((standing.change, standing.has_private), (2, has_private));
        assert_eq!(standing, test.store.standing(account.id).await.unwrap());
    }
}

pub(crate) async fn who_reads_for_everybody_reads_nothing_private(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let document = test.document(anna.id, Visibility::Private, "a quokka").await;
    assert!(test.store.document(Reader::everybody(), document.id).await.unwrap().is_none());
    assert!(test.found(Reader::everybody().account_id, "quokka").await.is_empty());
}

pub(crate) async fn a_document_that_changes_its_readers_is_found_by_the_new_ones_alone(test: TestStore) {
    use store::editing::DocumentChange;
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    let document = test.document(anna.id, Visibility::Shared, "a quokka").await;
    let shared = test.statistics("quokka").await;
    let change = |visibility| DocumentChange { title: None, visibility: Some(visibility) };
    for (visibility, of_ben) in [(Visibility::Private, 0), (Visibility::Shared, 1)] {
        test.store.change_document(document.id, change(visibility)).await.unwrap();
        assert_eq!(test.found(ben.id, "quokka").await.len(), of_ben);
        assert_eq!(test.found(anna.id, "quokka").await.len(), 1);
        let standing = test.store.standing(anna.id).await.unwrap();
        assert_eq!(standing.has_private, visibility == Visibility::Private);
        let last = after(&test, standing.change - 2).await;
        let concerned: Vec<_> = last.iter().map(|change| (change.private_to, change.shared.documents)).collect();
        assert_eq!(concerned, [(None, of_ben as u64), (Some(anna.id), of_ben as u64)], "everybody, and its owner");
    }
    assert_eq!(test.statistics("quokka").await, shared);
    let number = test.store.present_change().await.unwrap();
    test.store.change_document(document.id, change(Visibility::Shared)).await.unwrap();
    assert_eq!(test.store.present_change().await.unwrap(), number, "nothing has changed");
}

pub(crate) async fn a_new_title_or_content_is_indexed_again(test: TestStore) {
    use store::editing::{DocumentChange, NewContent};
    use store::values::JobKind;
    let anna = test.account("anna@example.org").await;
    let document = test.document(anna.id, Visibility::Private, "a quokka").await;
    let change = DocumentChange { title: Some("Marsupials".to_owned()), visibility: None };
    let titled = test.store.change_document(document.id, change).await.unwrap();
    assert!(titled.title_given && titled.title == "Marsupials");
    assert_eq!(test.store.claim_jobs(JobKind::Ingest, 5).await.unwrap().len(), 1);
    assert_eq!(test.found(anna.id, "quokka").await.len(), 1, "until then it is found as before");
    let last = after(&test, 1).await.remove(0);
    assert_eq!((last.document_id, last.private_to), (document.id, Some(anna.id)), "it is cited by another title");
    let bytes = b"an emu".to_vec();
    let content =
        |sha256| NewContent { file_name: "b.txt".into(), format: "text".into(), sha256, bytes: bytes.clone() };
    let replaced = test.store.replace_content(document.id, content([7; 32])).await.unwrap();
    assert_eq!((replaced.file_name.as_str(), replaced.size_bytes), ("b.txt", 6));
    assert_eq!(test.store.document_bytes(document.id).await.unwrap().unwrap(), bytes);
    let other = test.document(anna.id, Visibility::Private, "a wombat").await;
    let taken = test.store.replace_content(other.id, content([7; 32])).await;
    assert!(matches!(taken, Err(store::Error::Taken(_))), "{taken:?}");
}

pub(crate) async fn what_is_distrusted_is_a_change(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let document = test.document(anna.id, Visibility::Private, "a quokka").await;
    test.store.distrust(&[document.id]).await.unwrap();
    test.store.distrust_everything().await.unwrap();
    let changes = after(&test, 1).await;
    let told: Vec<_> = changes.iter().map(|change| (change.document_id, change.private_to, &change.what)).collect();
    assert_eq!(told, [(document.id, None, &What::Words(Reworded::default())), (Uuid::nil(), None, &What::Everything)]);
}

pub(crate) async fn many_processes_leave_no_gap(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(test.another_process().await);
    }
    let mut tasks = Vec::new();
    for (number, store) in processes.into_iter().enumerate() {
        let mut documents = Vec::new();
        for text in 0..5 {
            documents.push(test.waiting_document(anna.id, Visibility::Shared, &[&format!("{number} {text}")]).await.id);
        }
        tasks.push(tokio::spawn(async move {
            for document in documents {
                store.delete_document(document).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let numbers: Vec<u64> = after(&test, 0).await.iter().map(|change| change.number).collect();
    assert_eq!(numbers, (1..=30).collect::<Vec<u64>>());
    let last = after(&test, 29).await.remove(0);
    assert_eq!(last.shared, store::search::Sizes::default());
}
