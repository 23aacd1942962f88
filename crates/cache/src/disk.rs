//! The second tier on disk: one `SQLite` file, which is worth nothing that could not be computed again.
//!
//! So it is never an error. A file that cannot be opened or turns out damaged is put aside, and a new one begun; writes do not
//! wait for the disk, since each entry carries a checksum. Several processes may have it open. What is deleted is overwritten.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

use crate::Key;
use crate::l2::{Failed, News, Record, Stock};

/// The file in its directory.
const FILE: &str = "cache.db";
/// Where a file goes that cannot be used; there is one at most.
const ASIDE: &str = "cache.db.damaged";
/// Another version's file is damaged, as far as this one can tell.
const VERSION: i64 = 1;
/// How long a write waits for another process's.
const BUSY: Duration = Duration::from_millis(500);
/// What an entry takes in the file beside its bytes: its key and numbers in the table and its indices. A source is two rows.
const ENTRY_BYTES: usize = 256;
const SOURCE_BYTES: usize = 96;
/// Rows that are looked at or removed in one statement.
const AT_ONCE: i64 = 64;
const NEWS_AT_ONCE: i64 = 512;

const CREATE: &str = "
    CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE,
        expires INTEGER NOT NULL, bytes INTEGER NOT NULL, value BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS entry_expires ON entry (expires);
    CREATE TABLE IF NOT EXISTS source (id BLOB NOT NULL, number INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
        PRIMARY KEY (id, number)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS source_number ON source (number);
    CREATE TABLE IF NOT EXISTS news (number INTEGER PRIMARY KEY REFERENCES entry ON DELETE CASCADE, question BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS total (one INTEGER PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL, entries INTEGER NOT NULL);
    INSERT OR IGNORE INTO total VALUES (1, 0, 0);
    CREATE TRIGGER IF NOT EXISTS entry_added AFTER INSERT ON entry
        BEGIN UPDATE total SET bytes = bytes + NEW.bytes, entries = entries + 1; END;
    CREATE TRIGGER IF NOT EXISTS entry_removed AFTER DELETE ON entry
        BEGIN UPDATE total SET bytes = bytes - OLD.bytes, entries = entries - 1; END;
    PRAGMA user_version = 1";
/// What an entry is read by.
pub(crate) const GET: &str = "SELECT value FROM entry WHERE key = ?";

/// A file of entries.
#[derive(Debug)]
pub(crate) struct Disk {
    directory: PathBuf,
    most_bytes: u64,
    pools: RwLock<Option<Pools>>,
    /// Whether the file was found to be damaged.
    damaged: AtomicBool,
}

#[derive(Clone, Debug)]
struct Pools {
    read: SqlitePool,
    write: SqlitePool,
}

impl Disk {
    /// Opens the file, or a new one in its place.
    pub(crate) async fn open(directory: PathBuf, most_bytes: u64) -> Self {
        let disk = Self { directory, most_bytes, pools: RwLock::new(None), damaged: AtomicBool::new(false) };
        disk.reopen(false).await;
        disk
    }

    /// Begins anew if the file was found to be damaged, or could not be opened.
    pub(crate) async fn mend(&self) {
        if self.damaged.load(Ordering::Relaxed) || self.pools().is_err() {
            self.reopen(true).await;
        }
    }

    async fn reopen(&self, thoroughly: bool) {
        let old = self.pools.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Pools { read, write }) = old {
            read.close().await;
            write.close().await;
        }
        let file = self.directory.join(FILE);
        let opened = match Pools::open(&self.directory, thoroughly).await {
            Ok(pools) => Ok(pools),
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "the cache's file cannot be used; it is put aside and begun anew");
                self.put_aside().await;
                Pools::open(&self.directory, false).await
            }
        };
        match opened {
            Ok(pools) => {
                *self.pools.write().unwrap_or_else(PoisonError::into_inner) = Some(pools);
                self.damaged.store(false, Ordering::Relaxed);
            }
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "there is no cache on disk: its file cannot be made");
            }
        }
    }

    /// A file that cannot be moved stays, and opening it fails again.
    async fn put_aside(&self) {
        let file = self.directory.join(FILE);
        let _ = tokio::fs::rename(&file, self.directory.join(ASIDE)).await;
        for ending in ["-wal", "-shm"] {
            let _ = tokio::fs::remove_file(self.directory.join(format!("{FILE}{ending}"))).await;
        }
    }

    fn pools(&self) -> Result<Pools, Failed> {
        self.pools.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Failed)
    }

    /// The pool that entries are read with.
    pub(crate) fn reading(&self) -> Result<SqlitePool, Failed> {
        self.pools().map(|pools| pools.read)
    }

    /// Notes what an error says about the file.
    fn checked<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, Failed> {
        result.map_err(|error| {
            if is_damage(&error) {
                self.damaged.store(true, Ordering::Relaxed);
            }
            tracing::debug!(%error, "the cache's file does not answer");
            Failed
        })
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, Failed> {
        let read = self.reading()?;
        let query = sqlx::query_scalar(GET).bind(key.as_bytes().as_slice());
        self.checked(query.fetch_optional(&read).await)
    }

    pub(crate) async fn put(&self, record: Record) -> Result<Stock, Failed> {
        let pools = self.pools()?;
        let result = self.try_put(&pools, record).await;
        self.checked(result)
    }

    async fn try_put(&self, pools: &Pools, record: Record) -> Result<Stock, sqlx::Error> {
        let Record { key, value, news, sources, expires_ms, now_ms } = record;
        let bytes = ENTRY_BYTES + value.len() + news.as_ref().map_or(0, Vec::len) + SOURCE_BYTES * sources.len();
        let (bytes, most) = (to_i64(bytes as u64), to_i64(self.most_bytes));
        let mut transaction = pools.write.begin_with("BEGIN IMMEDIATE").await?;
        let key = key.as_bytes().as_slice();
        sqlx::query("DELETE FROM entry WHERE key = ?").bind(key).execute(&mut *transaction).await?;
        let (mut evicted, mut expired) = (0, 0);
        if bytes <= most {
            if total(&mut transaction).await?.0 + bytes > most {
                expired = remove_expired(&mut transaction, now_ms, i64::MAX).await?;
            }
            evicted = make_room(&mut transaction, most - bytes).await?;
            let insert = "INSERT INTO entry (key, expires, bytes, value) VALUES (?, ?, ?, ?)";
            let insert = sqlx::query(insert).bind(key).bind(to_i64(expires_ms)).bind(bytes).bind(value.as_ref());
            let number = insert.execute(&mut *transaction).await?.last_insert_rowid();
            if let Some(question) = news {
                let insert = sqlx::query("INSERT INTO news VALUES (?, ?)").bind(number).bind(question);
                insert.execute(&mut *transaction).await?;
            }
            for source in sources {
                let insert = sqlx::query("INSERT OR IGNORE INTO source VALUES (?, ?)");
                insert.bind(source.as_bytes().as_slice()).bind(number).execute(&mut *transaction).await?;
            }
        }
        let (bytes, entries) = total(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Stock { bytes: to_u64(bytes), entries: to_u64(entries), evicted, expired })
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<bool, Failed> {
        let pools = self.pools()?;
        let query = sqlx::query("DELETE FROM entry WHERE key = ?").bind(key.as_bytes().as_slice());
        Ok(self.checked(query.execute(&pools.write).await)?.rows_affected() > 0)
    }

    /// Removes what shows or rests on one of these, and what the log of writes has of it; the keys.
    pub(crate) async fn forget(&self, sources: &[Uuid]) -> Result<Vec<Key>, Failed> {
        let pools = self.pools()?;
        let mut keys = Vec::new();
        for source in sources {
            let delete = "DELETE FROM entry WHERE number IN (SELECT number FROM source WHERE id = ?) RETURNING key";
            let query = sqlx::query_scalar::<_, Vec<u8>>(delete).bind(source.as_bytes().as_slice());
            let removed = self.checked(query.fetch_all(&pools.write).await)?;
            keys.extend(removed.into_iter().filter_map(|key| key.try_into().ok()).map(Key::from_bytes));
        }
        if !keys.is_empty() {
            pools.empty_log().await;
        }
        Ok(keys)
    }

    pub(crate) async fn clear(&self) -> Result<u64, Failed> {
        let pools = self.pools()?;
        let removed = self.checked(sqlx::query("DELETE FROM entry").execute(&pools.write).await)?.rows_affected();
        pools.empty_log().await;
        Ok(removed)
    }

    /// Removes what expired, and says what is there.
    pub(crate) async fn tidy(&self, now_ms: u64) -> Result<Stock, Failed> {
        let pools = self.pools()?;
        let tidied = async {
            let expired = "SELECT EXISTS (SELECT 1 FROM entry WHERE expires <= ?)";
            let any: bool = sqlx::query_scalar(expired).bind(to_i64(now_ms)).fetch_one(&pools.read).await?;
            let mut removed = 0;
            if any {
                let mut transaction = pools.write.begin_with("BEGIN IMMEDIATE").await?;
                removed = remove_expired(&mut transaction, now_ms, 8 * AT_ONCE).await?;
                transaction.commit().await?;
            }
            let total = "SELECT bytes, entries FROM total";
            let (bytes, entries): (i64, i64) = sqlx::query_as(total).fetch_one(&pools.read).await?;
            Ok(Stock { bytes: to_u64(bytes), entries: to_u64(entries), evicted: 0, expired: removed })
        };
        self.checked(tidied.await)
    }

    /// The questions that came after a position, which is a number in decimal digits; the first ones after "".
    pub(crate) async fn news(&self, after: &str) -> Result<News, Failed> {
        let pools = self.pools()?;
        let after_number: i64 = after.parse().unwrap_or(0);
        let select = "SELECT number, question FROM news WHERE number > ? ORDER BY number LIMIT ?";
        let query = sqlx::query_as(select).bind(after_number).bind(NEWS_AT_ONCE);
        let rows: Vec<(i64, Vec<u8>)> = self.checked(query.fetch_all(&pools.read).await)?;
        let position = rows.last().map_or(after_number, |(number, _)| *number).to_string();
        Ok(News { position, questions: rows.into_iter().map(|(_, question)| question.into()).collect() })
    }
}

impl Pools {
    async fn open(directory: &Path, thoroughly: bool) -> Result<Self, sqlx::Error> {
        tokio::fs::create_dir_all(directory).await?;
        let options = SqliteConnectOptions::new()
            .filename(directory.join(FILE))
            .create_if_missing(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off)
            .foreign_keys(true)
            .pragma("secure_delete", "ON")
            .pragma("temp_store", "MEMORY");
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(2 * BUSY).test_before_acquire(false)
        };
        let write = pool(1).connect_with(options.clone()).await?;
        let checked = prepare(&write, thoroughly).await;
        if let Err(error) = checked {
            write.close().await;
            return Err(error);
        }
        let readers = std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
        let read = pool(readers.max(2)).min_connections(1).connect_with(options.pragma("query_only", "ON")).await?;
        Ok(Self { read, write })
    }

    /// What was deleted may stand in the log until it is written over. Somebody who reads it now keeps it until later.
    async fn empty_log(&self) {
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.write).await;
    }
}

/// Makes the tables in a new file, and refuses one that this version cannot use.
async fn prepare(write: &SqlitePool, thoroughly: bool) -> Result<(), sqlx::Error> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(write).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(write).await?;
    if version != VERSION && tables > 0 {
        return Err(sqlx::Error::Protocol(format!("it has version {version}, not {VERSION}")));
    }
    if version != VERSION {
        sqlx::raw_sql(CREATE).execute(write).await?;
    }
    // Reads each table's root.
    let looked = "SELECT (SELECT bytes FROM total) + (SELECT count(*) FROM (SELECT 1 FROM entry JOIN source USING (number) LIMIT 1))
        + (SELECT count(*) FROM (SELECT 1 FROM news LIMIT 1))";
    sqlx::query_scalar::<_, i64>(looked).fetch_one(write).await?;
    if thoroughly {
        let says: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(write).await?;
        if says != "ok" {
            return Err(sqlx::Error::Protocol(says));
        }
    }
    Ok(())
}

async fn total(transaction: &mut Transaction<'_, Sqlite>) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as("SELECT bytes, entries FROM total").fetch_one(&mut **transaction).await
}

async fn remove_expired(transaction: &mut Transaction<'_, Sqlite>, now_ms: u64, most: i64) -> Result<u64, sqlx::Error> {
    let delete = "DELETE FROM entry WHERE number IN (SELECT number FROM entry WHERE expires <= ? LIMIT ?)";
    let query = sqlx::query(delete).bind(to_i64(now_ms)).bind(most);
    Ok(query.execute(&mut **transaction).await?.rows_affected())
}

/// Removes the oldest entries until no more than `most` bytes are there.
async fn make_room(transaction: &mut Transaction<'_, Sqlite>, most: i64) -> Result<u64, sqlx::Error> {
    let mut removed = 0;
    loop {
        let mut excess = total(transaction).await?.0 - most;
        if excess <= 0 {
            return Ok(removed);
        }
        let select = "SELECT number, bytes FROM entry ORDER BY number LIMIT ?";
        let oldest: Vec<(i64, i64)> = sqlx::query_as(select).bind(AT_ONCE).fetch_all(&mut **transaction).await?;
        let mut last = 0;
        for (number, bytes) in oldest {
            if excess > 0 {
                last = number;
                excess -= bytes;
            }
        }
        let delete = sqlx::query("DELETE FROM entry WHERE number <= ?").bind(last);
        let rows = delete.execute(&mut **transaction).await?.rows_affected();
        if rows == 0 {
            // Nothing is there, and still too much: the total is wrong.
            return Err(sqlx::Error::Protocol("the total is not that of the entries".to_owned()));
        }
        removed += rows;
    }
}

/// `SQLITE_CORRUPT`, `SQLITE_NOTADB` and their kinds, see <https://www.sqlite.org/rescode.html>; and a missing table.
fn is_damage(error: &sqlx::Error) -> bool {
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xFF);
            matches!(code, Some(CORRUPT | NOT_A_DATABASE)) || error.message().starts_with("no such table")
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn to_u64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
