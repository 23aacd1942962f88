//! The types of queries that are measured: each an operation of the store, and the same with bare statements.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::bare::{Argument, Call, Manner};
use super::seed::{CHUNKS, Seeded, address};
use super::words::Words;
use crate::page::PageRequest;
use crate::search::{ChunkFields, terms};
use crate::values::SessionKind;
use crate::{Reader, Result, Store};

/// The same as a question's.
const FIELDS: ChunkFields = ChunkFields { title: 4.0, heading_path: 2.0, body: 1.0 };
const WANTED: usize = 100;
/// So many are ranked for that.
const RANKED: i64 = 200;
const PASSAGES: usize = 20;
const WORDS_OF_A_SEARCH: usize = 4;

/// A type of query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Select,
    JoinOfTwo,
    JoinOfThree,
    Insert,
    Update,
    Aggregate,
    FullText,
    HistorySearch,
    /// Last: it takes away what the others ask for.
    Delete,
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Select,
        Self::JoinOfTwo,
        Self::JoinOfThree,
        Self::Insert,
        Self::Update,
        Self::Aggregate,
        Self::FullText,
        Self::HistorySearch,
        Self::Delete,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Select => "simple select",
            Self::JoinOfTwo => "join of two tables",
            Self::JoinOfThree => "join of three tables",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Aggregate => "aggregate",
            Self::FullText => "full-text search",
            Self::HistorySearch => "full-text search of one's history",
            Self::Delete => "delete",
        }
    }

    /// The name of the operation in the statistics of queries.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Select => "accounts.account_by_email",
            Self::JoinOfTwo => "sessions.live_session",
            Self::JoinOfThree => "passages.passages",
            Self::Insert => "sessions.begin_session",
            Self::Update => "sessions.revoke_session",
            Self::Aggregate => "documents.count_documents",
            Self::FullText => "search.chunks_by_keywords",
            Self::HistorySearch => "conversations.conversations",
            Self::Delete => "conversations.delete_conversation",
        }
    }

    /// The 95th percentile that the benchmark document asks for, in milliseconds.
    pub(super) fn target_p95_ms(self) -> f64 {
        match self {
            Self::Select => 20.0,
            Self::JoinOfTwo => 50.0,
            Self::JoinOfThree => 100.0,
            Self::Insert | Self::Delete => 25.0,
            Self::Update => 30.0,
            Self::Aggregate => 80.0,
            Self::FullText | Self::HistorySearch => 150.0,
        }
    }

    pub(super) fn manner(self) -> Manner {
        match self {
            Self::Insert | Self::Update => Manner::Writing,
            Self::Delete => Manner::Transaction,
            _ => Manner::Reading,
        }
    }
}

/// What one repetition asks for.
#[derive(Debug)]
pub(super) struct Input {
    email: String,
    account: Uuid,
    session: Uuid,
    conversation: (Uuid, Uuid),
    chunks: Vec<i64>,
    words: Vec<String>,
    new_session: Uuid,
}

impl Input {
    /// The input of a repetition; those of different numbers write different rows.
    pub(super) fn of(seeded: &Seeded, store: &Store, words: &mut Words, number: usize) -> Self {
        let any = |words: &mut Words, limit: usize| usize::try_from(words.below(limit as u64)).unwrap_or_default();
        let conversation = seeded.conversations.get(number).copied().unwrap_or_default();
        Self {
            email: address(any(words, seeded.accounts.len())),
            account: seeded.accounts.get(any(words, seeded.accounts.len())).copied().unwrap_or_default(),
            session: seeded.sessions.get(number).copied().unwrap_or_default(),
            conversation,
            chunks: (0..PASSAGES).map(|_| 1 + i64::try_from(any(words, CHUNKS)).unwrap_or_default()).collect(),
            words: terms(&words.question(WORDS_OF_A_SEARCH).join(" ")),
            new_session: store.clock().new_id(),
        }
    }

    /// The operation of the store.
    pub(super) async fn ours(&self, kind: Kind, store: &Store) -> Result<()> {
        match kind {
            Kind::Select => drop(store.account_by_email(&self.email).await?),
            Kind::JoinOfTwo => drop(store.live_session(self.session).await?),
            Kind::JoinOfThree => drop(store.passages(Reader::new(self.account), &self.chunks).await?),
            Kind::Insert => {
                let lifetime = TimeDelta::days(30);
                store.begin_session(self.new_session, self.account, SessionKind::Token, &[7; 32], lifetime).await?;
            }
            Kind::Update => store.revoke_session(self.session).await?,
            Kind::Aggregate => drop(store.count_documents().await?),
            Kind::FullText => {
                drop(store.chunks_by_keywords(Reader::new(self.account), &self.words, FIELDS, WANTED).await?);
            }
            Kind::HistorySearch => {
                let query = self.words.first().cloned();
                drop(store.conversations(self.account, &PageRequest { cursor: None, limit: 50, query }).await?);
            }
            Kind::Delete => store.delete_conversation(self.conversation.1, self.conversation.0).await?,
        }
        Ok(())
    }

    /// The same with statements alone.
    pub(super) fn bare(&self, kind: Kind, store: &Store, statements: &Statements) -> Vec<Call> {
        let now = store.clock().now();
        let scopes = || [Argument::Text("shared".to_owned()), Argument::Text(self.account.to_string())];
        let arguments = match kind {
            Kind::Select => vec![vec![Argument::Text(self.email.clone())]],
            Kind::JoinOfTwo => vec![vec![Argument::Id(self.session)]],
            Kind::JoinOfThree => {
                vec![scopes().into_iter().chain(self.chunks.iter().copied().map(Argument::Number)).collect()]
            }
            Kind::Insert => vec![vec![
                Argument::Id(self.new_session),
                Argument::Id(self.account),
                Argument::Text("token".to_owned()),
                Argument::Bytes(vec![7; 32]),
                Argument::Time(now),
                Argument::Time(now + TimeDelta::days(30)),
                Argument::NoTime,
            ]],
            Kind::Update => vec![vec![Argument::Time(now), Argument::Id(self.session)]],
            Kind::Aggregate => vec![Vec::new()],
            Kind::FullText => vec![self.full_text(store.is_sqlite(), scopes())],
            Kind::HistorySearch => {
                let word = self.words.first().map(String::as_str).unwrap_or_default();
                let query = if store.is_sqlite() { format!("\"{word}\"*") } else { format!("'{word}':*") };
                vec![vec![Argument::Id(self.account), Argument::Text(query), Argument::Number(51)]]
            }
            Kind::Delete => {
                let id = Argument::Id(self.conversation.0);
                let mut arguments = vec![vec![id.clone(), Argument::Number(1)], vec![id.clone()]];
                arguments.extend(store.is_sqlite().then(|| vec![id]));
                arguments
            }
        };
        statements.of(kind).iter().cloned().zip(arguments).collect()
    }

    fn full_text(&self, sqlite: bool, [shared, own]: [Argument; 2]) -> Vec<Argument> {
        let limit = Argument::Number(RANKED);
        let quoted =
            |mark: char| -> Vec<String> { self.words.iter().map(|word| format!("{mark}{word}{mark}")).collect() };
        if sqlite {
            return vec![Argument::Text(quoted('"').join(" OR ")), limit, shared, own];
        }
        let weights = Argument::Text("{0.25,0,0.5,1}".to_owned());
        let (query, terms) = (quoted('\'').join(" | "), quoted('\''));
        vec![limit, shared, own, Argument::Text(query), Argument::Texts(terms), Argument::Double(4.0), weights]
    }
}

/// The statements of each operation, as the store sent them.
#[derive(Debug)]
pub(super) struct Statements(HashMap<&'static str, Vec<Arc<str>>>);

impl Statements {
    /// Performs each operation once, and takes down what was sent: `store` must keep every statement.
    pub(super) async fn learn(store: &Store, seeded: &Seeded) -> Result<Self> {
        let mut words = Words::new(2);
        let last = seeded.conversations.len().saturating_sub(1);
        let input = Input::of(seeded, store, &mut words, last);
        for kind in Kind::ALL {
            input.ours(kind, store).await?;
        }
        let mut of_operation: HashMap<&'static str, Vec<Arc<str>>> = HashMap::new();
        for query in store.slow_queries() {
            of_operation.entry(query.name).or_default().push(query.sql.into());
        }
        // In a transaction: first what is to be deleted is read, the conversation itself goes last.
        let place = |sql: &str| (!sql.starts_with("SELECT"), sql.contains("\"conversation\""));
        for statements in of_operation.values_mut() {
            statements.sort_by_key(|sql| place(sql));
        }
        Ok(Self(of_operation))
    }

    fn of(&self, kind: Kind) -> &[Arc<str>] {
        self.0.get(kind.operation()).map(Vec::as_slice).unwrap_or_default()
    }
}
