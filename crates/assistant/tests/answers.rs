//! Answers from the sample handbook, by keywords alone, so that they are the same on every machine.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use assistant::{Answer, AnswerEvent, Ask, AskError, Assistant, CacheMode, CacheTier, Mode, ModeRequest};
use knowledge::{Knowledge, Settings, Upload};
use store::accounts::NewAccount;
use store::changes::Standing;
use store::documents::Stored;
use store::values::Role;
use store::{Clock, Store, Visibility};
use tempfile::TempDir;
use tokio::sync::mpsc;
use uuid::Uuid;

struct Handbook {
    assistant: Assistant,
    knowledge: Knowledge,
    store: Store,
    anna: Uuid,
    ben: Uuid,
    // Removed with the test.
    _directory: TempDir,
}

impl Handbook {
    async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = test_servers::database_of_the_profile().await.map(store::DatabaseUrl::new);
        let database = store::Settings { url, min_connections: 0, max_connections: 5, ..store::Settings::default() };
        let store = Store::open(directory.path(), &database, Clock::System).await.unwrap();
        let knowledge = Knowledge::open(store.clone(), Settings::default()).await.unwrap();
        let account = |email: &str| NewAccount {
            email: email.to_owned(),
            name: email.to_owned(),
            password_hash: String::new(),
            role: Role::User,
        };
        let anna = store.add_account(account("anna@example.org")).await.unwrap().id;
        let ben = store.add_account(account("ben@example.org")).await.unwrap().id;
        let assistant = open_assistant(&knowledge, directory.path()).await;
        let handbook = Self { assistant, knowledge, store, anna, ben, _directory: directory };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/handbook");
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            handbook.add(anna, Visibility::Shared, &name, std::fs::read(entry.path()).unwrap()).await;
        }
        handbook
    }

    async fn add(&self, owner_id: Uuid, visibility: Visibility, name: &str, bytes: Vec<u8>) -> Uuid {
        let upload = Upload { owner_id, visibility, title: None, file_name: name.to_owned(), bytes };
        let (Stored::Created(document) | Stored::Existing(document)) = self.knowledge.take_in(upload).await.unwrap();
        self.knowledge.ingest(document.id).await.unwrap();
        document.id
    }

    async fn ask(&self, account_id: Uuid, message: &str) -> Answer {
        self.assistant.ask(question(account_id, message), None).await.unwrap()
    }
}

async fn open_assistant(knowledge: &Knowledge, directory: &std::path::Path) -> Assistant {
    let backing = cache::Backing::Disk(directory.to_owned());
    Assistant::open(knowledge.clone(), cache::Settings::default(), backing).await.unwrap()
}

fn question(account_id: Uuid, message: &str) -> Ask {
    Ask {
        account_id,
        standing: None,
        message: message.to_owned(),
        conversation_id: None,
        mode: ModeRequest::Auto,
        cache: CacheMode::Use,
    }
}

#[tokio::test]
async fn every_quote_is_byte_for_byte_the_text_of_its_document() {
    let handbook = Handbook::open().await;
    let questions = include_str!("../../../examples/questions/handbook.tsv");
    let mut quotes = 0;
    for line in questions.lines().skip(1) {
        let answer = handbook.ask(handbook.anna, line.split('\t').next().unwrap()).await;
        assert_eq!(answer.grounded, !answer.citations.is_empty(), "{line}");
        for citation in &answer.citations {
            let text = handbook.store.document_text(citation.document_id).await.unwrap().unwrap();
            assert_eq!(&text[citation.start..citation.end], citation.quote, "{line}");
            assert!(answer.answer.contains(&citation.quote), "{line}");
            assert!((0.0..=1.0).contains(&citation.score), "{line}: {}", citation.score);
            quotes += 1;
        }
    }
    assert!(quotes > 100, "only {quotes} quotes were checked");
}

#[tokio::test]
async fn what_the_documents_do_not_say_is_not_answered() {
    let handbook = Handbook::open().await;
    let answer = handbook.ask(handbook.anna, "How do I bake sourdough bread with rye flour?").await;
    assert!(!answer.grounded && answer.citations.is_empty(), "{}", answer.answer);
    assert!(answer.answer.contains("do not answer"), "{}", answer.answer);
}

#[tokio::test]
async fn a_private_document_answers_its_owner_alone() {
    let handbook = Handbook::open().await;
    let diary = b"The secret codename of the winter project is Ptarmigan.".to_vec();
    handbook.add(handbook.ben, Visibility::Private, "diary.txt", diary).await;
    let asked = "What is the secret codename of the winter project?";
    assert!(handbook.ask(handbook.ben, asked).await.answer.contains("Ptarmigan"));
    assert!(!handbook.ask(handbook.anna, asked).await.answer.contains("Ptarmigan"));
}

/// Between the moment when somebody's request learnt that there is nothing private and the search, there may be something.
#[tokio::test]
async fn what_is_answered_for_everybody_holds_nothing_private_of_the_one_who_asked() {
    let handbook = Handbook::open().await;
    let asked = "What is the secret codename of the winter project?";
    let before = handbook.store.standing(handbook.ben).await.unwrap();
    let diary = b"The secret codename of the winter project is Ptarmigan.".to_vec();
    handbook.add(handbook.ben, Visibility::Private, "diary.txt", diary).await;
    let now = handbook.store.standing(handbook.ben).await.unwrap();
    assert!(!before.has_private && now.has_private);
    let late = Standing { has_private: false, ..now };
    let answer =
        handbook.assistant.ask(Ask { standing: Some(late), ..question(handbook.ben, asked) }, None).await.unwrap();
    assert!(!answer.answer.contains("Ptarmigan"), "{}", answer.answer);
    assert!(!handbook.ask(handbook.anna, asked).await.answer.contains("Ptarmigan"));
    assert!(handbook.ask(handbook.ben, asked).await.answer.contains("Ptarmigan"));
}

#[tokio::test]
async fn a_follow_up_is_cached_as_the_question_that_it_stands_for() {
    let handbook = Handbook::open().await;
    let first = handbook.ask(handbook.anna, "What can I spend on a hotel room in London?").await;
    let follow = |conversation_id| Ask { conversation_id, ..question(handbook.anna, "And in Paris?") };
    let ask = async |ask: Ask| handbook.assistant.ask(ask, None).await.unwrap();
    let computed = ask(follow(Some(first.conversation_id))).await;
    assert_eq!(computed.cache.tier, None);
    let alone = handbook.ask(handbook.ben, "What can I spend on a hotel room in Paris?").await;
    assert_eq!((alone.cache.tier, &alone.answer), (Some(CacheTier::L1), &computed.answer));
    // The same words after something else are another question.
    let other = handbook.ask(handbook.anna, "Who approves travel to Berlin?").await;
    let leaning = ask(follow(Some(other.conversation_id))).await;
    assert_eq!(leaning.cache.tier, None, "{}", leaning.answer);
}

#[tokio::test]
async fn a_deleted_document_is_not_quoted() {
    let handbook = Handbook::open().await;
    let note = b"The espresso machine is descaled by Quentin every second Thursday.".to_vec();
    let id = handbook.add(handbook.anna, Visibility::Shared, "coffee.txt", note).await;
    let asked = "Who descales the espresso machine?";
    assert!(handbook.ask(handbook.ben, asked).await.answer.contains("Quentin"));
    handbook.knowledge.delete(id).await.unwrap();
    assert!(!handbook.ask(handbook.ben, asked).await.answer.contains("Quentin"));
}

#[tokio::test]
async fn a_complex_question_is_answered_part_by_part_as_it_streams() {
    let handbook = Handbook::open().await;
    let (sender, mut events) = mpsc::channel(64);
    let asked = "How are passwords for administrator accounts made, and what can I spend on a hotel room in London?";
    let answer = handbook.assistant.ask(question(handbook.anna, asked), Some(sender)).await.unwrap();
    assert_eq!(answer.mode, Mode::Complex);
    assert!(answer.answer.contains("20 characters") && answer.answer.contains("£165"), "{}", answer.answer);
    let mut streamed = String::new();
    let mut names = Vec::new();
    while let Some(event) = events.recv().await {
        names.push(match event {
            AnswerEvent::Meta { message_id, .. } => {
                assert_eq!(message_id, answer.message_id);
                "meta"
            }
            AnswerEvent::Delta(text) => {
                streamed.push_str(&text);
                "delta"
            }
            AnswerEvent::Citations(citations) => {
                assert_eq!(citations, answer.citations);
                "citations"
            }
        });
    }
    assert_eq!(names, ["meta", "delta", "delta", "citations"]);
    assert_eq!(streamed, answer.answer);
}

#[tokio::test]
async fn a_follow_up_leans_on_the_question_before() {
    let handbook = Handbook::open().await;
    let first = handbook.ask(handbook.anna, "What is the P95 response time at 100 users?").await;
    assert!(first.answer.contains("228"), "{}", first.answer);
    let mut next = question(handbook.anna, "and for 200 users?");
    next.conversation_id = Some(first.conversation_id);
    let second = handbook.assistant.ask(next, None).await.unwrap();
    assert!(second.answer.contains("340"), "{}", second.answer);
    assert_eq!(second.conversation_id, first.conversation_id);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_a_reason() {
    let handbook = Handbook::open().await;
    let refused = async |ask: Ask| handbook.assistant.ask(ask, None).await.unwrap_err();
    assert!(matches!(refused(question(handbook.anna, " \n ")).await, AskError::Empty));
    let long = "why ".repeat(assistant::MAX_QUESTION_CHARS);
    assert!(matches!(refused(question(handbook.anna, &long)).await, AskError::TooLong { .. }));
    let mine = handbook.ask(handbook.anna, "How long must a password be?").await;
    let mut theirs = question(handbook.ben, "and for administrators?");
    theirs.conversation_id = Some(mine.conversation_id);
    assert!(matches!(refused(theirs).await, AskError::UnknownConversation));
}
