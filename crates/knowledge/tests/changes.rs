//! Which changes of documents alter what a search finds: one case for each thing that its result rests on. Each asserts as
//! well that what is said to alter nothing leaves the result as it was.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::path::PathBuf;

use knowledge::{Alteration, Basis, Found, Knowledge, Settings, Upload};
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
    /// Sixty-three documents, three more than a search by words finds; eight more are a step of the collection's size.
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
        let things = ["crane", "dredger", "tugboat", "lock", "pilot", "quay", "dock", "buoy", "barge"];
        for thing in things {
            for deed in ["inspected", "painted", "repaired", "measured", "insured", "cleaned", "photographed"] {
                library.add(Visibility::Shared, &format!("The {thing} in the harbour is {deed} in spring.")).await;
            }
        }
        library
    }

    async fn add(&self, visibility: Visibility, text: &str) -> Uuid {
        let id = self.add_without_vectors(visibility, text).await;
        self.knowledge.embed(&[id]).await.unwrap();
        id
    }

    async fn add_without_vectors(&self, visibility: Visibility, text: &str) -> Uuid {
        let (title, bytes) = (Some("Note".to_owned()), text.as_bytes().to_vec());
        let upload = Upload { owner_id: self.ben, visibility, title, file_name: "note.txt".into(), bytes };
        let Stored::Created(document) = self.knowledge.take_in(upload).await.unwrap() else {
            unreachable!("it is new")
        };
        self.knowledge.ingest(document.id).await.unwrap();
        document.id
    }

    async fn search(&self, account_id: Uuid) -> Found {
        let present = self.knowledge.store().present_change().await.unwrap();
        self.knowledge.retrieve_afresh(Reader::new(account_id).at(present), ASKED).await.unwrap()
    }

    /// How what is done alters the search of a person.
    async fn altered(&self, account_id: Uuid, done: impl AsyncFnOnce(&Self)) -> Option<Alteration> {
        let before = self.search(account_id).await;
        let present = self.knowledge.present();
        done(self).await;
        self.knowledge.catch_up_with_everything().await.unwrap();
        let alteration = self.alteration(&before.basis, present);
        if alteration.is_none() {
            assert_eq!(hits(&before), hits(&self.search(account_id).await), "it is said to find the same");
        }
        alteration
    }

    fn alteration(&self, basis: &Basis, since: u64) -> Option<Alteration> {
        let changes = self.knowledge.changes_since(since).unwrap();
        assert!(!changes.is_empty(), "something was done");
        changes.iter().find_map(|change| basis.altered_by(change))
    }

    async fn share(&self, id: Uuid, visibility: Visibility) {
        let change = DocumentChange { title: None, visibility: Some(visibility) };
        self.knowledge.change(id, change).await.unwrap();
    }
}

fn hits(found: &Found) -> Vec<(Uuid, i32)> {
    #[expect(clippy::cast_possible_truncation, reason = "scores are from 0 to 1")]
    let hit = |hit: &knowledge::search::SearchHit| (hit.passage.chunk_id, (hit.score * 1e4) as i32);
    found.hits.iter().map(hit).collect()
}

/// Far from harbours, in words and in meaning.
const FAR: &str = "Narwhal ledger entries list the dividends of preferred stock.";

/// Of many words, of which one is in every document of the library.
fn with_a_common_word() -> String {
    format!("{} The harbour is not meant. {}", FAR.repeat(6), FAR.repeat(6))
}

#[tokio::test]
async fn what_has_nothing_in_common_with_the_question_alters_nothing() {
    let library = Library::open(true).await;
    let mut far = Uuid::nil();
    let add = async |library: &Library| far = library.add(Visibility::Shared, FAR).await;
    assert_eq!(library.altered(library.anna, add).await, None);
    let delete = async |library: &Library| library.knowledge.delete(far).await.unwrap();
    assert_eq!(library.altered(library.anna, delete).await, None);
}

#[tokio::test]
async fn a_word_of_the_question_alters_it_where_it_counts() {
    let library = Library::open(true).await;
    let add = async |text: &str| {
        library.altered(library.anna, async |library| _ = library.add(Visibility::Shared, text).await).await
    };
    assert_eq!(add(&with_a_common_word()).await, None);
    assert_eq!(add(&format!("{FAR} The crane operators' fund has some.")).await, Some(Alteration::Words));
}

#[tokio::test]
async fn vectors_alter_what_words_alone_had_found_and_nothing_else() {
    let library = Library::open(true).await;
    let far = library.add_without_vectors(Visibility::Shared, FAR).await;
    let embed_far = async |library: &Library| _ = library.knowledge.embed(&[far]).await.unwrap();
    let well =
        library.add_without_vectors(Visibility::Shared, "The harbour crane is inspected on the first of May.").await;
    assert!(library.search(library.anna).await.hits.iter().any(|hit| hit.passage.document_id == well));
    assert_eq!(library.altered(library.anna, embed_far).await, None);
    let embed_well = async |library: &Library| _ = library.knowledge.embed(&[well]).await.unwrap();
    assert_eq!(library.altered(library.anna, embed_well).await, Some(Alteration::Found));
}

#[tokio::test]
async fn a_word_that_becomes_more_common_or_rarer_alters_it() {
    let library = Library::open(true).await;
    // Eighty documents, of which seventy-one have the word: one less is another step.
    let mut with_the_word = Uuid::nil();
    for number in 0..8 {
        let text = format!("{} Volume {number}.", with_a_common_word());
        with_the_word = library.add(Visibility::Shared, &text).await;
    }
    for number in 0..9 {
        library.add(Visibility::Shared, &format!("{FAR} Volume {number}.")).await;
    }
    let delete = async |library: &Library| library.knowledge.delete(with_the_word).await.unwrap();
    assert_eq!(library.altered(library.anna, delete).await, Some(Alteration::Rarity));
}

#[tokio::test]
async fn a_word_of_ones_own_documents_counts_together_with_everybodys() {
    let library = Library::open(true).await;
    library.add(Visibility::Private, &with_a_common_word()).await;
    let other = format!("{} Another volume.", with_a_common_word());
    let add = async |library: &Library| _ = library.add(Visibility::Shared, &other).await;
    assert_eq!(library.altered(library.ben, add).await, Some(Alteration::Rarity), "perhaps");
}

#[tokio::test]
async fn nearness_in_meaning_alters_it_without_a_common_word() {
    let library = Library::open(true).await;
    let near = "When is the derrick of the harbor to be examined?";
    let add = async |library: &Library| _ = library.add(Visibility::Shared, near).await;
    assert_eq!(library.altered(library.anna, add).await, Some(Alteration::Meaning));
}

#[tokio::test]
async fn a_document_that_was_found_alters_it() {
    let library = Library::open(true).await;
    // By its meaning alone: it has no word of the question, as long as nobody tells the index that a harbor is a harbour.
    let near = library.add(Visibility::Shared, "When is the derrick of the harbor to be examined?").await;
    let titled = DocumentChange { title: Some("Gear".to_owned()), visibility: None };
    let retitle = async |library: &Library| drop(library.knowledge.change(near, titled.clone()).await.unwrap());
    assert_eq!(library.altered(library.anna, retitle).await, Some(Alteration::Found));
    let delete = async |library: &Library| library.knowledge.delete(near).await.unwrap();
    assert_eq!(library.altered(library.anna, delete).await, Some(Alteration::Found));
}

#[tokio::test]
async fn private_documents_alter_what_their_owner_finds_and_nothing_else() {
    let library = Library::open(true).await;
    let text = "The crane in the harbour was put up on the first of May.";
    let mut private = Uuid::nil();
    let add = async |library: &Library| private = library.add(Visibility::Private, text).await;
    assert_eq!(library.altered(library.anna, add).await, None);
    let add = async |library: &Library| _ = library.add(Visibility::Private, FAR).await;
    assert_eq!(library.altered(library.ben, add).await, Some(Alteration::Private));
    // What everybody may read from now on, or no longer, is everybody's business.
    for (visibility, why) in [(Visibility::Shared, Alteration::Words), (Visibility::Private, Alteration::Found)] {
        let share = async |library: &Library| library.share(private, visibility).await;
        assert_eq!(library.altered(library.anna, share).await, Some(why));
    }
    // And its owner's, whatever it says.
    let far = library.add(Visibility::Private, &format!("{FAR} Another one.")).await;
    for visibility in [Visibility::Shared, Visibility::Private] {
        let share = async |library: &Library| library.share(far, visibility).await;
        assert_eq!(library.altered(library.ben, share).await, Some(Alteration::Private));
    }
}

#[tokio::test]
async fn a_collection_of_another_size_alters_it() {
    let library = Library::open(true).await;
    let grow = async |library: &Library| {
        for number in 0..8 {
            library.add(Visibility::Shared, &format!("Narwhal ledger {number}: {FAR}")).await;
        }
    };
    let why = library.altered(library.anna, grow).await;
    assert_eq!(why, Some(Alteration::Collection), "every word is rarer in a larger collection");
}

#[tokio::test]
async fn what_nobody_trusts_any_more_alters_it() {
    let library = Library::open(true).await;
    let store = library.knowledge.store().clone();
    let distrust = async |_: &Library| store.distrust_everything().await.unwrap();
    assert_eq!(library.altered(library.anna, distrust).await, Some(Alteration::Everything));
}

#[tokio::test]
async fn without_a_model_everything_alters_it() {
    let library = Library::open(false).await;
    let add = async |library: &Library| _ = library.add(Visibility::Private, FAR).await;
    assert_eq!(library.altered(library.anna, add).await, Some(Alteration::WordsAlone));
}
