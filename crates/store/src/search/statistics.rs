//! How large the collection is and how rare each word: figures that every document's score rests on.
//!
//! Three rules keep one document from moving all the others' scores. A reader's collection is what that reader may read, so that
//! nobody's private documents move another one's scores. The figures of what everybody reads are kept, not counted anew
//! for each question. And every figure is used in [steps](rounded), so that it takes many documents to change one.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keywords::{execute_each, is_postgres, places, statement};
use crate::batches::batches;
use crate::{Reader, Result, Store};

/// How much there is of documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Documents.
    pub documents: u64,
    /// Their terms.
    pub terms: u64,
    /// Their chunks.
    pub chunks: u64,
}

/// How much a reader may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readable {
    /// What everybody may.
    pub shared: Sizes,
    /// What only the reader may.
    pub private: Sizes,
}

/// The size of what a reader may read, rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Documents.
    pub documents: u64,
    /// Terms of a document, on average.
    pub average_terms: u64,
    /// Chunks.
    pub chunks: u64,
}

/// In how many documents and chunks a term occurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frequency {
    /// Documents.
    pub documents: u64,
    /// Chunks.
    pub chunks: u64,
}

/// Where a term occurs in what a reader may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TermStatistics {
    /// In what everybody may.
    pub shared: Frequency,
    /// In what only the reader may.
    pub private: Frequency,
}

impl Readable {
    /// Both together, rounded.
    #[must_use]
    pub fn collection(self) -> Collection {
        let documents = self.shared.documents + self.private.documents;
        let terms = self.shared.terms + self.private.terms;
        Collection {
            documents: rounded(documents),
            average_terms: rounded(terms / documents.max(1)),
            chunks: rounded(self.shared.chunks + self.private.chunks),
        }
    }
}

impl TermStatistics {
    /// Both together, rounded.
    #[must_use]
    pub fn frequency(self) -> Frequency {
        Frequency {
            documents: self.shared.documents + self.private.documents,
            chunks: self.shared.chunks + self.private.chunks,
        }
        .rounded()
    }
}

impl Frequency {
    fn rounded(self) -> Self {
        Self { documents: rounded(self.documents), chunks: rounded(self.chunks) }
    }
}

impl Collection {
    /// How much a document's having a term says that so many have: `ln((N - n + 0.5) / (n + 0.5))` for `n` of `N`, and never
    /// below FTS5's least.
    #[must_use]
    pub fn rarity(self, frequency: Frequency) -> f64 {
        let (all, with) = (self.documents as f64, frequency.documents as f64);
        (((all - with).max(0.0) + 0.5) / (with + 0.5)).ln().max(1e-6)
    }
}

/// A number to the nearest step of a scale whose steps are a half: 1, 2, 3, 5, 8, 11, 17 and so on. What is found hardly
/// depends on it (`make bench-retrieval`): a weight is the logarithm of such a figure.
fn rounded(number: u64) -> u64 {
    const STEP: f64 = 1.5;
    if number <= 1 {
        return number;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is near a number that fits")]
    let rounded = STEP.powf(((number as f64).ln() / STEP.ln()).round()).round() as u64;
    rounded
}

/// The words of shared documents; how much there is of these stands with the number of the last change.
const CREATE: &[&str] = &[
    "CREATE TABLE term_statistics (term text PRIMARY KEY, documents bigint NOT NULL, chunks bigint NOT NULL) WITHOUT ROWID",
    "CREATE INDEX document_posting_private ON document_posting (private_to, term) WHERE private_to IS NOT NULL",
];
/// Every ingestion updates the same common words: with room in each page, that leaves the index as it is.
const CREATE_IN_POSTGRES: &[&str] = &[
    "CREATE TABLE term_statistics (term text COLLATE \"C\" PRIMARY KEY, documents bigint NOT NULL, chunks bigint NOT NULL)
        WITH (fillfactor = 60)",
    "CREATE INDEX document_posting_private ON document_posting (private_to, term) INCLUDE (chunks)
        WHERE private_to IS NOT NULL",
];

/// Makes the tables.
pub(crate) async fn create_statistics<C: ConnectionTrait>(connection: &C) -> Result<(), DbErr> {
    execute_each(connection, if is_postgres(connection) { CREATE_IN_POSTGRES } else { CREATE }).await
}

/// Counts all shared documents anew.
pub(crate) async fn count_all<C: ConnectionTrait>(connection: &C) -> Result<(), DbErr> {
    let statements = [
        "DELETE FROM term_statistics",
        "INSERT INTO term_statistics SELECT term, count(*), sum(chunks) FROM document_posting WHERE private_to IS NULL
            GROUP BY term",
        "UPDATE change_counter SET (documents, document_terms, chunks) =
            (SELECT count(*), coalesce(sum(length), 0), coalesce(sum(chunks), 0) FROM document_keywords
            WHERE private_to IS NULL)",
    ];
    execute_each(connection, &statements).await
}

/// What the index has of a document.
#[derive(Debug, Default)]
pub(crate) struct Indexed {
    /// Who alone may find it.
    pub(crate) private_to: Option<Uuid>,
    /// Its terms, counted each time that they occur.
    pub(crate) length: u32,
    chunks: u32,
    pub(crate) terms: BTreeMap<String, Occurrences>,
}

/// How often a term occurs in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Occurrences {
    pub(crate) title: u32,
    pub(crate) body: u32,
    chunks: u32,
}

/// How a change of one document changed what is known of a term.
pub(crate) struct Counted {
    pub(crate) term: String,
    /// Whether its frequency has come to another step.
    pub(crate) is_other: bool,
}

impl Indexed {
    /// A document that is not in the index.
    pub(crate) fn nothing(private_to: Option<Uuid>) -> Self {
        Self { private_to, ..Self::default() }
    }

    /// What the index has of a document now.
    pub(crate) async fn of<C: ConnectionTrait>(
        connection: &C,
        document_id: Uuid,
        private_to: Option<Uuid>,
    ) -> Result<Self, DbErr> {
        let select = "SELECT number, length, chunks FROM document_keywords WHERE document_id = $1";
        let row = connection.query_one_raw(statement(connection, select, [document_id.into()])).await?;
        let Some(row) = row else { return Ok(Self::nothing(private_to)) };
        let number: i64 = row.try_get_by_index(0)?;
        let select = "SELECT term, title, body, chunks FROM document_posting WHERE number = $1";
        let mut terms = BTreeMap::new();
        for row in connection.query_all_raw(statement(connection, select, [number.into()])).await? {
            let of = Occurrences { title: count(&row, 1)?, body: count(&row, 2)?, chunks: count(&row, 3)? };
            terms.insert(row.try_get_by_index(0)?, of);
        }
        Ok(Self { private_to, length: count(&row, 1)?, chunks: count(&row, 2)?, terms })
    }

    /// Whether everybody may find it.
    pub(crate) fn is_shared(&self) -> bool {
        self.private_to.is_none()
    }

    fn shared_terms(&self) -> impl Iterator<Item = (&str, Occurrences)> {
        self.terms.iter().filter(|_| self.is_shared()).map(|(term, of)| (term.as_str(), *of))
    }

    /// What it adds to what everybody may read: documents, terms, chunks.
    fn shared_sizes(&self) -> [i64; 3] {
        let counts = self.is_shared() && self.chunks > 0;
        if counts { [1, self.length.into(), self.chunks.into()] } else { [0; 3] }
    }
}

/// By how much a change of a document changes what everybody may read: documents, terms, chunks.
pub(crate) fn sizes_between(before: &Indexed, after: &Indexed) -> [i64; 3] {
    let mut between = after.shared_sizes();
    between.iter_mut().zip(before.shared_sizes()).for_each(|(after, before)| *after -= before);
    between
}

/// Counts the words of a document that everybody may find anew: with all that they had before and have now, in their order.
/// It is to be late in its transaction, since those that count the same words wait; and only once, since two that counted in
/// another order would wait for each other.
pub(crate) async fn count_terms<C: ConnectionTrait>(
    connection: &C,
    before: &Indexed,
    after: &Indexed,
) -> Result<Vec<Counted>, DbErr> {
    let mut differences: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for (indexed, sign) in [(before, -1), (after, 1)] {
        for (term, of) in indexed.shared_terms() {
            let (documents, chunks) = differences.entry(term).or_default();
            *documents += sign;
            *chunks += sign * i64::from(of.chunks);
        }
    }
    let differences: Vec<(&str, (i64, i64))> = differences.into_iter().collect();
    let mut counted = Vec::with_capacity(differences.len());
    for rows in batches(&differences) {
        let now = add(connection, rows).await?;
        let mut gone: Vec<Value> = Vec::new();
        for (term, (documents, chunks)) in rows {
            let (documents_now, chunks_now) = now.get(*term).copied().unwrap_or_default();
            let frequency = |documents: i64, chunks: i64| {
                let [documents, chunks] = [documents, chunks].map(|count| u64::try_from(count).unwrap_or_default());
                Frequency { documents, chunks }.rounded()
            };
            let is_other =
                frequency(documents_now, chunks_now) != frequency(documents_now - documents, chunks_now - chunks);
            counted.push(Counted { term: (*term).to_owned(), is_other });
            if documents_now == 0 {
                gone.push((*term).into());
            }
        }
        if !gone.is_empty() {
            for terms in batches(&gone) {
                let gone = places(connection, terms.len(), 1);
                let delete = format!("DELETE FROM term_statistics WHERE term IN (VALUES {gone})");
                connection.execute_raw(statement(connection, &delete, terms.to_vec())).await?;
            }
        }
    }
    Ok(counted)
}

/// Adds so many documents and chunks to each term, and says how many it has now.
async fn add<C: ConnectionTrait>(
    connection: &C,
    rows: &[(&str, (i64, i64))],
) -> Result<HashMap<String, (i64, i64)>, DbErr> {
    let upsert = format!(
        "INSERT INTO term_statistics (term, documents, chunks) VALUES {}
        ON CONFLICT (term) DO UPDATE SET documents = term_statistics.documents + excluded.documents,
            chunks = term_statistics.chunks + excluded.chunks
        RETURNING term, documents, chunks",
        places(connection, rows.len(), 3)
    );
    let values = rows
        .iter()
        .flat_map(|(term, (documents, chunks))| [Value::from(*term), Value::from(*documents), Value::from(*chunks)]);
    let now = connection.query_all_raw(statement(connection, &upsert, values)).await?;
    now.iter().map(|row| Ok((row.try_get_by_index(0)?, (row.try_get_by_index(1)?, row.try_get_by_index(2)?)))).collect()
}

fn count(row: &QueryResult, place: usize) -> Result<u32, DbErr> {
    Ok(u32::try_from(row.try_get_by_index::<i32>(place)?).unwrap_or_default())
}

impl Store {
    /// How much a reader may read, and where each of these terms occurs in it, in their order.
    pub async fn term_statistics(&self, reader: Reader, terms: &[String]) -> Result<(Readable, Vec<TermStatistics>)> {
        const SIZES: &str = "";
        let connection = &self.read_documents_for(reader, "search.term_statistics").await;
        let sum = |what: &str| format!("CAST(coalesce(sum({what}), 0) AS bigint)");
        let marks: Vec<String> = (2..terms.len() + 2).map(|number| format!("${number}")).collect();
        // An empty list is no SQL in PostgreSQL.
        let wanted = if terms.is_empty() { "''".to_owned() } else { marks.join(", ") };
        let sql = format!(
            "SELECT '{SIZES}' AS term, 1 AS shared, documents, chunks, document_terms AS terms FROM change_counter
            UNION ALL SELECT term, 1, documents, chunks, 0 FROM term_statistics WHERE term IN ({wanted})
            UNION ALL SELECT '{SIZES}', 0, count(*), {chunks}, {length} FROM document_keywords WHERE private_to = $1
            UNION ALL SELECT term, 0, count(*), {chunks}, 0 FROM document_posting
                WHERE private_to = $1 AND term IN ({wanted}) GROUP BY term",
            chunks = sum("chunks"),
            length = sum("length"),
        );
        let mut values: Vec<Value> = vec![reader.account_id.into()];
        values.extend(terms.iter().map(|term| Value::from(term.as_str())));
        let mut readable = Readable::default();
        let mut found: HashMap<String, TermStatistics> = HashMap::new();
        for row in connection.query_all_raw(statement(connection, &sql, values)).await? {
            let number = |name: &str| Ok::<_, DbErr>(u64::try_from(row.try_get::<i64>("", name)?).unwrap_or_default());
            let (term, is_shared) = (row.try_get::<String>("", "term")?, row.try_get::<i32>("", "shared")? == 1);
            let (documents, chunks) = (number("documents")?, number("chunks")?);
            if term == SIZES {
                let sizes = Sizes { documents, terms: number("terms")?, chunks };
                *(if is_shared { &mut readable.shared } else { &mut readable.private }) = sizes;
            } else {
                let of_term = found.entry(term).or_default();
                *(if is_shared { &mut of_term.shared } else { &mut of_term.private }) = Frequency { documents, chunks };
            }
        }
        let of_each = terms.iter().map(|term| found.get(term).copied().unwrap_or_default()).collect();
        Ok((readable, of_each))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::accounts::NewAccount;
    use crate::chunks::{Extracted, NewChunk};
    use crate::documents::{NewDocument, Stored};
    use crate::editing::DocumentChange;
    use crate::values::Role;
    use crate::{Clock, Settings, Visibility};

    #[test]
    fn figures_count_in_steps_of_a_half() {
        assert!([0, 1, 2, 3].iter().all(|number| rounded(*number) == *number));
        for number in 2..100_000_u64 {
            let (low, high) = (number as f64 / 1.34, number as f64 * 1.34);
            assert!((low..=high).contains(&(rounded(number) as f64)), "{number}: {}", rounded(number));
            assert!(rounded(number) >= rounded(number - 1));
        }
        let different = (1_000..2_000).map(rounded).collect::<std::collections::HashSet<_>>();
        assert!(different.len() <= 3, "{different:?}");
    }

    /// Something that happens to one of three documents.
    #[derive(Clone, Debug)]
    enum Event {
        Written(usize, String),
        Shared(usize, bool),
        Deleted(usize),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            3 => (0..3_usize, "[a-d]( [a-d]){0,5}").prop_map(|(document, text)| Event::Written(document, text)),
            2 => (0..3_usize, any::<bool>()).prop_map(|(document, shared)| Event::Shared(document, shared)),
            1 => (0..3_usize).prop_map(Event::Deleted),
        ];
        proptest::collection::vec(event, 1..12)
    }

    struct Library {
        store: Store,
        owner_id: Uuid,
        documents: [Option<Uuid>; 3],
        // Removed with the test.
        _directory: TempDir,
    }

    impl Library {
        async fn open() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::open(directory.path(), &Settings::default(), Clock::System).await.unwrap();
            let (email, name) = ("anna@example.org".to_owned(), "Anna".to_owned());
            let anna = NewAccount { email, name, password_hash: String::new(), role: Role::User };
            let owner_id = store.add_account(anna).await.unwrap().id;
            Self { store, owner_id, documents: [None; 3], _directory: directory }
        }

        async fn play(&mut self, event: &Event) {
            match event {
                Event::Written(document, text) => self.write(*document, text).await,
                Event::Shared(document, shared) => {
                    let Some(id) = self.documents[*document] else { return };
                    let visibility = if *shared { Visibility::Shared } else { Visibility::Private };
                    let change = DocumentChange { title: None, visibility: Some(visibility) };
                    self.store.change_document(id, change).await.unwrap();
                }
                Event::Deleted(document) => {
                    let Some(id) = self.documents[*document].take() else { return };
                    self.store.delete_document(id).await.unwrap();
                }
            }
        }

        async fn write(&mut self, document: usize, text: &str) {
            let id = if let Some(id) = self.documents[document] {
                id
            } else {
                let new = NewDocument {
                    owner_id: self.owner_id,
                    visibility: Visibility::Shared,
                    title: None,
                    file_name: format!("{document}.txt"),
                    format: "text".to_owned(),
                    sha256: [u8::try_from(document).unwrap(); 32],
                    bytes: text.into(),
                };
                let Stored::Created(created) = self.store.add_document(new).await.unwrap() else { panic!("it is new") };
                created.id
            };
            self.documents[document] = Some(id);
            let chunk = NewChunk { heading_path: String::new(), start: 0, end: text.len(), units: Vec::new() };
            let extracted = Extracted { title: None, text: text.to_owned(), chunks: vec![chunk] };
            assert!(self.store.store_extracted(id, extracted, false).await.unwrap());
        }

        async fn figures(&self) -> Vec<(String, i64, i64)> {
            let all = "SELECT '' AS term, documents, chunks FROM change_counter
                UNION ALL SELECT '', document_terms, 0 FROM change_counter
                UNION ALL SELECT term, documents, chunks FROM term_statistics ORDER BY 1, 2, 3";
            let connection = &self.store.read("test");
            let rows = connection.query_all_raw(statement(connection, all, [])).await.unwrap();
            let of =
                |row: &QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
            rows.iter().map(of).collect::<Result<_, DbErr>>().unwrap()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_kept_is_what_is_counted(events in events()) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut library = Library::open().await;
                for event in &events {
                    library.play(event).await;
                }
                let kept = library.figures().await;
                count_all(&library.store.write("test")).await.unwrap();
                prop_assert_eq!(kept, library.figures().await);
                Ok(())
            })?;
        }
    }
}
