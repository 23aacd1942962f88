//! Opening a `SQLite` database: one writer and several readers, so that its single write lock is queued for in the process
//! instead of failing in the middle of a transaction.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::{self, Connection as _, SqliteConnection};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::Settings;
use crate::{Error, Result};

/// The file in the data directory that holds everything.
pub(crate) const FILE: &str = "voiceassist.db";

/// Sees that the data directory is there and can be written.
pub(super) fn prepare_directory(directory: &Path) -> Result<()> {
    let failed = |source| Error::DataDirectory { path: directory.display().to_string(), source };
    std::fs::create_dir_all(directory).map_err(failed)?;
    // SQLite reports an unwritable directory as "unable to open database file"; finding out here names the cause.
    let probe = directory.join(".write-probe");
    std::fs::write(&probe, b"").map_err(failed)?;
    std::fs::remove_file(&probe).map_err(failed)
}

/// Takes the right to serve this data directory, until the returned file is dropped.
pub(super) fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("serving.lock");
    let failed = |source| Error::DataDirectory { path: path.display().to_string(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::AlreadyServed { path: directory.display().to_string() }),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

pub(super) async fn connect(
    file: &Path,
    connections: u32,
    settings: &Settings,
    read_only: bool,
) -> Result<DatabaseConnection> {
    let busy_timeout = Duration::from_millis(settings.busy_timeout_ms);
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options
        .max_connections(connections)
        .min_connections(connections)
        .acquire_timeout(busy_timeout)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(has_no_open_transaction(connection)))
        })
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .busy_timeout(busy_timeout)
                .foreign_keys(true)
                // A search's rows cross to the asking task in one go, not in turns.
                .row_buffer_size(1_000)
                // All statements that a connection executes, with room to spare.
                .statement_cache_capacity(200)
                .pragma("journal_mode", "WAL")
                // An acknowledged upload survives a power failure, not only a killed process.
                .pragma("synchronous", "FULL")
                .pragma("cache_size", "-2000")
                .pragma("temp_store", "MEMORY")
                .pragma("query_only", if read_only { "ON" } else { "OFF" })
        });
    Ok(Database::connect(options).await?)
}

/// Whether a connection may be used again. A full disk makes SQLite roll a transaction back by itself; the driver's own
/// rollback then fails, and it goes on counting a transaction that does not exist. The next ones would be savepoints
/// within one that nobody ever commits.
async fn has_no_open_transaction(connection: &mut SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    // Rollbacks of dropped transactions are queued; the answer to this comes after them.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
