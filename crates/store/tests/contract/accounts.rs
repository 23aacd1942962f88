//! Accounts and sessions.

use crate::support::TestStore;
use chrono::TimeDelta;
use store::Error;
use store::accounts::AccountChange;
use store::sessions::Rotation;
use store::values::{Role, SessionKind};

const DAY: TimeDelta = TimeDelta::days(1);

pub(crate) async fn the_first_account_is_the_administrator_and_addresses_are_taken_in_any_case(test: TestStore) {
    assert_eq!(test.account("Anna@Example.org").await.role, Role::Admin);
    assert_eq!(test.account("ben@example.org").await.role, Role::User);
    assert!(test.store.account_by_email("ANNA@example.ORG").await.unwrap().is_some());
    let again = store::accounts::NewAccount {
        email: "anna@EXAMPLE.org".to_owned(),
        name: String::new(),
        password_hash: String::new(),
        role: Role::User,
    };
    assert!(matches!(test.store.add_account(again).await, Err(Error::Taken(_))));
}

pub(crate) async fn the_last_administrator_stays(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    let demote = AccountChange { role: Some(Role::User), ..AccountChange::default() };
    let disable = AccountChange { disabled: Some(true), ..AccountChange::default() };
    assert!(test.store.change_account(anna.id, demote.clone()).await.is_err());
    assert!(test.store.change_account(anna.id, disable).await.is_err());
    let promote = AccountChange { role: Some(Role::Admin), ..AccountChange::default() };
    test.store.change_account(ben.id, promote).await.unwrap();
    assert_eq!(test.store.change_account(anna.id, demote).await.unwrap().role, Role::User);
}

pub(crate) async fn disabling_ends_every_session_and_enabling_does_not_bring_them_back(test: TestStore) {
    test.account("anna@example.org").await;
    let ben = test.account("ben@example.org").await;
    let id = test.store.clock().new_id();
    test.store.begin_session(id, ben.id, SessionKind::Browser, b"secret", DAY).await.unwrap();
    assert!(test.store.live_session(id).await.unwrap().is_some());
    for disabled in [true, false] {
        let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
        test.store.change_account(ben.id, change).await.unwrap();
        assert!(test.store.live_session(id).await.unwrap().is_none());
    }
}

pub(crate) async fn a_password_that_was_replaced_meanwhile_is_not_replaced_again(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let id = test.store.clock().new_id();
    test.store.begin_session(id, anna.id, SessionKind::Browser, b"secret", DAY).await.unwrap();
    let replace =
        async |known: &str, new: &str, kept| test.store.replace_password(anna.id, known, new, kept).await.unwrap();
    assert!(replace(&anna.password_hash, "an administrator's", id).await);
    assert!(!replace(&anna.password_hash, "her own", test.store.clock().new_id()).await);
    let now = test.store.account(anna.id).await.unwrap().unwrap();
    assert_eq!(now.password_hash, "an administrator's");
    assert!(test.store.live_session(id).await.unwrap().is_some());
}

pub(crate) async fn a_secret_works_once_and_its_reuse_ends_the_family(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let id = test.store.clock().new_id();
    test.store.begin_session(id, anna.id, SessionKind::Token, b"one", DAY).await.unwrap();
    let rotate = async |shown: &[u8], next: &[u8]| test.store.rotate_session(id, shown, next, DAY).await.unwrap();
    assert!(matches!(rotate(b"one", b"two").await, Rotation::Rotated(_)));
    assert!(matches!(rotate(b"one", b"three").await, Rotation::Reused));
    assert!(matches!(rotate(b"two", b"three").await, Rotation::Refused));
    assert!(test.store.live_session(id).await.unwrap().is_none());
}

pub(crate) async fn sessions_expire(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let id = test.store.clock().new_id();
    test.store.begin_session(id, anna.id, SessionKind::Token, b"one", DAY).await.unwrap();
    test.clock.advance(DAY);
    assert!(test.store.live_session(id).await.unwrap().is_none());
    assert!(matches!(test.store.rotate_session(id, b"one", b"two", DAY).await.unwrap(), Rotation::Refused));
}

pub(crate) async fn expired_sessions_are_deleted_a_bounded_number_at_a_time(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let begin = async |lifetime| {
        let id = test.store.clock().new_id();
        test.store.begin_session(id, anna.id, SessionKind::Token, b"one", lifetime).await.unwrap();
        id
    };
    for _ in 0..5 {
        begin(DAY).await;
    }
    let (lasting, revoked) = (begin(DAY * 2).await, begin(DAY * 2).await);
    test.store.revoke_session(revoked).await.unwrap();
    assert_eq!(test.store.delete_expired_sessions(3).await.unwrap(), 0);
    test.clock.advance(DAY);
    for (deleted, left) in [(3, 4), (2, 2), (0, 2)] {
        assert_eq!(test.store.delete_expired_sessions(3).await.unwrap(), deleted);
        assert_eq!(test.store.count_sessions().await.unwrap(), left);
    }
    assert!(test.store.live_session(lasting).await.unwrap().is_some());
}
