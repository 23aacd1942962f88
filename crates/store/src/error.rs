//! What can go wrong below the domain.

/// A failure of the database, told with what was being done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or failed an operation.
    #[error("the database failed: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The data directory cannot be created or written.
    #[error("cannot use the data directory {path}: {source}; choose another with data_dir, or correct its permissions")]
    DataDirectory {
        /// The directory that was tried.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process serves from the same data directory.
    #[error(
        "the data directory {path} is already being served by another process; stop it, or choose another directory with data_dir"
    )]
    AlreadyServed {
        /// The directory that is taken.
        path: String,
    },
    /// A setting has a value that cannot work.
    #[error("database.{key} {problem}")]
    Setting {
        /// The key within the section.
        key: &'static str,
        /// What is wrong with its value, and what would be right.
        problem: String,
    },
    /// The database server cannot be reached, or does not let this program in.
    #[error("cannot connect to {place}; check database.url, and that the server runs and lets this user in")]
    Unreachable {
        /// The server and the database, without the password.
        place: String,
        /// What the driver said.
        #[source]
        source: sea_orm::sqlx::Error,
    },
    /// The database server is too old.
    #[error("{place} is PostgreSQL {version}; version 15 or later is needed")]
    TooOld {
        /// The server and the database, without the password.
        place: String,
        /// Its version.
        version: i32,
    },
    /// The database server has no vectors.
    #[error(
        "the PostgreSQL server has no extension `vector` ({problem}); install pgvector there (on Debian and Ubuntu the package postgresql-{version}-pgvector), or as a superuser run CREATE EXTENSION vector in this database"
    )]
    NoVectors {
        /// Its version.
        version: i32,
        /// What it said.
        problem: String,
    },
    /// PostgreSQL does not tell of new jobs.
    #[error("cannot listen to the database: {0}")]
    Listening(#[source] sea_orm::sqlx::Error),
    /// A stored value cannot be understood; the database was written by another version or is damaged.
    #[error("the stored {what} cannot be read; restore a backup, or import the document again")]
    Corrupt {
        /// What could not be read.
        what: &'static str,
    },
    /// A measurement fills a database of its own.
    #[error("the database is not empty; the measurement needs one of its own")]
    NotEmpty,
    /// The row that the operation is about does not exist (or not for this person).
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A unique value is taken.
    #[error("{0} is already in use")]
    Taken(&'static str),
    /// Nobody could manage people any more.
    #[error("this is the last administrator's account; make another administrator first")]
    LastAdministrator,
}

impl Error {
    /// True when the cause is a full or failing disk, which the operator must see to.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        // SQLITE_FULL and SQLITE_IOERR have no variant of their own in the driver.
        matches!(self, Self::Database(error) if {
            let text = error.to_string();
            text.contains("database or disk is full") || text.contains("disk I/O error")
        })
    }
}

/// The result of a store operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;
