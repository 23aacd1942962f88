//! Which changes of documents a search survives: one case for each thing that its result rests on. Each asserts as well that
//! what the search is said to survive leaves its result as it was.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::path::PathBuf;

use knowledge::{Basis, Found, Knowledge, Settings, Upload};
use store::accounts::NewAccount;
use store::documents::Stored;
use store::editing::DocumentChange;
use store::values::Role;
use store::{Clock, Reader, Store, Visibility};
use tempfile::TempDir;
use uuid::Uuid;

const ASKED: &str = "When is the harbour crane inspected?";

struct Library {
    knowledge: Knowledge,
    anna: Uuid,
    ben: Uuid,
    // Removed with the test.
    _directory: TempDir,
}

impl Library {
    /// Seventy documents, ten more than a search by meaning finds; two more are a step of the collection's size.
    async fn open(with_model: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = test_servers::database_of_the_profile().await.map(store::DatabaseUrl::new);
        let database = store::Settings { url, min_connections: 0, max_connections: 5, ..store::Settings::default() };
        let store = Store::open(directory.path(), &database, Clock::System).await.unwrap();
        let model = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/all-minilm-l6-v2"));
        let settings = Settings { model_directory: with_model.then_some(model), ..Settings::default() };
        let knowledge = Knowledge::open(store.clone(), settings).await.unwrap();
        let mut people = Vec::new();
        for email in ["anna@example.org", "ben@example.org"] {
            let new =
                NewAccount { email: email.into(), name: email.into(), password_hash: String::new(), role: Role::User };
            people.push(store.add_account(new).await.unwrap().id);
        }
        let library = Self { knowledge, anna: people[0], ben: people[1], _directory: directory };
        let things = ["crane", "dredger", "tugboat", "lock", "pilot", "quay", "dock", "buoy", "mole", "barge"];
        for thing in things {
            for deed in ["inspected", "painted", "repaired", "measured", "insured", "cleaned", "photographed"] {
                library.add(Visibility::Shared, &format!("The {thing} in the harbour is {deed} in spring.")).await;
            }
        }
        library
    }

    async fn add(&self, visibility: Visibility, text: &str) -> Uuid {
        let (title, bytes) = (Some("Note".to_owned()), text.as_bytes().to_vec());
        let upload = Upload { owner_id: self.ben, visibility, title, file_name: "note.txt".into(), bytes };
        let Stored::Created(document) = self.knowledge.take_in(upload).await.unwrap() else {
            unreachable!("it is new")
        };
        self.knowledge.ingest(document.id).await.unwrap();
        self.knowledge.embed(&[document.id]).await.unwrap();
        document.id
    }

    async fn search(&self, account_id: Uuid) -> Found {
        let present = self.knowledge.store().present_change().await.unwrap();
        self.knowledge.retrieve_afresh(Reader::new(account_id).at(present), ASKED).await.unwrap()
    }

    /// Whether the search of a person survives what is done.
    async fn survives(&self, account_id: Uuid, done: impl AsyncFnOnce(&Self)) -> bool {
        let before = self.search(account_id).await;
        let present = self.knowledge.present();
        done(self).await;
        self.knowledge.catch_up_with_everything().await.unwrap();
        let survives = self.survived(&before.basis, present);
        if survives {
            assert_eq!(hits(&before), hits(&self.search(account_id).await), "it is said to find the same");
        }
        survives
    }

    fn survived(&self, basis: &Basis, since: u64) -> bool {
        let changes = self.knowledge.changes_since(since).unwrap();
        assert!(!changes.is_empty(), "something was done");
        changes.iter().all(|change| basis.survives(change))
    }
}

fn hits(found: &Found) -> Vec<(Uuid, i32)> {
    #[expect(clippy::cast_possible_truncation, reason = "scores are from 0 to 1")]
    let hit = |hit: &knowledge::search::SearchHit| (hit.passage.chunk_id, (hit.score * 1e4) as i32);
    found.hits.iter().map(hit).collect()
}

/// Far from harbours, in words and in meaning.
const FAR: &str = "Narwhal ledger entries list the dividends of preferred stock.";

#[tokio::test]
async fn what_has_nothing_in_common_with_the_question_alters_nothing() {
    let library = Library::open(true).await;
    let mut far = Uuid::nil();
    assert!(library.survives(library.anna, async |library| far = library.add(Visibility::Shared, FAR).await).await);
    assert!(library.survives(library.anna, async |library| library.knowledge.delete(far).await.unwrap()).await);
}

#[tokio::test]
async fn a_word_of_the_question_alters_it() {
    let library = Library::open(true).await;
    let with_a_word = "Narwhal ledger entries list the dividends of the crane operators' fund.";
    assert!(!library.survives(library.anna, async |l| _ = l.add(Visibility::Shared, with_a_word).await).await);
}

#[tokio::test]
async fn nearness_in_meaning_alters_it_without_a_common_word() {
    let library = Library::open(true).await;
    let near = "Port machinery for lifting cargo is examined by engineers every April.";
    assert!(!library.survives(library.anna, async |l| _ = l.add(Visibility::Shared, near).await).await);
}

#[tokio::test]
async fn a_document_that_was_found_alters_it() {
    let library = Library::open(true).await;
    // By its meaning alone: it has no word of the question.
    let near = library.add(Visibility::Shared, "Port machinery for lifting cargo is examined every April.").await;
    let titled = DocumentChange { title: Some("Gear".to_owned()), visibility: None };
    let retitle = async |l: &Library| drop(l.knowledge.change(near, titled.clone()).await.unwrap());
    assert!(!library.survives(library.anna, retitle).await);
    assert!(!library.survives(library.anna, async |l| l.knowledge.delete(near).await.unwrap()).await);
}

#[tokio::test]
async fn private_documents_alter_what_their_owner_finds_and_nothing_else() {
    let library = Library::open(true).await;
    let text = "The crane in the harbour is inspected on the first of May.";
    let mut private = Uuid::nil();
    let add = async |l: &Library| private = l.add(Visibility::Private, text).await;
    assert!(library.survives(library.anna, add).await);
    assert!(!library.survives(library.ben, async |l| _ = l.add(Visibility::Private, FAR).await).await);
    // What everybody may read from now on, or no longer, is everybody's business.
    for visibility in [Visibility::Shared, Visibility::Private] {
        let change = DocumentChange { title: None, visibility: Some(visibility) };
        let share = async |l: &Library| drop(l.knowledge.change(private, change.clone()).await.unwrap());
        assert!(!library.survives(library.anna, share).await, "{visibility:?}");
    }
}

#[tokio::test]
async fn a_collection_of_another_size_alters_it() {
    let library = Library::open(true).await;
    let grow = async |library: &Library| {
        for number in 0..4 {
            library.add(Visibility::Shared, &format!("Narwhal ledger {number}: {FAR}")).await;
        }
    };
    assert!(!library.survives(library.anna, grow).await, "every word is rarer in a larger collection");
}

#[tokio::test]
async fn what_nobody_trusts_any_more_alters_it() {
    let library = Library::open(true).await;
    let store = library.knowledge.store().clone();
    assert!(!library.survives(library.anna, async |_| store.distrust_everything().await.unwrap()).await);
}

#[tokio::test]
async fn without_a_model_everything_alters_it() {
    let library = Library::open(false).await;
    assert!(!library.survives(library.anna, async |l| _ = l.add(Visibility::Private, FAR).await).await);
}
