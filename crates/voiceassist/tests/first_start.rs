//! The first start, as the README tells it: one command, a password, and the handbook answers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::{Value, json};
use support::handbook;
use support::program::Home;

#[tokio::test]
async fn a_first_start_with_samples_answers_with_citations_that_hold() {
    let home = Home::new();
    let server = home.serve(["--samples", &handbook("")]).await;
    assert!(server.said.contains("Sign in as admin@localhost with the password"), "{}", server.said);
    let admin = server.first_admin().await;
    let documents = admin.ready_documents(14).await;
    for document in &documents {
        assert!(document["chunks"].as_u64() > Some(0), "{document}");
        assert_eq!(document["chunks"], document["embedded_chunks"], "{document}");
    }
    let title_of = |file: &str| {
        let found = documents.iter().find(|document| document["file_name"] == file);
        found.unwrap_or(&Value::Null)["title"].clone()
    };

    for (question, file, phrase) in [
        ("How long must a password be?", "it-security-policy.html", "at least 14 characters"),
        ("What can I spend on a hotel room in London?", "expenses-and-travel.pdf", "£165"),
        ("How much is paid for a week of primary on-call?", "incident-response-runbook.md", "£240"),
    ] {
        let answer = admin.ask(question).await;
        assert_eq!(answer["grounded"], true, "{answer}");
        assert!(answer["answer"].as_str().unwrap().contains(phrase), "{answer}");
        assert_eq!(answer["citations"][0]["title"], title_of(file), "{answer}");
        admin.check_citations(&answer).await;
    }

    let answer = admin.ask("What is the capital of Mongolia?").await;
    assert_eq!(answer["grounded"], false, "{answer}");
    assert_eq!(answer["citations"], json!([]), "{answer}");

    // A single word, even one that the encoder knows only in pieces, is a question like any other.
    let answer = admin.ask("Rotaboard").await;
    assert!(answer["answer"].is_string(), "{answer}");

    // A follow-up is understood from its conversation.
    let first = admin.ask("What is the P95 response time at 100 users?").await;
    assert!(first["answer"].as_str().unwrap().contains("228"), "{first}");
    let follow_up = json!({"message": "and for 200 users?", "conversation_id": first["conversation_id"]});
    let second = admin.post("/api/chat", &follow_up).await.ok();
    assert_eq!(second["conversation_id"], first["conversation_id"]);
    assert!(second["answer"].as_str().unwrap().contains("340"), "{second}");
    admin.check_citations(&second).await;
}

#[tokio::test]
async fn an_answer_streams_in_the_order_of_the_contract() {
    let home = Home::new();
    let server = home.serve(["--samples", &handbook("it-security-policy.html")]).await;
    let admin = server.first_admin().await;
    admin.ready_documents(1).await;
    let events = admin.ask_for_events("How long must a password be?").await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        matches!(names.as_slice(), ["meta", deltas @ .., "citations", "done"] if is_all_deltas(deltas)),
        "{names:?}"
    );
    let (_, meta) = &events[0];
    let (_, citations) = &events[events.len() - 2];
    let (_, done) = &events[events.len() - 1];
    let text: String = events.iter().filter_map(|(_, event)| event["text"].as_str()).collect();
    assert_eq!(done["answer"], text);
    assert_eq!(done["citations"], citations["citations"]);
    for key in ["conversation_id", "message_id", "mode"] {
        assert_eq!(done[key], meta[key], "{key}");
    }
    assert_eq!(done["grounded"], true);
    admin.check_citations(done).await;
}

fn is_all_deltas(names: &[&str]) -> bool {
    !names.is_empty() && names.iter().all(|name| *name == "delta")
}

#[tokio::test]
async fn one_server_to_a_data_directory_and_it_stops_and_starts_cleanly() {
    let home = Home::new();
    let server = home.serve(["--samples", &handbook("it-security-policy.html")]).await;
    let password = server.first_password().to_owned();
    let admin = server.first_admin().await;
    admin.ready_documents(1).await;

    let second = home.run(["serve"]).await;
    let line = second.failed_with_one_line();
    assert!(line.contains("already being served by another process"), "{line}");
    assert_eq!(second.out, "");

    let status = server.stop().await;
    assert_eq!(status.code(), Some(0), "{status}");

    // Everything is still there, and the samples are not taken in a second time.
    let server = home.serve(["--samples", &handbook("it-security-policy.html")]).await;
    assert!(!server.said.contains(&password), "{}", server.said);
    let admin = support::client::Client::sign_in(&server.base, "admin@localhost", &password).await;
    admin.ready_documents(1).await;
    let answer = admin.ask("How long must a password be?").await;
    assert!(answer["answer"].as_str().unwrap().contains("at least 14 characters"), "{answer}");
}
