//! How the API describes values that other crates define. The types here are only read by the `OpenAPI` document.

use serde::Serialize;
use store::page::Page;
use utoipa::ToSchema;
use uuid::Uuid;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T: ToSchema> {
    /// The items, newest first.
    pub(crate) items: Vec<T>,
    /// Give this as `cursor` to get the next page; null on the last one.
    pub(crate) next_cursor: Option<Uuid>,
}

impl<T: ToSchema> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, next_cursor: page.next_cursor }
    }
}

/// A closed set of names, written here once more for the `OpenAPI` document.
macro_rules! names {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident),+ })+) => {
        $(
            $(#[$doc])*
            #[derive(ToSchema)]
            #[schema(rename_all = "snake_case")]
            #[allow(dead_code, missing_docs)]
            pub(crate) enum $name { $($variant),+ }
        )+
    };
}

names! {
    /// What an account may do.
    Role { User, Admin }
    /// Whether a document is its owner's alone or everybody's.
    Visibility { Private, Shared }
    /// How far a document's ingestion has come; `searchable` is found by keywords, `ready` by meaning too.
    Status { Queued, Processing, Searchable, Ready, Failed }
    /// Who wrote a message.
    Author { User, Assistant }
    /// What a job does: read a document, or compute its vectors.
    JobKind { Ingest, Embed }
    /// Where a job stands; a finished one is gone.
    JobState { Queued, Running, Failed }
    /// How a question wants to be treated.
    ModeRequest { Auto, Simple, Complex }
    /// How a question was treated.
    Mode { Simple, Complex }
    /// Whether a cached answer may be used.
    CacheMode { Use, Bypass, Refresh }
    /// The tier of the cache that had an answer.
    CacheTier { L1, L2, Rag }
    /// What somebody did.
    AuditAction {
        SignIn, SignOut, AddAccount, ChangeAccount, ChangePassword, UploadDocument, ReplaceDocument, ChangeDocument,
        DeleteDocument, RetryDocument, ClearCache, ExportAudit
    }
    /// Whether it came about.
    AuditOutcome { Done, Refused }
}
