//! Every operation of the store, on a large database.

use std::time::Duration;

use chrono::TimeDelta;
use store::accounts::{AccountChange, NewAccount};
use store::audit::{NewEntry, Wanted};
use store::chunks::{Extracted, NewChunk, StoredVector};
use store::conversations::Exchange;
use store::documents::{NewDocument, Stored};
use store::editing::{DocumentChange, NewContent};
use store::jobs::Orphans;
use store::page::PageRequest;
use store::search::{ChunkFields, DocumentFields, TermStatistics, terms};
use store::values::{AuditAction, AuditOutcome, JobKind, Role, SessionKind};
use store::{Reader, SlowQuery, Store, Visibility};
use uuid::Uuid;

use crate::seed::id;

/// Somebody with private documents.
const SOMEBODY: u32 = 2;
/// A shared document of two chunks that are embedded, and which they are.
const DOCUMENT: u32 = 1_002;
const CHUNKS: [i64; 2] = [2_003, 2_004];

/// Performs the operations, and returns their statements with the plans.
pub(crate) async fn all(store: &Store) -> Vec<SlowQuery> {
    accounts(store).await;
    planned(store).await;
    sessions(store).await;
    planned(store).await;
    what_happened(store).await;
    planned(store).await;
    conversations(store).await;
    planned(store).await;
    searches(store).await;
    planned(store).await;
    documents(store).await;
    planned(store).await;
    jobs(store).await;
    planned(store).await;
    chunks(store).await;
    planned(store).await
}

/// Waits until the plans of all statements are known.
async fn planned(store: &Store) -> Vec<SlowQuery> {
    let known = async {
        loop {
            let statements = store.slow_queries();
            if statements.iter().all(|statement| statement.plan.is_some()) {
                return statements;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), known).await.expect("every statement gets its plan")
}

fn page(query: Option<&str>, cursor: Option<Uuid>) -> PageRequest {
    PageRequest { cursor, limit: 50, query: query.map(str::to_owned) }
}

async fn accounts(store: &Store) {
    let new = |name: &str| NewAccount {
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        password_hash: "hash".to_owned(),
        role: Role::Admin,
    };
    assert!(store.add_first_account(new("first")).await.unwrap().is_none());
    let added = store.add_account(new("carol")).await.unwrap().id;
    assert!(store.account(added).await.unwrap().is_some());
    assert!(store.account_by_email("Person7@example.org").await.unwrap().is_some());
    assert!(store.first_admin().await.unwrap().is_some());
    assert!(store.count_accounts().await.unwrap() > 500);
    store.account_names([added]).await.unwrap();
    for request in [page(None, None), page(Some("person"), Some(Uuid::max()))] {
        assert_eq!(store.accounts(&request).await.unwrap().items.len(), 50);
    }
    let change =
        AccountChange { disabled: Some(true), password_hash: Some("other".to_owned()), role: Some(Role::User) };
    store.change_account(id("account_", 101), change).await.unwrap();
    assert!(store.replace_password(id("account_", 5), "hash", "new", id("session_", 5)).await.unwrap());
    store.value_or_insert("key", Vec::new).await.unwrap();
}

async fn sessions(store: &Store) {
    let (account, new, lifetime) = (id("account_", SOMEBODY), store.clock().new_id(), TimeDelta::hours(1));
    store.begin_session(new, account, SessionKind::Token, b"secret", lifetime).await.unwrap();
    assert!(store.live_session(new).await.unwrap().is_some());
    store.rotate_session(new, b"secret", b"next", lifetime).await.unwrap();
    store.revoke_session(new).await.unwrap();
    assert_eq!(store.delete_expired_sessions(100).await.unwrap(), 100);
    assert!(store.count_sessions().await.unwrap() > 1_000);
}

/// The audit log and the slots of time.
async fn what_happened(store: &Store) {
    let entry = NewEntry {
        action: AuditAction::SignIn,
        outcome: AuditOutcome::Done,
        actor_id: Some(id("account_", SOMEBODY)),
        actor: "somebody@example.org".to_owned(),
        subject: None,
        detail: None,
        client: None,
    };
    store.add_audit_entry(entry).await.unwrap();
    for request in [page(None, None), page(Some("somebody"), Some(Uuid::max()))] {
        assert_eq!(store.audit_entries(&Wanted::default(), &request).await.unwrap().items.len(), 1);
    }
    let now = store.clock().now();
    for _ in 0..2 {
        store.put_slots([(0, now, "{}".to_owned()), (1, now, "{}".to_owned())]).await.unwrap();
    }
    assert_eq!(store.slots_since(now).await.unwrap().len(), 2);
    store.forget_slots(0, now + TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(store.slots_since(now).await.unwrap().len(), 1);
}

async fn conversations(store: &Store) {
    let (account_id, message_id) = (id("account_", SOMEBODY), store.clock().new_id());
    let conversation = store.conversations(account_id, &page(None, None)).await.unwrap().items.remove(0).id;
    let exchange = |conversation_id, message_id| Exchange {
        account_id,
        conversation_id,
        message_id,
        question: "May a pangolin work from home?".to_owned(),
        answer: "It may.".to_owned(),
        detail: serde_json::json!({}),
    };
    store.record_exchange(exchange(conversation, message_id)).await.unwrap();
    let new = store.clock().new_id();
    store.record_exchange(exchange(new, store.clock().new_id())).await.unwrap();
    assert!(store.conversation(account_id, conversation).await.unwrap().is_some());
    assert!(store.messages(conversation).await.unwrap().len() > 5);
    assert_eq!(store.last_questions(conversation, 3).await.unwrap().len(), 3);
    store.rate_answer(account_id, message_id, 1, None).await.unwrap();
    assert!(!store.feedback_in(conversation).await.unwrap().is_empty());
    for query in ["pangolin", "b7 pangol", "a1"] {
        for cursor in [None, Some(Uuid::max())] {
            let found = store.conversations(account_id, &page(Some(query), cursor)).await.unwrap();
            assert!(query != "pangolin" || !found.items.is_empty());
        }
    }
    assert_eq!(store.frequent_questions(3).await.unwrap().len(), 3);
    store.delete_conversation(account_id, conversation).await.unwrap();
}

async fn searches(store: &Store) {
    let reader = Reader::new(id("account_", SOMEBODY));
    let chunks = ChunkFields { title: 4.0, heading_path: 2.0, body: 1.0 };
    let documents = DocumentFields { title: 1.2, body: 0.3 };
    for words in ["d75", "b25 c75 d75", "a1 b7"] {
        let words = terms(words);
        assert!(!store.chunks_by_keywords(reader, &words, chunks, 20).await.unwrap().is_empty(), "{words:?}");
        let (readable, statistics) = store.term_statistics(reader, &words).await.unwrap();
        let collection = readable.collection();
        assert!(collection.chunks > 1_000);
        let weighted: Vec<_> = words.iter().map(|word| (word.clone(), 1.0)).collect();
        let words: Vec<_> = words.into_iter().zip(statistics.into_iter().map(TermStatistics::frequency)).collect();
        let found = store.documents_by_keywords(reader, &words, collection, documents, 20).await.unwrap();
        assert!(!found.is_empty(), "{words:?}");
        let best: Vec<Uuid> = found.iter().take(5).map(|hit| hit.document_id).collect();
        assert!(!store.chunks_with_terms(reader, &best, &weighted, 20).await.unwrap().is_empty(), "{words:?}");
    }
    assert_eq!(store.passages(reader, &CHUNKS).await.unwrap().len(), 2);
    if store.searches_vectors() {
        let question = [0.5, 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3];
        let also = [id("document", DOCUMENT)];
        assert!(!store.nearest(reader, &question, 20, &also).await.unwrap().is_empty());
    }
}

async fn documents(store: &Store) {
    let owner_id = id("account_", SOMEBODY);
    let (reader, document) = (Reader::new(owner_id), id("document", DOCUMENT));
    assert!(store.document(reader, document).await.unwrap().is_some());
    assert!(store.any_document(document).await.unwrap().is_some());
    for (query, cursor) in
        [(None, None), (None, Some(document)), (Some("TITLE number 77"), None), (Some("nothing"), None)]
    {
        let found = store.documents(reader, &page(query, cursor)).await.unwrap();
        assert_eq!(found.items.is_empty(), query == Some("nothing"));
    }
    assert!(store.count_documents().await.unwrap().ready > 1_000);
    assert_eq!(store.progress_of(&[document]).await.unwrap().ready, 1);
    assert!(store.document_bytes(document).await.unwrap().is_some());
    assert!(store.document_text(document).await.unwrap().is_some());
    let new = NewDocument {
        owner_id,
        visibility: Visibility::Private,
        title: None,
        file_name: "new.txt".to_owned(),
        format: "text".to_owned(),
        sha256: [7; 32],
        bytes: vec![7; 7],
    };
    let Stored::Created(added) = store.add_document(new.clone()).await.unwrap() else { panic!("it is new") };
    assert!(matches!(store.add_document(new).await.unwrap(), Stored::Existing(_)));
    store.mark_processing(added.id).await.unwrap();
    assert!(store.standing(owner_id).await.unwrap().has_private);
    assert!(!store.library_id().await.unwrap().is_nil());
    store.retry_document(id("document", 201)).await.unwrap();
    let change = DocumentChange { title: Some("Another".to_owned()), visibility: Some(Visibility::Private) };
    store.change_document(id("document", 204), change).await.unwrap();
    let content =
        NewContent { file_name: "a.txt".to_owned(), format: "text".to_owned(), sha256: [9; 32], bytes: b"a".to_vec() };
    store.replace_content(id("document", 206), content).await.unwrap();
    let changes = store.present_change().await.unwrap();
    store.distrust(&[id("document", 208)]).await.unwrap();
    store.distrust_everything().await.unwrap();
    assert_eq!(store.present_change().await.unwrap(), changes + 2);
    store.delete_document(id("document", 202)).await.unwrap();
    assert_eq!(store.changes_after(changes, 10).await.unwrap().len(), 3);
}

async fn jobs(store: &Store) {
    assert!(store.count_jobs().await.unwrap().queued > 1_000);
    for cursor in [None, Some(Uuid::max())] {
        assert_eq!(store.jobs(&page(None, cursor)).await.unwrap().items.len(), 50);
    }
    for orphans in [Orphans::Expired, Orphans::AllOthers] {
        store.recover_jobs(orphans).await.unwrap();
    }
    let claimed = store.claim_jobs(JobKind::Ingest, 10).await.unwrap();
    assert_eq!(claimed.len(), 10);
    assert_eq!(store.extend_leases().await.unwrap(), 10);
    store.fail_job(claimed[0].id, "unreadable", None).await.unwrap();
    store.fail_job(claimed[1].id, "not now", Some(TimeDelta::minutes(1))).await.unwrap();
    store.release_jobs(&[claimed[2].id, claimed[3].id]).await.unwrap();
}

async fn chunks(store: &Store) {
    store.sample_chunks(100).await.unwrap();
    assert!(!store.load_vectors("model", 30_000, 1_000).await.unwrap().is_empty());
    assert_eq!(store.vectors_of("model", id("document", DOCUMENT)).await.unwrap().len(), CHUNKS.len());
    let text = "A pangolin works from home.";
    let chunk = NewChunk { heading_path: String::new(), start: 0, end: text.len(), units: Vec::new() };
    let extracted = Extracted { title: None, text: text.to_owned(), chunks: vec![chunk; 3] };
    let document = id("document", 1_402);
    assert!(store.store_extracted(document, extracted, true).await.unwrap());
    let pending = store.pending_chunks(&[document], 100).await.unwrap();
    assert_eq!(pending.len(), 3);
    let vector = |number| StoredVector { number, scale: 0.1, codes: vec![1; 8], units: Vec::new() };
    let vectors = pending.iter().map(|pending| vector(pending.number)).collect();
    assert_eq!(store.store_vectors("model", &[document], vectors).await.unwrap(), 3);
    // As at every start; for another model all vectors would be made anew.
    assert!(store.require_vectors_of("model").await.unwrap() > 0);
}
