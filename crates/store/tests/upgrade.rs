//! A database that an older version wrote.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use sea_orm::ConnectionTrait as _;
use store::accounts::NewAccount;
use store::chunks::{Extracted, NewChunk};
use store::documents::{NewDocument, Stored};
use store::search::DocumentFields;
use store::values::Role;
use store::{Clock, Reader, Settings, Store, Visibility};

#[tokio::test]
async fn documents_of_an_older_version_are_found_by_their_words() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), &Settings::default(), Clock::System).await.unwrap();
    let (email, name, password_hash) = ("anna@example.org".to_owned(), "Anna".to_owned(), String::new());
    let anna = store.add_account(NewAccount { email, name, password_hash, role: Role::User }).await.unwrap();
    let text = "a rare quokka";
    let (file_name, format) = ("note.txt".to_owned(), "text".to_owned());
    let new = NewDocument {
        owner_id: anna.id,
        visibility: Visibility::Shared,
        title: None,
        file_name,
        format,
        sha256: [0; 32],
        bytes: text.into(),
    };
    let Stored::Created(document) = store.add_document(new).await.unwrap() else { unreachable!("it is new") };
    let chunk = NewChunk { heading_path: String::new(), start: 0, end: text.len(), units: Vec::new() };
    let extracted = Extracted { title: None, text: text.to_owned(), chunks: vec![chunk] };
    assert!(store.store_extracted(document.id, extracted, false).await.unwrap());

    let file = directory.path().join("voiceassist.db");
    let older = sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    for table in ["document_posting", "document_keywords", "term_statistics"] {
        older.execute_unprepared(&format!("DROP TABLE {table}")).await.unwrap();
    }
    older.execute_unprepared("CREATE VIRTUAL TABLE document_fts USING fts5(title, body, content='')").await.unwrap();
    for column in ["documents", "document_terms", "chunks"] {
        older.execute_unprepared(&format!("ALTER TABLE change_counter DROP COLUMN {column}")).await.unwrap();
    }
    older.execute_unprepared("ALTER TABLE change DROP COLUMN length").await.unwrap();
    let undo = "DELETE FROM seaql_migrations
        WHERE version IN ('m20261124_000005_postings', 'm20261126_000007_term_statistics')";
    assert_eq!(older.execute_unprepared(undo).await.unwrap().rows_affected(), 2);

    let store = Store::open(directory.path(), &Settings::default(), Clock::System).await.unwrap();
    let (reader, word) = (Reader::new(anna.id), "quokka".to_owned());
    let (readable, statistics) = store.term_statistics(reader, std::slice::from_ref(&word)).await.unwrap();
    let collection = readable.collection();
    let words: Vec<_> = statistics.into_iter().map(|of_word| (word.clone(), of_word.frequency())).collect();
    assert_eq!((readable.shared.documents, words[0].1.documents), (1, 1), "counted anew");
    let fields = DocumentFields { title: 1.0, body: 1.0 };
    let found = store.documents_by_keywords(reader, &words, collection, fields, 5).await.unwrap();
    assert_eq!(found.iter().map(|hit| hit.document_id).collect::<Vec<_>>(), [document.id]);
}
