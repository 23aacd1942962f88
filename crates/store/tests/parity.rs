//! Both databases find the same, with the same scores.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop where it stands")]

use std::collections::{HashMap, HashSet};
use std::path::Path;

use proptest::prelude::*;
use store::accounts::{Account, NewAccount};
use store::chunks::{Extracted, NewChunk, StoredVector};
use store::documents::{NewDocument, Stored};
use store::search::{ChunkFields, DocumentFields, Near, TermStatistics, terms};
use store::values::Role;
use store::{Clock, DatabaseUrl, Reader, Settings, Store, Visibility};
use test_servers::Server;
use uuid::Uuid;

/// A handful of words, so that documents share them; some that a `tsvector`'s or a query's text form could trip over.
const WORDS: &[&str] = &[
    "vacuum",
    "index",
    "table",
    "o'reilly",
    "pg_dump",
    "15.2",
    "the",
    "replication",
    "naïve",
    "\\",
    "'",
    "&|!:*",
    "ﬁle",
];

const CHUNKS: ChunkFields = ChunkFields { title: 4.0, heading_path: 2.0, body: 1.0 };
const DOCUMENTS: DocumentFields = DocumentFields { title: 1.2, body: 0.3 };

/// What is ranked.
#[derive(Clone, Copy, Debug)]
enum Index {
    Chunks,
    ChunksOfSome,
    Documents,
}

/// A document's title, and of each chunk the headings and the text.
type Written = (String, Vec<(String, String)>);

fn words(most: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(WORDS), 0..=most).prop_map(|words| words.join(" "))
}

fn documents() -> impl Strategy<Value = Vec<Written>> {
    let chunks = proptest::collection::vec((words(3), words(40)), 0..4);
    proptest::collection::vec((words(4), chunks), 1..12)
}

struct Library {
    store: Store,
    reader: Account,
}

impl Library {
    async fn open(directory: &Path, settings: &Settings) -> Self {
        let store = Store::open(directory, settings, Clock::System).await.unwrap();
        let (email, name) = ("anna@example.org".to_owned(), "Anna".to_owned());
        let new = NewAccount { email, name, password_hash: String::new(), role: Role::User };
        let reader = store.add_account(new).await.unwrap();
        Self { store, reader }
    }

    async fn add(&self, number: u8, (title, chunks): &Written) -> Uuid {
        let new = NewDocument {
            owner_id: self.reader.id,
            visibility: Visibility::Shared,
            title: Some(title.clone()),
            file_name: number.to_string(),
            format: "text".to_owned(),
            sha256: [number; 32],
            bytes: Vec::new(),
        };
        let Stored::Created(document) = self.store.add_document(new).await.unwrap() else { panic!("it is new") };
        let mut text = String::new();
        let mut new = Vec::new();
        for (heading_path, body) in chunks {
            let start = text.len();
            text.push_str(body);
            new.push(NewChunk { heading_path: heading_path.clone(), start, end: text.len(), units: Vec::new() });
        }
        let extracted = Extracted { title: None, text, chunks: new };
        assert!(self.store.store_extracted(document.id, extracted, true).await.unwrap());
        document.id
    }

    /// What these words find, by the file name of its document and its place there, with scores.
    async fn found(&self, index: Index, query: &str) -> HashMap<(String, i32), f32> {
        let reader = Reader::new(self.reader.id);
        let terms = each_once(query);
        let hits = match index {
            Index::Chunks => self.store.chunks_by_keywords(reader, &terms, CHUNKS, 1_000).await.unwrap(),
            Index::ChunksOfSome => {
                let all = self.store.chunks_by_keywords(reader, &terms, CHUNKS, 1_000).await.unwrap();
                let some: Vec<Uuid> = all.iter().filter(|hit| hit.number % 2 == 0).map(|hit| hit.document_id).collect();
                let weighted: Vec<_> = terms.into_iter().zip([1.0, 2.5, 0.3].into_iter().cycle()).collect();
                self.store.chunks_with_terms(reader, &some, &weighted, 1_000).await.unwrap()
            }
            Index::Documents => {
                let (readable, statistics) = self.store.term_statistics(reader, &terms).await.unwrap();
                let collection = readable.collection();
                let frequencies = statistics.into_iter().map(TermStatistics::frequency);
                let terms: Vec<_> = terms.into_iter().zip(frequencies).collect();
                self.store.documents_by_keywords(reader, &terms, collection, DOCUMENTS, 1_000).await.unwrap()
            }
        };
        let numbers: Vec<i64> = hits.iter().map(|hit| hit.number).collect();
        let passages = self.store.passages(reader, &numbers).await.unwrap();
        let place = |number: i64| {
            let passage = passages.iter().find(|passage| passage.number == number).unwrap();
            (passage.file_name.clone(), passage.ordinal)
        };
        hits.iter().map(|hit| (place(hit.number), hit.score)).collect()
    }
}

fn each_once(query: &str) -> Vec<String> {
    let mut terms = terms(query);
    terms.sort_unstable();
    terms.dedup();
    terms
}

async fn counted_alike(sqlite: &Library, postgres: &Library, query: &str) -> Result<(), TestCaseError> {
    let stems = each_once(query);
    let counted =
        async |library: &Library| library.store.term_statistics(Reader::new(library.reader.id), &stems).await.unwrap();
    prop_assert_eq!(counted(postgres).await, counted(sqlite).await);
    Ok(())
}

fn on_both<T>(test: impl AsyncFnOnce(&Library, &Library) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let directory = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::new(test_servers::database(Server::Postgres15).await);
        let settings = Settings { url: Some(url), min_connections: 0, max_connections: 2, ..Settings::default() };
        let sqlite = Library::open(directory.path(), &Settings::default()).await;
        let postgres = Library::open(directory.path(), &settings).await;
        test(&sqlite, &postgres).await
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn keywords_score_alike(documents in documents(), query in words(6), deleted in any::<proptest::sample::Index>()) {
        on_both(async |sqlite, postgres| {
            let mut ids = Vec::new();
            for (number, document) in (0..).zip(&documents) {
                ids.push([sqlite.add(number, document).await, postgres.add(number, document).await]);
            }
            counted_alike(sqlite, postgres, &query).await?;
            for index in [Index::Chunks, Index::ChunksOfSome, Index::Documents] {
                let (expected, found) = (sqlite.found(index, &query).await, postgres.found(index, &query).await);
                prop_assert_eq!(found.len(), expected.len(), "{:?} {:?} {:?}", index, expected, found);
                for (place, score) in expected {
                    let same = found.get(&place).copied().unwrap_or(f32::NAN);
                    let near = (same - score).abs() <= 1e-4 * score.abs().max(0.01);
                    prop_assert!(near, "{:?}: {} and {}", place, same, score);
                }
            }
            // FTS5 goes on counting deleted rows when it weighs words, so that scores differ from here on.
            let [of_sqlite, of_postgres] = *deleted.get(&ids);
            sqlite.store.delete_document(of_sqlite).await.unwrap();
            postgres.store.delete_document(of_postgres).await.unwrap();
            counted_alike(sqlite, postgres, &query).await?;
            for index in [Index::Chunks, Index::ChunksOfSome, Index::Documents] {
                let places = async |library: &Library| -> HashSet<_> {
                    library.found(index, &query).await.into_keys().collect()
                };
                prop_assert_eq!(places(postgres).await, places(sqlite).await);
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}

/// A vector that a number stands for, of length 1 in codes.
fn codes(number: i64, dimensions: usize) -> Vec<i8> {
    let mut state = number.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 56) as u8
    };
    (0..dimensions).map(|_| next().cast_signed()).collect()
}

#[tokio::test]
async fn pgvector_finds_the_nearest_of_what_one_may_read() {
    const DIMENSIONS: usize = 16;
    let url = DatabaseUrl::new(test_servers::database(Server::WithVectors).await);
    let settings = Settings { url: Some(url), min_connections: 0, max_connections: 2, ..Settings::default() };
    let directory = tempfile::tempdir().unwrap();
    let library = Library::open(directory.path(), &settings).await;
    library.store.prepare_vector_search(DIMENSIONS).await.unwrap();
    let mut vectors: HashMap<i64, Vec<f32>> = HashMap::new();
    let mut of_document: HashMap<Uuid, Vec<i64>> = HashMap::new();
    for number in 0..40 {
        let id = library.add(number, &(String::new(), vec![(String::new(), "text".to_owned()); 5])).await;
        let pending = library.store.pending_chunks(&[id], 100).await.unwrap();
        let mut stored = Vec::new();
        for chunk in pending {
            let codes = codes(chunk.number, DIMENSIONS);
            let whole = codes.iter().map(|code| f32::from(*code).powi(2)).sum::<f32>().sqrt();
            vectors.insert(chunk.number, codes.iter().map(|code| f32::from(*code) / whole).collect());
            of_document.entry(id).or_default().push(chunk.number);
            let codes = codes.into_iter().map(i8::cast_unsigned).collect();
            stored.push(StoredVector { number: chunk.number, scale: 1.0 / whole, codes, units: Vec::new() });
        }
        library.store.store_vectors("model", &[id], stored).await.unwrap();
    }
    let question = vectors.values().next().unwrap().clone();
    let wanted: Vec<Uuid> = of_document.keys().copied().take(3).collect();
    let near = library.store.nearest(Reader::new(library.reader.id), &question, 10, &wanted).await.unwrap();
    let mut expected: Vec<Near> =
        of_document.iter().flat_map(|(id, numbers)| by_hand(*id, numbers, &vectors, &question)).collect();
    expected.sort_unstable_by(Near::best_first);
    for (found, expected) in near.iter().zip(&expected).take(10) {
        assert_eq!((found.number, found.document_id), (expected.number, expected.document_id));
        for (a, b) in
            [(found.cosine, expected.cosine), (found.blended, expected.blended), (found.document, expected.document)]
        {
            assert!((a - b).abs() < 0.005, "{found:?} {expected:?}");
        }
    }
    // Then the two nearest of each wanted document, where they are not among those.
    for id in wanted {
        let two = expected.iter().filter(|near| near.document_id == id).take(2);
        for expected in two {
            assert!(near.iter().any(|near| near.number == expected.number));
        }
    }
}

/// The similarities as they are defined: with the chunk, with it and three tenths of its neighbours, with the sum of all.
fn by_hand(id: Uuid, numbers: &[i64], vectors: &HashMap<i64, Vec<f32>>, question: &[f32]) -> Vec<Near> {
    let vector = |place: usize| numbers.get(place).map(|number| vectors[number].clone());
    let cosine = |parts: &[(Option<Vec<f32>>, f32)]| {
        let mut sum = vec![0.0; question.len()];
        for (part, share) in parts {
            let part = part.clone().unwrap_or_else(|| vec![0.0; question.len()]);
            sum.iter_mut().zip(part).for_each(|(total, value)| *total += share * value);
        }
        let whole = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
        sum.iter().zip(question).map(|(a, b)| a * b).sum::<f32>() / whole
    };
    let all: Vec<_> = (0..numbers.len()).map(|place| (vector(place), 1.0)).collect();
    let near = |(place, number): (usize, &i64)| Near {
        number: *number,
        document_id: id,
        cosine: cosine(&[(vector(place), 1.0)]),
        blended: cosine(&[
            (vector(place), 1.0),
            (place.checked_sub(1).and_then(vector), 0.3),
            (vector(place + 1), 0.3),
        ]),
        document: cosine(&all),
    };
    numbers.iter().enumerate().map(near).collect()
}
