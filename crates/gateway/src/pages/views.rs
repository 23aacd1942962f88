//! What each page shows: the structs that fill `crates/gateway/templates`.
//!
//! Plain data: handlers fill it, templates read it. Times are RFC 3339 in UTC; the browser shows them in the reader's
//! own time zone. A row that scripts add later is cloned from a `<template>` that the page rendered from the same
//! partial with a blank value, so that the server's rows and the browser's never differ.

use askama::Template;

/// What surrounds every page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chrome {
    /// Prefix of the assets, with their version and without a slash at the end: `/assets/3f2a91`.
    pub(crate) assets: String,
    /// Who is signed in.
    pub(crate) user: Option<User>,
    /// Path of this page, which marks the current entry of the navigation.
    pub(crate) path: String,
    /// Whether the server has no embedding model, so that documents are found by keywords alone.
    pub(crate) keywords_only: bool,
}

impl Chrome {
    fn in_chat(&self) -> bool {
        self.path == "/" || self.path.starts_with("/c/")
    }

    fn in_documents(&self) -> bool {
        self.path.starts_with("/documents")
    }

    fn in_admin(&self) -> bool {
        self.path.starts_with("/admin")
    }

    fn is_admin(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.is_admin)
    }
}

/// The person who is signed in.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) is_admin: bool,
}

/// `/login`: sign in, or create an account.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage {
    pub(crate) chrome: Chrome,
    pub(crate) form: LoginForm,
    /// Whether anybody may create an account; offers the other form.
    pub(crate) registration_open: bool,
    /// Where to go afterwards: a path of this site.
    pub(crate) next: String,
    /// What was typed before, kept after an error. Passwords are not.
    pub(crate) name: String,
    pub(crate) email: String,
    /// Fewest characters of a new password.
    pub(crate) min_password_chars: usize,
    /// Why the last try failed.
    pub(crate) error: Option<String>,
    pub(crate) errors: FieldErrors,
}

/// Which form `/login` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginForm {
    /// Email and password, posted to `/login`.
    SignIn,
    /// The first account, which becomes the administrator's; posted to `/register`.
    FirstAccount,
    /// A further account while registration is open; posted to `/register`.
    Register,
}

/// What was wrong with each field of a form.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldErrors {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) password: Option<String>,
}

impl LoginPage {
    fn registers(&self) -> bool {
        self.form != LoginForm::SignIn
    }

    fn is_first(&self) -> bool {
        self.form == LoginForm::FirstAccount
    }
}

/// `/` and `/c/{conversation_id}`: questions and answers.
#[derive(Debug, Template)]
#[template(path = "chat.html")]
pub(crate) struct ChatPage {
    pub(crate) chrome: Chrome,
    /// First page of the history, newest first.
    pub(crate) conversations: Vec<ConversationRow>,
    /// Cursor of the history's next page.
    pub(crate) next_cursor: Option<String>,
    /// The conversation that is open; none on `/`.
    pub(crate) conversation: Option<OpenConversation>,
    /// Its messages, oldest first.
    pub(crate) messages: Vec<Message>,
    /// Questions to start with, shown while there are no messages.
    pub(crate) samples: Vec<String>,
    /// Whether this person can read any document at all; if not, the empty page leads to the documents.
    pub(crate) has_documents: bool,
    /// Most characters of a question.
    pub(crate) max_question_chars: usize,
}

impl ChatPage {
    fn is_open(&self, conversation: &ConversationRow) -> bool {
        self.conversation.as_ref().is_some_and(|open| open.id == conversation.id)
    }
}

/// The conversation that a page shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenConversation {
    pub(crate) id: String,
    pub(crate) title: String,
}

/// One conversation of the history.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConversationRow {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) updated_at: String,
}

/// One message of a conversation.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Question(Question),
    Answer(Answer),
}

/// What the person asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// What the documents answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) conversation_id: String,
    /// Plain text with markers `[1]`, `[2]` that count `citations` from 1. The browser sets paragraphs and links.
    pub(crate) text: String,
    /// Whether the documents hold an answer.
    pub(crate) grounded: bool,
    pub(crate) citations: Vec<Citation>,
    /// `simple` or `complex`: how the question was answered.
    pub(crate) mode: String,
    /// Whether the answer came from the cache.
    pub(crate) cached: bool,
    /// Time that the answer took, if it was kept.
    pub(crate) total_ms: Option<u64>,
    /// 1 or -1 once the person has judged the answer.
    pub(crate) rating: Option<i8>,
}

impl Answer {
    fn blank() -> Self {
        Self { grounded: true, ..Self::default() }
    }

    fn is_liked(&self) -> bool {
        self.rating == Some(1)
    }

    fn is_disliked(&self) -> bool {
        self.rating == Some(-1)
    }
}

/// A passage that an answer rests on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Citation {
    pub(crate) document_id: String,
    /// The document's title.
    pub(crate) title: String,
    pub(crate) quote: String,
    /// Byte offsets of the passage in the document's extracted text.
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// `/documents`: uploads and the table of documents.
#[derive(Debug, Template)]
#[template(path = "documents.html")]
pub(crate) struct DocumentsPage {
    pub(crate) chrome: Chrome,
    /// First page of the documents that this person can read, newest first.
    pub(crate) documents: Vec<DocumentRow>,
    pub(crate) next_cursor: Option<String>,
    /// The filter that `documents` answers, from `?q=`.
    pub(crate) q: String,
    /// For people: `PDF, Word, Markdown, HTML or plain text`.
    pub(crate) formats: String,
    /// For the file dialogue: `.pdf,.docx,.md,.html,.txt`.
    pub(crate) accept: String,
    /// Largest file that the server takes.
    pub(crate) max_upload_bytes: u64,
}

impl DocumentsPage {
    fn max_upload(&self) -> String {
        size_text(self.max_upload_bytes)
    }
}

/// One document of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct DocumentRow {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) file_name: String,
    /// `pdf`, `markdown`, …
    pub(crate) format: String,
    pub(crate) size_bytes: u64,
    /// `private` or `shared`.
    pub(crate) visibility: String,
    /// `queued`, `processing`, `searchable`, `ready` or `failed`.
    pub(crate) status: String,
    /// Why the document could not be read, when `status` is `failed`.
    pub(crate) error: Option<String>,
    pub(crate) chunks: u64,
    pub(crate) embedded_chunks: u64,
    pub(crate) created_at: String,
    pub(crate) owner_name: String,
    pub(crate) can_delete: bool,
}

impl DocumentRow {
    fn blank() -> Self {
        Self { can_delete: true, status: "queued".to_owned(), ..Self::default() }
    }

    /// One row of each status: their words are rendered once for the scripts to clone.
    fn one_of_each_status() -> impl Iterator<Item = Self> {
        ["queued", "processing", "searchable", "ready", "failed"]
            .into_iter()
            .map(|status| Self { status: status.to_owned(), ..Self::default() })
    }

    fn size(&self) -> String {
        size_text(self.size_bytes)
    }

    fn is_shared(&self) -> bool {
        self.visibility == "shared"
    }

    /// Whether the text can be shown.
    fn is_read(&self) -> bool {
        self.status == "searchable" || self.status == "ready"
    }

    fn has_failed(&self) -> bool {
        self.status == "failed"
    }

    /// The day alone, until the browser puts its own time in place.
    fn day(&self) -> &str {
        self.created_at.get(..10).unwrap_or(&self.created_at)
    }
}

/// `/documents/{id}`: a document's extracted text.
#[derive(Debug, Template)]
#[template(path = "document.html")]
pub(crate) struct DocumentPage {
    pub(crate) chrome: Chrome,
    pub(crate) document: DocumentRow,
    pub(crate) text: DocumentText,
    /// Whether the address named a passage that the text no longer has.
    pub(crate) passage_missing: bool,
    /// Path of the answer that the reader came from: `/c/{conversation}#m-{message}`.
    pub(crate) back: Option<String>,
}

/// The extracted text, cut at the cited passage. Without one everything stands in `before`.
#[derive(Clone, Debug, Default)]
pub(crate) struct DocumentText {
    pub(crate) before: String,
    pub(crate) marked: Option<String>,
    pub(crate) after: String,
}

/// Something to choose: the name that the API has, and words for it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) words: String,
}

/// `/admin`: service levels, jobs, the cache, the audit log and people, all fetched by the page itself.
#[derive(Debug, Template)]
#[template(path = "admin.html")]
pub(crate) struct AdminPage {
    pub(crate) chrome: Chrome,
    /// What the audit log can be narrowed to.
    pub(crate) actions: Vec<Named>,
}

/// `/account`: change one's own password.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub(crate) struct AccountPage {
    pub(crate) chrome: Chrome,
    pub(crate) email: String,
    /// Fewest characters of a new password.
    pub(crate) min_password_chars: usize,
}

/// Any failure of a page.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    pub(crate) chrome: Chrome,
    pub(crate) status: u16,
    /// What happened, in a few words: `This page does not exist`.
    pub(crate) title: String,
    /// What happened, in a sentence or two.
    pub(crate) detail: String,
    /// What the person can do about it.
    pub(crate) advice: String,
    /// For whoever looks into the logs.
    pub(crate) request_id: String,
}

/// A size as people say it: decimal units, one decimal place below ten.
fn size_text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1_000.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if size < 999.5 {
            break;
        }
        size /= 1_000.0;
        unit = larger;
    }
    if size < 9.95 { format!("{size:.1} {unit}") } else { format!("{size:.0} {unit}") }
}
