//! The database that is measured: the same at every run, and indexed by the store's own code.

use chrono::TimeDelta;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    EntityTrait,
};
use uuid::Uuid;

use super::words::Words;
use crate::accounts::NewAccount;
use crate::chunks::{Extracted, NewChunk, StoredVector};
use crate::documents::{NewDocument, Stored};
use crate::entity::{account, conversation, message, session};
use crate::values::{Author, Role, SessionKind};
use crate::{Error, Result, Store, Visibility, search};

/// Messages of the database.
pub const MESSAGES: usize = 100_000;
/// Chunks of the database.
pub const CHUNKS: usize = 20_000;

const ACCOUNTS: usize = 500;
const CONVERSATIONS: usize = 10_000;
const CHUNKS_OF_A_DOCUMENT: usize = 10;
const WORDS_OF_A_CHUNK: usize = 120;
const WORDS_OF_A_QUESTION: usize = 12;
const WORDS_OF_AN_ANSWER: usize = 60;
const ROWS: usize = 500;

/// What the queries ask for.
#[derive(Debug)]
pub(super) struct Seeded {
    pub(super) accounts: Vec<Uuid>,
    pub(super) sessions: Vec<Uuid>,
    /// With their owners.
    pub(super) conversations: Vec<(Uuid, Uuid)>,
}

/// Fills an empty database. `done` is told how many messages and chunks there are.
pub(super) async fn fill(store: &Store, mut done: impl FnMut(usize)) -> Result<Seeded> {
    if store.count_accounts().await? > 0 {
        return Err(Error::NotEmpty);
    }
    let seeded = people(store).await?;
    let mut words = Words::new(1);
    for number in 0..CHUNKS / CHUNKS_OF_A_DOCUMENT {
        document(store, &seeded, &mut words, number).await?;
        done((number + 1) * CHUNKS_OF_A_DOCUMENT);
    }
    for (number, talk) in seeded.conversations.chunks(100).enumerate() {
        messages(store, &mut words, talk).await?;
        done(CHUNKS + (number + 1) * talk.len() * (MESSAGES / CONVERSATIONS));
    }
    Ok(seeded)
}

async fn people(store: &Store) -> Result<Seeded> {
    let new = NewAccount {
        email: address(0),
        name: "Person 0".to_owned(),
        password_hash: "hash".to_owned(),
        role: Role::Admin,
    };
    let mut accounts = vec![store.add_account(new).await?.id];
    accounts.extend((1..ACCOUNTS).map(|_| store.clock().new_id()));
    let (now, transaction) = (store.clock().now(), store.begin("measure.seed").await?);
    let people: Vec<_> = accounts
        .iter()
        .enumerate()
        .skip(1)
        .map(|(number, id)| account::ActiveModel {
            id: Set(*id),
            email: Set(address(number)),
            name: Set(format!("Person {number}")),
            role: Set(Role::User),
            password_hash: Set("hash".to_owned()),
            disabled_at: Set(None),
            created_at: Set(now),
        })
        .collect();
    account::Entity::insert_many(people).exec_without_returning(&transaction).await?;
    let mut seeded = Seeded { accounts, sessions: Vec::new(), conversations: Vec::new() };
    for batch in 0..CONVERSATIONS / ROWS {
        let owner = |place: usize| seeded.accounts.get((batch * ROWS + place) % ACCOUNTS).copied().unwrap_or_default();
        let talks: Vec<(Uuid, Uuid)> = (0..ROWS).map(|place| (store.clock().new_id(), owner(place))).collect();
        let rows = talks.iter().map(|(id, account_id)| conversation::ActiveModel {
            id: Set(*id),
            account_id: Set(*account_id),
            title: Set("A question".to_owned()),
            created_at: Set(now),
            updated_at: Set(now),
        });
        conversation::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        let sessions: Vec<(Uuid, Uuid)> = talks.iter().map(|(_, owner)| (store.clock().new_id(), *owner)).collect();
        let rows = sessions.iter().map(|(id, account_id)| session::ActiveModel {
            id: Set(*id),
            account_id: Set(*account_id),
            kind: Set(SessionKind::Token),
            secret_hash: Set(vec![0; 32]),
            created_at: Set(now),
            expires_at: Set(now + TimeDelta::days(30)),
            revoked_at: Set(None),
        });
        session::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        seeded.sessions.extend(sessions.into_iter().map(|(id, _)| id));
        seeded.conversations.extend(talks);
    }
    transaction.commit().await?;
    Ok(seeded)
}

/// The address of an account.
pub(super) fn address(number: usize) -> String {
    format!("person{}@example.org", number % ACCOUNTS)
}

/// A document with its vectors; nine in ten are shared.
async fn document(store: &Store, seeded: &Seeded, words: &mut Words, number: usize) -> Result<()> {
    let owner_id = seeded.accounts.get(number % ACCOUNTS).copied().unwrap_or_default();
    let mut text = String::new();
    let mut chunks = Vec::with_capacity(CHUNKS_OF_A_DOCUMENT);
    for _ in 0..CHUNKS_OF_A_DOCUMENT {
        let start = text.len();
        text.push_str(&words.text(WORDS_OF_A_CHUNK));
        chunks.push(NewChunk { heading_path: words.text(4), start, end: text.len(), units: vec![0; 64] });
        text.push('\n');
    }
    let mut sha256 = [0; 32];
    sha256.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    let new = NewDocument {
        owner_id,
        visibility: if number.is_multiple_of(10) { Visibility::Private } else { Visibility::Shared },
        title: Some(words.text(5)),
        file_name: format!("{number}.txt"),
        format: "text".to_owned(),
        sha256,
        bytes: text.clone().into_bytes(),
    };
    let (Stored::Created(document) | Stored::Existing(document)) = store.add_document(new).await?;
    store.store_extracted(document.id, Extracted { title: None, text, chunks }, true).await?;
    let pending = store.pending_chunks(&[document.id], CHUNKS_OF_A_DOCUMENT as u64).await?;
    let vector = |number| StoredVector { number, scale: 0.01, codes: vec![1; 384], units: vec![0; 800] };
    let vectors = pending.iter().map(|pending| vector(pending.number)).collect();
    store.store_vectors("measured", &[document.id], vectors).await?;
    Ok(())
}

/// The questions and answers of some conversations.
async fn messages(store: &Store, words: &mut Words, conversations: &[(Uuid, Uuid)]) -> Result<()> {
    let (now, transaction) = (store.clock().now(), store.begin("measure.seed").await?);
    for (conversation_id, _) in conversations {
        let texts: Vec<String> = (0..MESSAGES / CONVERSATIONS)
            .map(|place| words.text(if place % 2 == 0 { WORDS_OF_A_QUESTION } else { WORDS_OF_AN_ANSWER }))
            .collect();
        let rows = texts.iter().enumerate().map(|(place, text)| message::ActiveModel {
            number: NotSet,
            id: Set(store.clock().new_id()),
            conversation_id: Set(*conversation_id),
            author: Set(if place % 2 == 0 { Author::User } else { Author::Assistant }),
            text: Set(text.clone()),
            detail: Set(None),
            created_at: Set(now),
        });
        let stored = message::Entity::insert_many(rows).exec_with_returning(&transaction).await?;
        let stored: Vec<(i64, &str)> = stored.iter().map(|row| (row.number, row.text.as_str())).collect();
        search::index_messages(&transaction, &stored).await?;
    }
    transaction.commit().await
}
