//! No operation looks at every row of a large table: the plans of all of them over a large database, as each database tells
//! them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test that cannot go on should stop")]

mod operations;
mod seed;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{TimeZone as _, Utc};
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};
use store::{Clock, DatabaseUrl, Settings, SlowQuery, Store};
use test_servers::Server;

/// Operations that must look at every row of a large table, with a part of the statement that does, and the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("documents.count_documents", "GROUP BY", "counts all of them, by an index"),
    ("jobs.count", "GROUP BY", "counts all of them, by an index"),
    ("sessions.count_sessions", "COUNT(*)", "counts all of them"),
    ("chunks.sample_chunks", "SELECT \"chunk\".\"number\"", "a measurement spreads its sample over all of them"),
    ("documents.documents", "LIKE", "any part of a title is looked for, among the documents that one may read"),
];

/// Operations that are not performed here, by the beginning of their names, with the reason.
const NOT_PERFORMED: &[(&str, &str)] = &[
    ("transfer.", "a transfer reads everything once, and says how far it has come"),
    ("measure.", "a measurement fills and settles a database of its own"),
    ("replicas.", "without replicas nobody asks for the position"),
    ("schema.", "the tables are made once"),
    ("server.version", "no table is read"),
];

/// Indexes of a few rows of a large table: to read one of them as a whole is what it is for.
const OF_FEW_ROWS: &[&str] = &["chunk_not_embedded"];

/// What is no query has no plan.
const WITHOUT_PLAN: &[&str] = &["NOTIFY ", "CREATE ", "DROP ", "SET "];

#[tokio::test]
async fn sqlite_looks_at_no_large_table_as_a_whole() {
    sqlite("ANALYZE").await;
}

/// As everywhere where nobody has told it to look at the tables.
#[tokio::test]
async fn sqlite_without_statistics_looks_at_no_large_table_as_a_whole() {
    sqlite("DROP TABLE IF EXISTS sqlite_stat1").await;
}

async fn sqlite(finish: &str) {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { slow_query_ms: 0, ..Settings::default() };
    let url = format!("sqlite://{}", directory.path().join("voiceassist.db").display());
    check(directory.path(), &settings, &url, finish, false).await;
}

#[tokio::test]
async fn postgres_15_looks_at_no_large_table_as_a_whole() {
    postgres(Server::Postgres15).await;
}

#[tokio::test]
async fn postgres_with_vectors_looks_at_no_large_table_as_a_whole() {
    postgres(Server::WithVectors).await;
}

async fn postgres(server: Server) {
    let url = test_servers::database(server).await;
    let settings = Settings {
        url: Some(DatabaseUrl::new(&url)),
        min_connections: 0,
        max_connections: 4,
        slow_query_ms: 0,
        ..Settings::default()
    };
    check(Path::new("/nonexistent"), &settings, &url, "ANALYZE", server == Server::WithVectors).await;
}

async fn check(directory: &Path, settings: &Settings, url: &str, finish: &str, vectors: bool) {
    let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap());
    let empty = Store::open(directory, settings, clock.clone()).await.unwrap();
    if vectors {
        empty.prepare_vector_search(8).await.unwrap();
    }
    drop(empty);
    seed::fill(url, finish).await;
    let store = Store::open(directory, settings, clock).await.unwrap();
    if vectors {
        store.prepare_vector_search(8).await.unwrap();
    }
    let statements = operations::all(&store).await;
    let performed: BTreeSet<&str> = store.query_statistics().iter().map(|of_name| of_name.name).collect();
    let missing: Vec<String> = names_in_the_source()
        .into_iter()
        .filter(|name| !performed.contains(name.as_str()))
        .filter(|name| vectors || name != "search.nearest")
        .filter(|name| NOT_PERFORMED.iter().all(|(beginning, _)| !name.starts_with(beginning)))
        .collect();
    assert!(missing.is_empty(), "these operations are not performed here: {missing:?}");
    let wrong: Vec<String> = statements.iter().filter_map(|query| wrong(query, settings.url.is_some())).collect();
    assert!(wrong.is_empty(), "{} statements:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Columns that point to other rows and have no index: whoever deletes such a row would look through all of the table. The
/// tables of both databases are the same, so one of them is asked.
#[tokio::test]
async fn what_points_to_a_row_is_found_when_the_row_goes() {
    let url = test_servers::database(Server::WithVectors).await;
    let settings = Settings { url: Some(DatabaseUrl::new(&url)), min_connections: 0, ..Settings::default() };
    let store = Store::open(Path::new("/nonexistent"), &settings, Clock::System).await.unwrap();
    store.prepare_vector_search(8).await.unwrap();
    let sql = "SELECT conrelid::regclass::text || '.' || attname AS place
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND indpred IS NULL)";
    let database = Database::connect(&url).await.unwrap();
    let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    let places: Vec<String> = rows.iter().map(|row| row.try_get("", "place").unwrap()).collect();
    assert!(places.is_empty(), "no index begins with {places:?}");
}

/// What is wrong with the plan of a statement, if anything is.
fn wrong(query: &SlowQuery, postgres: bool) -> Option<String> {
    let SlowQuery { name, sql, .. } = query;
    let plan = query.plan.as_deref().unwrap_or_default();
    let problem = if plan.starts_with("The plan cannot be told") {
        WITHOUT_PLAN.iter().all(|beginning| !sql.starts_with(beginning)).then(|| "there is no plan".to_owned())
    } else {
        let of_line = |line| if postgres { read_by_postgres(line) } else { read_by_sqlite(line, sql) };
        let excepted = EXCEPTIONS.iter().any(|(of, part, _)| of == name && sql.contains(part));
        let table = plan.lines().find_map(of_line).filter(|_| !excepted);
        table.map(|table| format!("every row of {table} is looked at"))
    };
    problem.map(|problem| format!("{name}: {problem}\n{sql}\n{plan}"))
}

/// The large table that a line of a plan reads as a whole.
fn read_by_postgres(line: &str) -> Option<&str> {
    let (_, table) = line.split_once("Seq Scan on ")?;
    table.split(' ').next().filter(|table| seed::LARGE.contains(table))
}

fn read_by_sqlite<'a>(line: &'a str, sql: &str) -> Option<&'a str> {
    // An index that is made for this one statement, from every row.
    if line.contains("AUTOMATIC") {
        return Some(line);
    }
    let table = line.strip_prefix("SCAN ")?.split(' ').next().filter(|table| seed::LARGE.contains(table))?;
    let constrained = line.split_once(" VIRTUAL TABLE INDEX ").is_some_and(|(_, how)| !how.ends_with(':'));
    // In the order of an index, until there are enough.
    let limited = line.contains(" USING ") && sql.contains("LIMIT");
    let few = OF_FEW_ROWS.iter().any(|index| line.ends_with(index));
    (!constrained && !limited && !few).then_some(table)
}

/// The names that the source gives its queries.
fn names_in_the_source() -> BTreeSet<String> {
    const CALLS: &[&str] =
        &["read(", "read_for(", "read_documents_for(", "write(", "begin(", "begin_alone(", "begin_snapshot(", "=> "];
    let mut names = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for call in CALLS {
                let calls = source.split(call).skip(1).filter_map(|rest| rest.split(['\n', ';']).next());
                names.extend(
                    calls.filter_map(|rest| rest.split('"').nth(1)).filter(|text| is_name(text)).map(str::to_owned),
                );
            }
        }
    }
    assert!(names.len() > 50, "{names:?}");
    names
}

/// A file's name before a dot, and a word behind it.
fn is_name(text: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
    text.split_once('.').is_some_and(|(file, operation)| is_word(file) && is_word(operation))
}
