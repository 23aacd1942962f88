//! Opening the database: one writer and several readers, so that SQLite's single write lock is queued for in the
//! process instead of failing in the middle of a transaction.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::sqlx::{self, Connection as _, SqliteConnection};
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use serde::{Deserialize, Serialize};

use crate::{Clock, Error, Result, migration::Migrator};

/// How the database is used.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Connections for reading, kept open.
    pub read_connections: u32,
    /// How long an operation waits for a connection or for another process's write, in milliseconds.
    pub busy_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        // Reading is computing, mostly: more connections than cores would share the cores, each with a cold cache.
        let cores = std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
        Self { read_connections: cores.max(2), busy_timeout_ms: 10_000 }
    }
}

/// The database of one data directory.
#[derive(Clone, Debug)]
pub struct Store {
    read: DatabaseConnection,
    write: DatabaseConnection,
    clock: Clock,
    directory: PathBuf,
}

impl Store {
    /// Opens the database in `directory`, creating the directory and the tables where they are missing.
    pub async fn open(directory: &Path, settings: &Settings, clock: Clock) -> Result<Self> {
        prepare_directory(directory)?;
        let file = directory.join("voiceassist.db");
        let write = connect(&file, 1, settings, false).await?;
        Migrator::up(&write, None).await?;
        let read = connect(&file, settings.read_connections.max(1), settings, true).await?;
        Ok(Self { read, write, clock, directory: directory.to_owned() })
    }

    /// Takes the right to serve this data directory, until the returned file is dropped.
    pub fn lock_for_serving(&self) -> Result<File> {
        let path = self.directory.join("serving.lock");
        let failed = |source| Error::DataDirectory { path: path.display().to_string(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(Error::AlreadyServed { path: self.directory.display().to_string() })
            }
            Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The data directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The clock that stamps rows and makes ids.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Fails when the database does not answer.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.read.ping().await?)
    }

    pub(crate) fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Begins a transaction that holds the write lock from its first statement on: a deferred one that first
    /// reads and then writes would fail whenever another process wrote in between.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.write.begin_with_options(options).await?)
    }

    pub(crate) fn write(&self) -> &DatabaseConnection {
        &self.write
    }
}

fn prepare_directory(directory: &Path) -> Result<()> {
    let failed = |source| Error::DataDirectory { path: directory.display().to_string(), source };
    std::fs::create_dir_all(directory).map_err(failed)?;
    // SQLite reports an unwritable directory as "unable to open database file"; finding out here names the cause.
    let probe = directory.join(".write-probe");
    std::fs::write(&probe, b"").map_err(failed)?;
    std::fs::remove_file(&probe).map_err(failed)
}

async fn connect(file: &Path, connections: u32, settings: &Settings, read_only: bool) -> Result<DatabaseConnection> {
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

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait as _;

    use super::*;

    #[tokio::test]
    async fn what_is_committed_after_the_disk_was_full_is_kept() -> Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), &Settings::default(), Clock::System).await?;
        store.write().execute_unprepared("CREATE TABLE filler (bytes BLOB)").await?;
        for _ in 0..3 {
            let transaction = store.begin().await?;
            // A limit below the present size means the present size.
            transaction.execute_unprepared("PRAGMA max_page_count = 1").await?;
            let failed = transaction.execute_unprepared("INSERT INTO filler VALUES (zeroblob(1000000))").await;
            assert!(failed.is_err_and(|error| Error::from(error).is_disk_full()));
            // A transaction that is dropped without a commit, as after finding that there is nothing to do.
            drop(transaction);
            drop(store.begin().await?);
        }
        let transaction = store.begin().await?;
        transaction.execute_unprepared("INSERT INTO filler VALUES (x'01')").await?;
        transaction.commit().await?;
        let sql = "SELECT count(*) AS n FROM filler";
        let row = store.read().query_one_raw(sea_orm::Statement::from_string(store.read().get_database_backend(), sql));
        assert_eq!(row.await?.map(|row| row.try_get::<i64>("", "n")).transpose()?, Some(1));
        Ok(())
    }
}
