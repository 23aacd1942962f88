//! The closed sets of values in the tables.

use sea_orm::Iterable as _;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// A text as every database can hold it: PostgreSQL has no place for the character U+0000. A space has as many bytes, so that
/// offsets into the text stay right.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', " ")
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Role {
    /// Asks questions and keeps private documents.
    User,
    /// Also shares documents and manages people.
    Admin,
}

/// How far a document's ingestion has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Stored; its job waits.
    Queued,
    /// Being parsed and chunked.
    Processing,
    /// Found by keywords; its vectors are being computed.
    Searchable,
    /// Found by keywords and by meaning.
    Ready,
    /// Stored but unreadable; the reason stands beside it.
    Failed,
}

/// What a job does to its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum JobKind {
    /// Parse, chunk, and index by keywords.
    Ingest,
    /// Compute the vectors of its chunks.
    Embed,
}

/// Where a job stands. A finished job has no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Given up; the error stands beside it.
    Failed,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Author {
    /// The person.
    User,
    /// VoiceAssist.
    Assistant,
}

/// What somebody does that others may want to know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "snake_case")]
pub enum AuditAction {
    /// Signing in, as a program or in a browser.
    SignIn,
    /// Signing out.
    SignOut,
    /// Making an account, for oneself or for somebody else.
    AddAccount,
    /// Changing somebody's role, password or right to sign in.
    ChangeAccount,
    /// Changing one's own password.
    ChangePassword,
    /// Bringing a document in.
    UploadDocument,
    /// Giving a document another content.
    ReplaceDocument,
    /// Changing a document's title or who may read it.
    ChangeDocument,
    /// Deleting a document.
    DeleteDocument,
    /// Having a document read again.
    RetryDocument,
    /// Throwing answers away.
    ClearCache,
    /// Taking the audit log with one.
    ExportAudit,
}

impl AuditAction {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }
}

/// Whether it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It did.
    Done,
    /// It was not allowed.
    Refused,
}

/// What a session's secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum SessionKind {
    /// A refresh token that changes with every use.
    Token,
    /// A browser's cookie.
    Browser,
}
