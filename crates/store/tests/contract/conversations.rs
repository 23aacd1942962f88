//! Conversations: for the person who asked, found by their words.

use crate::support::TestStore;
use serde_json::json;
use store::Error;
use store::conversations::Exchange;
use store::page::PageRequest;
use tokio::task::JoinSet;
use uuid::Uuid;

fn exchange(account_id: Uuid, conversation_id: Uuid, message_id: Uuid, question: &str) -> Exchange {
    let answer = format!("About {question}");
    Exchange { account_id, conversation_id, message_id, question: question.to_owned(), answer, detail: json!({}) }
}

async fn titles(test: &TestStore, account_id: Uuid, query: &str) -> Vec<String> {
    let request = PageRequest { limit: 10, query: Some(query.to_owned()), ..PageRequest::default() };
    let page = test.store.conversations(account_id, &request).await.unwrap();
    page.items.into_iter().map(|conversation| conversation.title).collect()
}

pub(crate) async fn history_is_searched_by_words_and_by_the_beginning_of_the_last(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    for (account, question) in [(anna.id, "annual leave"), (anna.id, "parking"), (ben.id, "annual report")] {
        let new = exchange(account, Uuid::now_v7(), Uuid::now_v7(), question);
        test.store.record_exchange(new).await.unwrap();
    }
    assert_eq!(titles(&test, anna.id, "annual").await, ["annual leave"]);
    assert_eq!(titles(&test, anna.id, "about par").await, ["parking"]);
    assert!(titles(&test, anna.id, "report").await.is_empty());
    assert_eq!(titles(&test, anna.id, " ").await.len(), 2);
}

pub(crate) async fn nobody_reads_rates_or_deletes_what_is_not_theirs(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    let (conversation, answer) = (Uuid::now_v7(), Uuid::now_v7());
    test.store.record_exchange(exchange(anna.id, conversation, answer, "salaries")).await.unwrap();
    assert!(test.store.conversation(ben.id, conversation).await.unwrap().is_none());
    assert!(matches!(test.store.rate_answer(ben.id, answer, 1, None).await, Err(Error::NotFound(_))));
    assert!(matches!(test.store.delete_conversation(ben.id, conversation).await, Err(Error::NotFound(_))));
    test.store.rate_answer(anna.id, answer, -1, Some("wrong".to_owned())).await.unwrap();
    test.store.rate_answer(anna.id, answer, 1, None).await.unwrap();
    let ratings: Vec<i32> = test.store.feedback_in(conversation).await.unwrap().iter().map(|row| row.rating).collect();
    assert_eq!(ratings, [1]);
    test.store.delete_conversation(anna.id, conversation).await.unwrap();
    assert!(titles(&test, anna.id, "salaries").await.is_empty());
}

pub(crate) async fn a_conversation_goes_on_where_it_was(test: TestStore) {
    let anna = test.account("anna@example.org").await;
    let conversation = Uuid::now_v7();
    for question in ["first", "second", "third"] {
        test.store.record_exchange(exchange(anna.id, conversation, Uuid::now_v7(), question)).await.unwrap();
    }
    assert_eq!(test.store.last_questions(conversation, 2).await.unwrap(), ["second", "third"]);
    assert_eq!(test.store.messages(conversation).await.unwrap().len(), 6);
    assert_eq!(titles(&test, anna.id, "third").await, ["first"]);
}

pub(crate) async fn what_is_recorded_at_the_same_time_stands_and_falls_alone(test: TestStore) {
    let (anna, ben) = (test.account("anna@example.org").await, test.account("ben@example.org").await);
    let (annas, taken) = (Uuid::now_v7(), Uuid::now_v7());
    test.store.record_exchange(exchange(anna.id, annas, taken, "before")).await.unwrap();
    let conversations: Vec<Uuid> = (0..40).map(|_| Uuid::now_v7()).collect();
    let mut recording = JoinSet::new();
    let mut record = |name: &'static str, exchange: Exchange| {
        let store = test.store.clone();
        recording.spawn(async move { (name, store.record_exchange(exchange).await.is_ok()) });
    };
    for (number, id) in conversations.iter().enumerate() {
        record("his own", exchange(ben.id, *id, Uuid::now_v7(), &format!("topic{number}x")));
        record("goes on", exchange(anna.id, annas, Uuid::now_v7(), &format!("topic{number}x")));
    }
    record("somebody else's", exchange(ben.id, annas, Uuid::now_v7(), "intruder"));
    record("recorded before", exchange(anna.id, annas, taken, "again"));
    for (name, is_recorded) in recording.join_all().await {
        assert_eq!(is_recorded, matches!(name, "his own" | "goes on"), "{name}");
    }
    assert_eq!(test.store.messages(annas).await.unwrap().len(), 2 + 2 * 40);
    for (number, id) in conversations.iter().enumerate() {
        assert_eq!(test.store.messages(*id).await.unwrap().len(), 2);
        assert_eq!(titles(&test, ben.id, &format!("topic{number}x")).await.len(), 1);
    }
    assert!(titles(&test, ben.id, "intruder").await.is_empty());
    assert!(titles(&test, anna.id, "again").await.is_empty());
}
