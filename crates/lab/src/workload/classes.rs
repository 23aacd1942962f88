//! The kinds of people, and what they can do. How many there are, and what they do how often, is a workload's.

use serde::{Deserialize, Serialize};

/// A kind of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Asks short questions.
    Regular,
    /// Asks several things at once, and in conversations.
    Power,
    /// Sees to documents and people.
    Admin,
}

/// What a person does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A short question.
    Question,
    /// A question with several parts.
    Parts,
    /// A question and what follows from it, three or four turns.
    Conversation,
    /// A later question of a conversation; nobody begins with it.
    FollowUp,
    /// Finding passages.
    Search,
    /// Reading the conversation so far.
    History,
    /// Taking it away as a file.
    Export,
    /// Judging the last answer.
    Feedback,
    /// Looking at one's own account.
    Profile,
    /// Whether the server is well.
    Health,
    /// A new document for everybody.
    Upload,
    /// The list of documents.
    Documents,
    /// The list of people.
    People,
    /// How well the cache works.
    CacheStatistics,
    /// Everything that happens, for administrators.
    Dashboard,
    /// The figures that Prometheus reads; how the server is, where those are not told to the load.
    Metrics,
}

impl Task {
    /// What is asked for, with `{subject}`, `{conversation}` and `{message}` in the place of what differs.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Question | Self::Parts | Self::Conversation | Self::FollowUp => "/api/chat",
            Self::Search => "/api/search?q={subject}",
            Self::History => "/api/conversations/{conversation}",
            Self::Export => "/api/conversations/{conversation}/export?format=md",
            Self::Feedback => "/api/messages/{message}/feedback",
            Self::Profile => "/api/auth/me",
            Self::Health => "/health",
            Self::Upload => "/api/documents/upload",
            Self::Documents => "/api/documents",
            Self::People => "/api/admin/users",
            Self::CacheStatistics => "/api/admin/cache",
            Self::Dashboard => "/api/admin/dashboard",
            Self::Metrics => "/metrics",
        }
    }

    /// Whether the assistant is asked.
    #[must_use]
    pub fn is_question(self) -> bool {
        matches!(self, Self::Question | Self::Parts | Self::Conversation | Self::FollowUp)
    }
}
