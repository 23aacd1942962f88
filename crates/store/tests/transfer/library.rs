//! A database with a bit of everything.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{DateTime, TimeDelta};
use store::accounts::NewAccount;
use store::chunks::{Extracted, NewChunk, StoredVector};
use store::conversations::Exchange;
use store::documents::{NewDocument, Stored};
use store::page::PageRequest;
use store::search::{ChunkFields, DocumentFields, KeywordHit, TermStatistics, terms};
use store::values::{JobKind, Role, SessionKind};
use store::{Clock, DatabaseUrl, Reader, Settings, Store, Visibility};
use tempfile::TempDir;
use test_servers::Server;
use uuid::Uuid;

/// A database with nothing in it.
pub(crate) struct Empty {
    pub(crate) store: Store,
    directory: TempDir,
}

pub(crate) async fn empty_sqlite() -> Empty {
    open(Settings::default()).await
}

pub(crate) async fn empty_postgres() -> Empty {
    let url = DatabaseUrl::new(test_servers::database(Server::WithVectors).await);
    open(Settings { url: Some(url), min_connections: 0, max_connections: 4, ..Settings::default() }).await
}

async fn open(settings: Settings) -> Empty {
    let directory = tempfile::tempdir().unwrap();
    // Nanoseconds, which PostgreSQL does not keep.
    let start = DateTime::from_timestamp(1_795_500_000, 123_456_789).unwrap();
    let store = Store::open(directory.path(), &settings, Clock::manual(start)).await.unwrap();
    Empty { store, directory }
}

impl Empty {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A database with people, documents and conversations.
pub(crate) struct Library {
    pub(crate) store: Store,
    pub(crate) session: Uuid,
    /// A document that waits to be read.
    pub(crate) queued: Uuid,
    anna: Uuid,
    directory: TempDir,
}

static NEXT: AtomicU8 = AtomicU8::new(0);

impl Library {
    /// The vector of the only chunk that has this one.
    pub(crate) const VECTOR: [i8; 8] = [127, 1, 1, 1, 1, 1, 1, 1];

    /// With two people, and little else.
    pub(crate) async fn small(empty: Empty) -> Self {
        let Empty { store, directory } = empty;
        let account = |email: &str| NewAccount {
            email: email.to_owned(),
            name: "Ännchen 👩".to_owned(),
            password_hash: "$argon2id$".to_owned(),
            role: Role::Admin,
        };
        let anna = store.add_account(account("anna@example.org")).await.unwrap().id;
        store.add_account(account("bert@example.org")).await.unwrap();
        // Another key in every database.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        store.value_or_insert("jwt_key", || vec![0, 255, number]).await.unwrap();
        let session = store.clock().new_id();
        store.begin_session(session, anna, SessionKind::Browser, &[0, 1, 2], TimeDelta::days(1)).await.unwrap();
        let library = Self { store, session, queued: Uuid::nil(), anna, directory };
        library.exchange("Where is the index?").await;
        library
    }

    /// With a bit of everything, and more chunks than fit into two batches.
    pub(crate) async fn filled(empty: Empty) -> Self {
        let mut library = Self::small(empty).await;
        let many: Vec<String> =
            (0..2_300).map(|number| format!("Passage {number} about the index of o'reilly's table. ")).collect();
        library.add_document(&many.concat(), true).await;
        for (number, text) in
            ["vacuum the table", "the index, the table", "'\\ & | ! naïve ﬁle 15.2", ""].into_iter().enumerate()
        {
            library.add_document(text, number % 2 == 0).await;
            library.store.clock().advance(TimeDelta::microseconds(1_001));
        }
        library.store_vector().await;
        library.queued = library.add_file("to be read", true).await;
        library.add_file("in hand", false).await;
        assert_eq!(library.store.claim_jobs(JobKind::Ingest, 1).await.unwrap().len(), 1);
        library.exchange("How is a table vacuumed?").await;
        library
    }

    /// What it has become in another database.
    pub(crate) fn moved_to(&self, target: Empty) -> Self {
        let Empty { store, directory } = target;
        // It goes on where the other one's time is.
        store.clock().advance(TimeDelta::seconds(1));
        Self { store, session: self.session, queued: self.queued, anna: self.anna, directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self.anna)
    }

    async fn add_file(&self, text: &str, shared: bool) -> Uuid {
        let mut sha256 = [0; 32];
        for (at, byte) in text.bytes().enumerate() {
            sha256[at % 32] ^= byte.rotate_left(u32::try_from(at / 32 % 8).unwrap());
        }
        let new = NewDocument {
            owner_id: self.anna,
            visibility: if shared { Visibility::Shared } else { Visibility::Private },
            title: Some(format!("About {}", text.chars().take(9).filter(|c| *c != '\0').collect::<String>())),
            file_name: "note.txt".to_owned(),
            format: "text".to_owned(),
            sha256,
            bytes: text.as_bytes().to_vec(),
        };
        let (Stored::Created(document) | Stored::Existing(document)) = self.store.add_document(new).await.unwrap();
        document.id
    }

    /// A document with a chunk for each sentence, indexed by keywords.
    pub(crate) async fn add_document(&self, text: &str, shared: bool) -> Uuid {
        let id = self.add_file(text, shared).await;
        let mut start = 0;
        let chunks = text.split_inclusive(". ").map(|sentence| {
            let heading_path = "Index > Table".to_owned();
            let chunk = NewChunk { heading_path, start, end: start + sentence.len(), units: vec![0, 1, 255] };
            start = chunk.end;
            chunk
        });
        let extracted = Extracted { title: None, text: text.to_owned(), chunks: chunks.collect() };
        assert!(self.store.store_extracted(id, extracted, false).await.unwrap());
        id
    }

    async fn store_vector(&self) {
        for (text, codes) in [("with a vector", Self::VECTOR), ("with another", [1, 1, 1, 127, 1, 1, 1, 1])] {
            let id = self.add_file(text, true).await;
            let chunk = NewChunk { heading_path: String::new(), start: 0, end: text.len(), units: Vec::new() };
            let extracted = Extracted { title: None, text: text.to_owned(), chunks: vec![chunk] };
            assert!(self.store.store_extracted(id, extracted, true).await.unwrap());
            let pending = self.store.pending_chunks(&[id], 9).await.unwrap();
            let codes = codes.map(i8::cast_unsigned).to_vec();
            let vector = StoredVector { number: pending[0].number, scale: 0.1, codes, units: vec![7] };
            assert_eq!(self.store.store_vectors("model", &[id], vec![vector]).await.unwrap(), 1);
        }
    }

    pub(crate) async fn number_of_vector(&self) -> i64 {
        let codes = Self::VECTOR.map(i8::cast_unsigned).to_vec();
        let vectors = self.store.load_vectors("model", 0, 100).await.unwrap();
        vectors.into_iter().find(|(vector, _)| vector.codes == codes).unwrap().0.number
    }

    /// A question that begins a conversation, with its answer and a judgement.
    pub(crate) async fn exchange(&self, question: &str) {
        let (conversation_id, message_id) = (self.store.clock().new_id(), self.store.clock().new_id());
        let exchange = Exchange {
            account_id: self.anna,
            conversation_id,
            message_id,
            question: question.to_owned(),
            answer: "In the table.".to_owned(),
            detail: serde_json::json!({"score": 0.1 + 0.2, "quote": question, "null": null, "zeta": [], "alpha": {}}),
        };
        self.store.record_exchange(exchange).await.unwrap();
        if question.starts_with("How") {
            self.store.rate_answer(self.anna, message_id, -1, Some("No.".to_owned())).await.unwrap();
        }
    }

    /// How many conversations have this word.
    pub(crate) async fn conversations(&self, word: &str) -> usize {
        let request = PageRequest { limit: 100, query: Some(word.to_owned()), ..PageRequest::default() };
        self.store.conversations(self.anna, &request).await.unwrap().items.len()
    }

    /// Number and score of what is found by these words, among chunks and among documents.
    pub(crate) async fn found(&self, words: &str) -> Vec<(i64, f32)> {
        let fields = ChunkFields { title: 4.0, heading_path: 2.0, body: 1.0 };
        rounded(self.store.chunks_by_keywords(self.reader(), &terms(words), fields, 50).await.unwrap())
    }

    async fn documents_found(&self, words: &str) -> Vec<(i64, f32)> {
        let words = terms(words);
        let (readable, statistics) = self.store.term_statistics(self.reader(), &words).await.unwrap();
        let collection = readable.collection();
        let words: Vec<_> = words.into_iter().zip(statistics.into_iter().map(TermStatistics::frequency)).collect();
        let fields = DocumentFields { title: 1.2, body: 0.3 };
        rounded(self.store.documents_by_keywords(self.reader(), &words, collection, fields, 50).await.unwrap())
    }

    pub(crate) async fn everything_found(&self) -> Vec<(i64, f32)> {
        let mut all = Vec::new();
        for words in ["index", "vacuum table", "o'reilly's passage", "naïve 15.2", "vector", "7"] {
            all.extend(self.found(words).await);
            all.extend(self.documents_found(words).await);
            all.extend([(i64::try_from(self.conversations(words).await).unwrap(), -1.0)]);
        }
        all
    }

    /// No row without those that belong to it.
    pub(crate) async fn everything_hangs_together(&self) {
        let request = PageRequest { limit: 200, ..PageRequest::default() };
        for conversation in self.store.conversations(self.anna, &request).await.unwrap().items {
            assert_eq!(self.store.messages(conversation.id).await.unwrap().len(), 2, "a question and an answer");
        }
        for document in self.store.documents(self.reader(), &request).await.unwrap().items {
            assert!(self.store.document_bytes(document.id).await.unwrap().is_some());
            let chunks = self.store.pending_chunks(&[document.id], 10_000).await.unwrap().len();
            assert_eq!(i32::try_from(chunks).unwrap() + document.embedded_chunks, document.chunks);
        }
    }
}

/// Seven digits are the same in both databases, not always eight.
fn rounded(hits: Vec<KeywordHit>) -> Vec<(i64, f32)> {
    hits.into_iter().map(|hit| (hit.number, (hit.score * 10_000.0).round())).collect()
}
