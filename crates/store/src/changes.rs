//! The numbered log of what happened to documents.
//!
//! Every transaction that changes what a search could find ends by taking the next number, so that the numbers have no gaps
//! and their order is that of the commits. Each request learns the present number together with its session
//! ([`Store::live_session`](crate::Store::live_session)); whoever keeps something that was made from documents, an index or
//! a cached answer, compares it with the number that it was made at and reads what has happened since.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, TryGetable, Value};
use uuid::Uuid;

use crate::database::{Transaction, scalar};
use crate::search::{Sizes, statement};
use crate::{Error, Result, Store};

/// Changes that are kept. Whoever is further behind begins anew.
const KEPT: i64 = 5_000;

/// Where documents stand for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The number of the last change that was committed.
    pub change: u64,
    /// Whether the person has documents that nobody else reads.
    pub has_private: bool,
}

/// Something that happened to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number: one more than that of the change before.
    pub number: u64,
    /// To which document; nil when to all of them.
    pub document_id: Uuid,
    /// Who alone could read it, before and after; `None` for everybody.
    pub private_to: Option<Uuid>,
    /// What.
    pub what: What,
    /// The sizes of all shared documents together, after it.
    pub shared: Sizes,
}

/// What happened to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Its text, its title or its readers: it is new, other, or gone. With the hashes ([`term_hash`]) of all words that it
    /// had before or has now, in order.
    Words(Vec<u32>),
    /// All of its chunks have vectors now.
    Vectors,
    /// Nothing that was made before may be used: all vectors are gone, since they were of another model, or somebody said so.
    Everything,
}

impl What {
    const fn kind(&self) -> i32 {
        match self {
            Self::Words(_) => 0,
            Self::Vectors => 1,
            Self::Everything => 2,
        }
    }
}

/// The hash under which changes know a word (normalised by [`terms`](crate::search::terms)): FNV-1a, 32 bits. Two words
/// that share one only make a change look as if it mattered.
#[must_use]
pub fn term_hash(term: &str) -> u32 {
    term.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

impl Store {
    /// Where documents stand for a person.
    pub async fn standing(&self, account_id: Uuid) -> Result<Standing> {
        let sql = format!("SELECT {CHANGE}, {}", has_private("$1"));
        let connection = &self.read("changes.standing");
        let row = connection.query_one_raw(statement(connection, &sql, [account_id.into()])).await?;
        let row = row.ok_or(Error::NotFound("change counter"))?;
        Ok(Standing::at(&row, 0)?)
    }

    /// The number of the last change that was committed.
    pub async fn present_change(&self) -> Result<u64> {
        let number: i64 = scalar(&self.read("changes.present_change"), "SELECT number FROM change_counter").await?;
        Ok(u64::try_from(number).unwrap_or_default())
    }

    /// The name of this library of documents, which no other database shares, not even one that its backup was restored into.
    pub async fn library_id(&self) -> Result<Uuid> {
        Ok(scalar(&self.read("changes.library_id"), "SELECT library FROM change_counter").await?)
    }

    /// Says that what was made from these documents is not to be used any more, as if they had changed.
    pub async fn distrust(&self, document_ids: &[Uuid]) -> Result<()> {
        for id in document_ids {
            let transaction = self.begin("changes.distrust").await?;
            record_change(&transaction, *id, None, What::Words(Vec::new())).await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Says that nothing that was made from documents is to be used any more.
    pub async fn distrust_everything(&self) -> Result<()> {
        let transaction = self.begin("changes.distrust_everything").await?;
        record_change(&transaction, Uuid::nil(), None, What::Everything).await?;
        transaction.commit().await
    }

    /// The changes after a number, in order, at most `limit`. Those that are no longer kept are missing at the front, so that
    /// the first one's number is not the next.
    pub async fn changes_after(&self, number: u64, limit: u64) -> Result<Vec<Change>> {
        let sql = "SELECT number, document_id, private_to, kind, terms, documents, document_terms, chunks FROM change
            WHERE number > $1 ORDER BY number LIMIT $2";
        let bound = |value: u64| Value::from(i64::try_from(value).unwrap_or(i64::MAX));
        let connection = &self.read("changes.changes_after");
        let rows = connection.query_all_raw(statement(connection, sql, [bound(number), bound(limit)])).await?;
        rows.iter().map(change).collect()
    }
}

/// Takes the next number for what a transaction has done. It must be its last statement but for the commit: until then, all
/// others that change documents wait.
pub(crate) async fn record_change(
    transaction: &Transaction,
    document_id: Uuid,
    private_to: Option<Uuid>,
    what: What,
) -> Result<()> {
    let next = "UPDATE change_counter SET number = number + 1 RETURNING number";
    let row = transaction.query_one_raw(statement(transaction, next, [])).await?;
    let number: i64 = row.ok_or(Error::NotFound("change counter"))?.try_get_by_index(0)?;
    let kind = what.kind();
    let terms: Vec<u8> = match what {
        What::Words(terms) => terms.into_iter().flat_map(u32::to_le_bytes).collect(),
        What::Vectors | What::Everything => Vec::new(),
    };
    let insert = "INSERT INTO change (number, document_id, private_to, kind, terms, documents, document_terms, chunks)
        SELECT $1, $2, $3, $4, $5, CAST(sum(documents) AS bigint), CAST(sum(document_terms) AS bigint),
            CAST(sum(chunks) AS bigint) FROM keyword_statistics";
    let values: [Value; 5] = [number.into(), document_id.into(), private_to.into(), kind.into(), terms.into()];
    transaction.execute_raw(statement(transaction, insert, values)).await?;
    let forget = "DELETE FROM change WHERE number <= $1";
    transaction.execute_raw(statement(transaction, forget, [(number - KEPT).into()])).await?;
    Ok(())
}

/// The hashes of the words that the index has of a document.
pub(crate) async fn term_hashes<C: ConnectionTrait>(connection: &C, document_id: Uuid) -> Result<HashSet<u32>> {
    let select = "SELECT term FROM document_posting WHERE number =
        (SELECT number FROM document_keywords WHERE document_id = $1)";
    let rows = connection.query_all_raw(statement(connection, select, [document_id.into()])).await?;
    let hashes = rows.iter().map(|row| Ok(term_hash(&row.try_get_by_index::<String>(0)?)));
    Ok(hashes.collect::<Result<_, DbErr>>()?)
}

/// The words of a document before and after a change.
pub(crate) fn words(before: HashSet<u32>, after: HashSet<u32>) -> What {
    let mut words: Vec<u32> = before.into_iter().chain(after).collect();
    words.sort_unstable();
    words.dedup();
    What::Words(words)
}

/// The present number, as an expression.
pub(crate) const CHANGE: &str = "(SELECT number FROM change_counter)";

/// Whether the account that an expression names has private documents, as an expression.
pub(crate) fn has_private(account: &str) -> String {
    format!("EXISTS (SELECT 1 FROM document WHERE owner_id = {account} AND scope <> 'shared')")
}

impl Standing {
    /// Reads the two expressions from a row, the first of them at this place.
    pub(crate) fn at(row: &QueryResult, place: usize) -> Result<Self, DbErr> {
        let change: i64 = row.try_get_by_index(place)?;
        let has_private: bool = row.try_get_by_index(place + 1)?;
        Ok(Self { change: u64::try_from(change).unwrap_or_default(), has_private })
    }
}

fn change(row: &QueryResult) -> Result<Change> {
    fn of<T: TryGetable>(row: &QueryResult, place: usize) -> Result<T, DbErr> {
        row.try_get_by_index(place)
    }
    let count = |place| Ok::<_, DbErr>(u64::try_from(of::<i64>(row, place)?).unwrap_or_default());
    let terms: Vec<u8> = of(row, 4)?;
    let what = match of::<i32>(row, 3)? {
        0 => What::Words(terms.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()),
        1 => What::Vectors,
        2 => What::Everything,
        _ => return Err(Error::Corrupt { what: "kind of a change" }),
    };
    Ok(Change {
        number: count(0)?,
        document_id: of(row, 1)?,
        private_to: of(row, 2)?,
        what,
        shared: Sizes { documents: count(5)?, terms: count(6)?, chunks: count(7)? },
    })
}
