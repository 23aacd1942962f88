//! What can go wrong while everything is moved.

use std::io;

/// A failure of moving, saving or restoring everything.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of the databases failed.
    #[error(transparent)]
    Store(#[from] crate::Error),
    /// The target holds something else.
    #[error(
        "the target already holds data (its table {table} has rows); choose an empty database, or an empty data directory"
    )]
    NotEmpty {
        /// A table with rows.
        table: &'static str,
    },
    /// The target is half filled from elsewhere.
    #[error(
        "the target is half filled from another source; finish that transfer with the command that began it, or choose an empty target"
    )]
    OtherTransfer,
    /// The database is the target of a transfer that has not ended.
    #[error(
        "the database is only half filled: a `voiceassist migrate` or `voiceassist restore` into it has not ended; run that command again, or use another database"
    )]
    HalfFilled,
    /// The target does not have what the source has.
    #[error(
        "the table {table} differs: {source_rows} rows with checksum {source_checksum} in the source, {target_rows} rows with checksum {target_checksum} in the target; was one of them in use meanwhile? Begin again with an empty target"
    )]
    Differs {
        /// The table.
        table: String,
        /// Rows of the source.
        source_rows: u64,
        /// Checksum of the source's rows.
        source_checksum: String,
        /// Rows of the target.
        target_rows: u64,
        /// Checksum of the target's rows.
        target_checksum: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {what} {path}: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Another process writes the same file.
    #[error("another backup is being written to {path}; wait for it, or choose another file")]
    BeingWritten {
        /// The file.
        path: String,
    },
    /// The file is something else.
    #[error("{path} is not a file that `voiceassist backup` wrote; nothing was done with it: name another file")]
    NotABackup {
        /// The file.
        path: String,
    },
    /// The file is damaged.
    #[error("the backup {path} is incomplete or damaged ({problem}); nothing was restored from it: use another backup")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file was written by another version.
    #[error(
        "the backup {path} was made by VoiceAssist {program} with the tables of {schema}, this program has those of {own_schema}; restore it with that version, and start this one on the result"
    )]
    OtherSchema {
        /// The file.
        path: String,
        /// The version of the program that wrote it.
        program: String,
        /// The last change of the tables that it knew.
        schema: String,
        /// The last change of the tables that this program knows.
        own_schema: String,
    },
    /// The thread that reads or writes the file ended early.
    #[error("the thread that handles the file {path} ended before its time")]
    Interrupted {
        /// The file.
        path: String,
    },
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl Error {
    pub(super) fn file(what: &'static str, path: &std::path::Path, source: io::Error) -> Self {
        Self::File { what, path: path.display().to_string(), source }
    }
}

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;
