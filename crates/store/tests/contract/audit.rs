//! Who did what.

use chrono::TimeDelta;
use store::audit::{NewEntry, Wanted};
use store::page::PageRequest;
use store::values::{AuditAction, AuditOutcome};

use crate::support::TestStore;

fn entry(action: AuditAction, actor: &str, subject: &str) -> NewEntry {
    NewEntry {
        action,
        outcome: AuditOutcome::Done,
        actor_id: None,
        actor: actor.to_owned(),
        subject: Some(subject.to_owned()),
        detail: Some("role: admin".to_owned()),
        client: Some("192.0.2.7".to_owned()),
    }
}

async fn subjects(test: &TestStore, wanted: Wanted, query: &str) -> Vec<String> {
    let query = (!query.is_empty()).then(|| query.to_owned());
    let page = test.store.audit_entries(&wanted, &PageRequest { query, limit: 50, ..PageRequest::default() }).await;
    page.unwrap().items.into_iter().filter_map(|entry| entry.subject).collect()
}

pub(crate) async fn entries_are_found_again_by_what_they_say(test: TestStore) {
    let began = test.clock.now();
    test.store.add_audit_entry(entry(AuditAction::AddAccount, "anna@example.org", "ben@example.org")).await.unwrap();
    test.clock.advance(TimeDelta::minutes(1));
    test.store.add_audit_entry(entry(AuditAction::DeleteDocument, "ben@example.org", "a document")).await.unwrap();
    test.clock.advance(TimeDelta::minutes(1));
    let long = "x".repeat(100_000);
    test.store.add_audit_entry(entry(AuditAction::SignIn, &long, "nul \0")).await.unwrap();

    let all = subjects(&test, Wanted::default(), "").await;
    assert_eq!(all, ["nul  ", "a document", "ben@example.org"], "newest first");
    assert_eq!(subjects(&test, Wanted::default(), "ANNA@").await, ["ben@example.org"]);
    assert_eq!(subjects(&test, Wanted::default(), "192.0.2").await.len(), 3);
    assert_eq!(subjects(&test, Wanted::default(), "role: ad").await.len(), 3);
    assert!(subjects(&test, Wanted::default(), "%").await.is_empty(), "a percent sign is a percent sign");
    let deletions = Wanted { action: Some(AuditAction::DeleteDocument), ..Wanted::default() };
    assert_eq!(subjects(&test, deletions, "").await, ["a document"]);
    let minute = TimeDelta::minutes(1);
    let second = Wanted { since: Some(began + minute), until: Some(began + minute * 2), ..Wanted::default() };
    assert_eq!(subjects(&test, second, "").await, ["a document"]);

    let first = PageRequest { limit: 2, ..PageRequest::default() };
    let page = test.store.audit_entries(&Wanted::default(), &first).await.unwrap();
    let next = PageRequest { cursor: page.next_cursor, ..first };
    let rest = test.store.audit_entries(&Wanted::default(), &next).await.unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next_cursor), (2, 1, None));
}

pub(crate) async fn entries_are_neither_changed_nor_removed(test: TestStore) {
    test.store.add_audit_entry(entry(AuditAction::SignIn, "anna@example.org", "one")).await.unwrap();
    for statement in ["UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry"] {
        let tried = test.execute(statement).await;
        assert!(tried.is_err_and(|error| error.contains("audit log")), "{statement}");
    }
    assert_eq!(subjects(&test, Wanted::default(), "anna@").await, ["one"]);
}
