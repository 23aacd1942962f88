//! A large database, made by statements that make many rows at once.

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend};

pub(crate) const ACCOUNTS: u32 = 500;
pub(crate) const DOCUMENTS: u32 = 20_000;
const CHUNKS: u32 = 40_000;
pub(crate) const CONVERSATIONS: u32 = 10_000;
const MESSAGES: u32 = 100_000;
const SESSIONS: u32 = 20_000;
const JOBS: u32 = 20_000;

/// The tables in which nothing may look at every row; `account` and `setting` stay small.
pub(crate) const LARGE: &[&str] = &[
    "document",
    "document_file",
    "document_text",
    "chunk",
    "chunk_vector",
    "conversation",
    "message",
    "feedback",
    "session",
    "job",
    "document_keywords",
    "document_posting",
    // Of SQLite.
    "chunk_fts",
    "message_fts",
    // Of PostgreSQL.
    "chunk_keywords",
    "message_keywords",
    "chunk_meaning",
    "document_meaning",
];

const TIME: &str = "'2026-11-01T12:00:00+00:00'";

/// SQL expressions that the two databases write differently.
struct Dialect {
    postgres: bool,
}

impl Dialect {
    /// An id: sixteen letters and digits of which the last eight are the number.
    fn id(&self, kind: &str, number: &str) -> String {
        if self.postgres {
            format!("encode(convert_to('{kind}' || lpad(({number})::text, 8, '0'), 'UTF8'), 'hex')::uuid")
        } else {
            format!("CAST(printf('{kind}%08d', {number}) AS BLOB)")
        }
    }

    fn bytes(&self, number: &str) -> String {
        if self.postgres {
            format!("convert_to('bytes ' || {number}, 'UTF8')")
        } else {
            format!("CAST('bytes ' || {number} AS BLOB)")
        }
    }

    /// The scope of every account's own documents is its id as text.
    fn id_as_text(&self, kind: &str, number: &str) -> String {
        let id = self.id(kind, number);
        if self.postgres {
            return format!("({id})::text");
        }
        let hex = format!("lower(hex({id}))");
        let part = |from: u32, length: u32| format!("substr({hex}, {from}, {length})");
        [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(" || '-' || ")
    }
}

/// The id that the database has under this number.
pub(crate) fn id(kind: &str, number: u32) -> uuid::Uuid {
    uuid::Uuid::from_slice(format!("{kind}{number:08}").as_bytes()).unwrap()
}

/// Fills the empty tables, and finishes with a statement.
pub(crate) async fn fill(url: &str, finish: &str) {
    let database = Database::connect(url).await.unwrap();
    let dialect = Dialect { postgres: database.get_database_backend() == DbBackend::Postgres };
    people(&database, &dialect).await;
    documents(&database, &dialect).await;
    conversations(&database, &dialect).await;
    if dialect.postgres {
        postgres_indexes(&database).await;
    } else {
        sqlite_indexes(&database).await;
    }
    run(&database, finish).await;
    database.close().await.unwrap();
}

async fn people(database: &DatabaseConnection, dialect: &Dialect) {
    let account = dialect.id("account_", "n");
    let role = "CASE WHEN n % 100 = 1 THEN 'admin' ELSE 'user' END";
    rows(
        database,
        "account (id, email, name, role, password_hash, created_at)",
        ACCOUNTS,
        &format!("{account}, 'person' || n || '@example.org', 'Person ' || n, {role}, 'hash', {TIME}"),
    )
    .await;
    let (session, account) = (dialect.id("session_", "n"), dialect.id("account_", &format!("1 + n % {ACCOUNTS}")));
    let expires = "CASE WHEN n % 100 = 1 THEN '2026-11-02T12:00:00+00:00' ELSE '2026-12-24T12:00:00+00:00' END";
    let expires = if dialect.postgres { format!("({expires})::timestamptz") } else { expires.to_owned() };
    rows(
        database,
        "session (id, account_id, kind, secret_hash, created_at, expires_at)",
        SESSIONS,
        &format!("{session}, {account}, 'token', {}, {TIME}, {expires}", dialect.bytes("n")),
    )
    .await;
}

/// Half of them are everybody's, half their owners'; a few wait, and a few have failed.
async fn documents(database: &DatabaseConnection, dialect: &Dialect) {
    let owner = format!("1 + n % {ACCOUNTS}");
    let (document, account) = (dialect.id("document", "n"), dialect.id("account_", &owner));
    let scope = format!("CASE WHEN n % 2 = 0 THEN 'shared' ELSE {} END", dialect.id_as_text("account_", &owner));
    let status = "CASE WHEN n % 200 = 0 THEN 'queued' WHEN n % 200 = 1 THEN 'failed' ELSE 'ready' END";
    rows(
        database,
        "document (id, owner_id, scope, sha256, title, title_given, file_name, format, size_bytes, status, chunks,
            embedded_chunks, created_at, updated_at)",
        DOCUMENTS,
        &format!(
            "{document}, {account}, {scope}, {}, 'Title number ' || n, n < 0, 'file-' || n || '.txt', 'text', 100, {status},
            2, 2, {TIME}, {TIME}",
            dialect.bytes("n")
        ),
    )
    .await;
    rows(database, "document_file (document_id, bytes)", DOCUMENTS, &format!("{document}, {}", dialect.bytes("n")))
        .await;
    rows(database, "document_text (document_id, text)", DOCUMENTS, &format!("{document}, {}", text(dialect))).await;
    let (chunk, document) = (dialect.id("chunk___", "n"), dialect.id("document", "(n + 1) / 2"));
    rows(
        database,
        "chunk (id, document_id, ordinal, heading_path, \"start\", \"end\", text, units, embedded)",
        CHUNKS,
        &format!(
            "{chunk}, {document}, n % 2, 'Heading', 0, 100, {}, {}, n % 500 <> 0",
            text(dialect),
            dialect.bytes("n")
        ),
    )
    .await;
    run(
        database,
        &format!(
            "INSERT INTO chunk_vector (chunk_number, model, scale, codes, units)
            SELECT number, 'model', 0.01, {}, {} FROM chunk WHERE embedded",
            dialect.bytes("'12'"),
            dialect.bytes("'12'")
        ),
    )
    .await;
    // A few have none.
    let (job, document) = (dialect.id("job_____", "n"), dialect.id("document", "1 + n % 19000"));
    let state = "CASE WHEN n % 400 = 0 THEN 'running' WHEN n % 100 = 1 THEN 'failed' ELSE 'queued' END";
    let account = dialect.id("account_", &owner);
    rows(
        database,
        "job (id, kind, document_id, owner_id, state, turn, attempts, crashes, run_at, created_at)",
        JOBS,
        &format!(
            "{job}, CASE WHEN n % 2 = 0 THEN 'ingest' ELSE 'embed' END, {document}, {account}, {state}, n, 0, 0, {TIME}, {TIME}"
        ),
    )
    .await;
}

async fn conversations(database: &DatabaseConnection, dialect: &Dialect) {
    let (conversation, account) = (dialect.id("talk____", "n"), dialect.id("account_", &format!("1 + n % {ACCOUNTS}")));
    rows(
        database,
        "conversation (id, account_id, title, created_at, updated_at)",
        CONVERSATIONS,
        &format!("{conversation}, {account}, 'Question ' || n, {TIME}, {TIME}"),
    )
    .await;
    let message = dialect.id("message_", "n");
    let conversation = dialect.id("talk____", &format!("1 + n / 2 % {CONVERSATIONS}"));
    let author = "CASE WHEN n % 2 = 0 THEN 'user' ELSE 'assistant' END";
    rows(
        database,
        "message (id, conversation_id, author, text, created_at)",
        MESSAGES,
        &format!("{message}, {conversation}, {author}, {}, {TIME}", text(dialect)),
    )
    .await;
    let (message, account) = (dialect.id("message_", "n * 5"), dialect.id("account_", "1"));
    rows(
        database,
        "feedback (message_id, account_id, rating, created_at)",
        MESSAGES / 5,
        &format!("{message}, {account}, 1, {TIME}"),
    )
    .await;
}

async fn postgres_indexes(database: &DatabaseConnection) {
    for statement in [
        "INSERT INTO chunk_keywords SELECT number, to_tsvector('simple', text), 10 FROM chunk",
        "INSERT INTO message_keywords SELECT number, to_tsvector('simple', text) FROM message",
        "UPDATE chunk_statistics SET chunks = 2500, terms = 25000",
    ] {
        run(database, statement).await;
    }
    postings(database, "word", "unnest(string_to_array(text, ' ')) AS word").await;
    let vectors = "SELECT FROM pg_class WHERE relname = 'chunk_meaning'";
    let searches =
        database.query_one_raw(sea_orm::Statement::from_string(DbBackend::Postgres, vectors)).await.unwrap().is_some();
    if searches {
        // Without the index, which would take minutes to fill row by row.
        let index = "SELECT indexdef FROM pg_indexes WHERE indexname = 'chunk_meaning_hnsw_8'";
        let index = sea_orm::Statement::from_string(DbBackend::Postgres, index);
        let index: String = database.query_one_raw(index).await.unwrap().unwrap().try_get("", "indexdef").unwrap();
        let vector = |length: u32| {
            let parts = (0..length).map(|part| format!("(number * {} % 17) / 17.0", part + 3)).collect::<Vec<_>>();
            format!("('[' || concat_ws(',', {}) || ']')::halfvec", parts.join(", "))
        };
        let private_to = "CASE WHEN scope = 'shared' THEN NULL ELSE owner_id END";
        for statement in [
            "DROP INDEX chunk_meaning_hnsw_8".to_owned(),
            format!(
                "INSERT INTO chunk_meaning SELECT number, document_id, {private_to}, {}, {}
                FROM chunk JOIN document ON document.id = document_id WHERE embedded",
                vector(8),
                vector(9)
            ),
            format!("INSERT INTO document_meaning SELECT document_id, {} FROM document_keywords", vector(8)),
            index,
        ] {
            run(database, &statement).await;
        }
    }
}

async fn sqlite_indexes(database: &DatabaseConnection) {
    for statement in [
        "INSERT INTO chunk_fts (rowid, title, heading_path, body) SELECT number, '', '', text FROM chunk",
        "INSERT INTO message_fts (rowid, body) SELECT number, text FROM message",
    ] {
        run(database, statement).await;
    }
    let words = "json_each('[\"' || replace(text, ' ', '\",\"') || '\"]') AS word";
    postings(database, "word.value", words).await;
}

/// The index of whole documents; `word` is a column of `words`, those of a chunk's text.
async fn postings(database: &DatabaseConnection, word: &str, words: &str) {
    let documents = "INSERT INTO document_keywords
        SELECT document_id, min(number), 20, count(*), CASE WHEN scope = 'shared' THEN NULL ELSE owner_id END
        FROM chunk JOIN document ON document.id = document_id GROUP BY document_id, scope, owner_id";
    run(database, documents).await;
    let insert = format!(
        "INSERT INTO document_posting SELECT DISTINCT {word}, document_keywords.number, 0, 1, 1, 20, document_keywords.private_to
        FROM chunk JOIN document_keywords ON document_keywords.document_id = chunk.document_id, {words}"
    );
    run(database, &insert).await;
    run(database, "UPDATE change_counter SET documents = 1250, document_terms = 25000, chunks = 2500").await;
    let count = "INSERT INTO term_statistics SELECT term, count(*), count(*) FROM document_posting
        WHERE private_to IS NULL GROUP BY term";
    run(database, count).await;
}

/// Words of which some are in every text, and some in few.
fn text(dialect: &Dialect) -> String {
    let cast = if dialect.postgres { "::text" } else { "" };
    let word = |letter: char, distinct: u32| format!("'{letter}' || (n % {distinct}){cast}");
    [word('a', 3), word('b', 50), word('c', 1_000), word('d', 20_000)].join(" || ' ' || ")
}

/// Inserts so many rows; `n` counts them from 1.
async fn rows(database: &DatabaseConnection, table: &str, count: u32, values: &str) {
    let series =
        format!("WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})");
    run(database, &format!("INSERT INTO {table} {series} SELECT {values} FROM series")).await;
}

async fn run(database: &DatabaseConnection, statement: &str) {
    database.execute_unprepared(statement).await.unwrap_or_else(|error| panic!("{error}\n{statement}"));
}
