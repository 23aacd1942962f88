//! A real database in a folder of its own.

use chrono::{TimeZone, Utc};
use sea_orm::ConnectionTrait as _;
use std::collections::HashSet;

use store::accounts::{Account, NewAccount};
use store::chunks::{Extracted, NewChunk};
use store::documents::{Document, NewDocument, Stored};
use store::search::{ChunkFields, DocumentFields, Frequency, KeywordHit, TermStatistics, terms};
use store::values::Role;
use store::{Clock, DatabaseUrl, Reader, Settings, Store, Visibility};
use tempfile::TempDir;
use test_servers::Server;
use uuid::Uuid;

pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    settings: Settings,
    url: Option<String>,
    // Removed with the test.
    directory: TempDir,
}

pub(crate) async fn sqlite() -> TestStore {
    open(Settings::default(), None).await
}

pub(crate) async fn postgres_15() -> TestStore {
    postgres(Server::Postgres15).await
}

pub(crate) async fn postgres_with_vectors() -> TestStore {
    let test = postgres(Server::WithVectors).await;
    test.store.prepare_vector_search(8).await.unwrap();
    test
}

async fn postgres(server: Server) -> TestStore {
    let url = test_servers::database(server).await;
    let database = Some(DatabaseUrl::new(url.clone()));
    let settings = Settings { url: database, min_connections: 0, max_connections: 4, ..Settings::default() };
    open(settings, Some(url)).await
}

async fn open(settings: Settings, url: Option<String>) -> TestStore {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap());
    let store = Store::open(directory.path(), &settings, clock.clone()).await.unwrap();
    TestStore { store, clock, settings, url, directory }
}

impl TestStore {
    /// Runs a statement that the store has no operation for, and says what went wrong.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), String> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.directory.path().join("voiceassist.db").display()),
        };
        let connection = sea_orm::Database::connect(url).await.unwrap();
        connection.execute_unprepared(sql).await.map(drop).map_err(|error| error.to_string())
    }

    /// Another process on the same database.
    pub(crate) async fn another_process(&self) -> Store {
        let store = Store::open(self.directory.path(), &self.settings, self.clock.clone()).await.unwrap();
        if self.store.searches_vectors() {
            store.prepare_vector_search(8).await.unwrap();
        }
        store
    }

    pub(crate) async fn account(&self, email: &str) -> Account {
        let new = NewAccount {
            email: email.to_owned(),
            name: email.to_owned(),
            password_hash: "hash".to_owned(),
            role: Role::User,
        };
        self.store.add_account(new).await.unwrap()
    }

    pub(crate) async fn stored(&self, owner_id: Uuid, visibility: Visibility, text: &str) -> Stored {
        let mut sha256 = [0; 32];
        for (at, byte) in text.bytes().enumerate() {
            sha256[at % 32] ^= byte.rotate_left(u32::try_from(at / 32 % 8).unwrap());
        }
        let new = NewDocument {
            owner_id,
            visibility,
            title: None,
            file_name: "note.txt".to_owned(),
            format: "text".to_owned(),
            sha256,
            bytes: text.as_bytes().to_vec(),
        };
        self.store.add_document(new).await.unwrap()
    }

    /// A document of one chunk, indexed by keywords.
    pub(crate) async fn document(&self, owner_id: Uuid, visibility: Visibility, text: &str) -> Document {
        self.extracted(owner_id, visibility, &[text], false).await
    }

    /// A document of these chunks, which wait for their vectors.
    pub(crate) async fn waiting_document(&self, owner_id: Uuid, visibility: Visibility, chunks: &[&str]) -> Document {
        self.extracted(owner_id, visibility, chunks, true).await
    }

    async fn extracted(&self, owner_id: Uuid, visibility: Visibility, chunks: &[&str], embed: bool) -> Document {
        let text = chunks.concat();
        let (Stored::Created(document) | Stored::Existing(document)) = self.stored(owner_id, visibility, &text).await;
        let mut end = 0;
        let chunk = |text: &&str| {
            let start = end;
            end += text.len();
            NewChunk { heading_path: String::new(), start, end, units: Vec::new() }
        };
        let chunks = chunks.iter().map(chunk).collect();
        let extracted = Extracted { title: None, text, chunks };
        assert!(self.store.store_extracted(document.id, extracted, embed).await.unwrap());
        document
    }

    /// The texts that a person finds with these words, by chunks and by documents alike.
    pub(crate) async fn found(&self, account_id: Uuid, words: &str) -> Vec<String> {
        let reader = Reader::new(account_id);
        let words = terms(words);
        let fields = ChunkFields { title: 1.0, heading_path: 1.0, body: 1.0 };
        let hits = self.store.chunks_by_keywords(reader, &words, fields, 5).await.unwrap();
        let documents = self.documents(reader, words, 5).await;
        assert_eq!(ids(&documents), ids(&hits), "both indexes hold the same");
        let numbers: Vec<i64> = hits.iter().map(|hit| hit.number).collect();
        let passages = self.store.passages(reader, &numbers).await.unwrap();
        assert_eq!(passages.len(), numbers.len(), "what is found can be read");
        let text = |number: i64| passages.iter().find(|passage| passage.number == number).unwrap().text.clone();
        numbers.into_iter().map(text).collect()
    }

    async fn documents(&self, reader: Reader, words: Vec<String>, limit: usize) -> Vec<KeywordHit> {
        let (readable, statistics) = self.store.term_statistics(reader, &words).await.unwrap();
        let collection = readable.collection();
        let words: Vec<_> = words.into_iter().zip(statistics.into_iter().map(TermStatistics::frequency)).collect();
        let fields = DocumentFields { title: 1.0, body: 1.0 };
        self.store.documents_by_keywords(reader, &words, collection, fields, limit).await.unwrap()
    }

    /// The scores of the documents that a person finds with these words, best first.
    pub(crate) async fn scores(&self, account_id: Uuid, words: &str) -> Vec<f32> {
        let found = self.documents(Reader::new(account_id), terms(words), 100).await;
        found.into_iter().map(|hit| hit.score).collect()
    }

    /// Where a word occurs among the documents that everybody may read.
    pub(crate) async fn statistics(&self, word: &str) -> Frequency {
        let reader = Reader::new(Uuid::nil());
        let (_, statistics) = self.store.term_statistics(reader, &[word.to_owned()]).await.unwrap();
        assert_eq!(statistics[0].private, Frequency::default());
        statistics[0].shared
    }
}

fn ids(hits: &[KeywordHit]) -> HashSet<Uuid> {
    hits.iter().map(|hit| hit.document_id).collect()
}
