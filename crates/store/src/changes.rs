//! The numbered log of what happened to documents.
//!
//! Every transaction that changes what a search could find ends by taking the next number, so that the numbers have no gaps
//! and their order is that of the commits. Each request learns the present number together with its session
//! ([`Store::live_session`](crate::Store::live_session)); whoever keeps something that was made from documents, an index or
//! a cached answer, compares it with the number that it was made at and reads what has happened since.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait as _, DbErr, QueryResult, TryGetable, Value};
use uuid::Uuid;

use crate::database::{Transaction, scalar};
use crate::search::{Indexed, Sizes, count_terms, sizes_between, statement};
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
    /// Whom it concerns: the one who alone can find the document; `None` for everybody.
    pub private_to: Option<Uuid>,
    /// What.
    pub what: What,
    /// The sizes of all shared documents together, after it.
    pub shared: Sizes,
}

/// What happened to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Its text, its title or its readers: it is new, other, or gone.
    Words(Reworded),
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

/// What words a document has after a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reworded {
    /// How many it has, each time that one occurs.
    pub length: u32,
    /// Those that it had before or has now, by their hashes, each once. Of a document that one person finds alone none are kept.
    words: Vec<Word>,
}

/// A word of a document that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its [`term_hash`].
    pub hash: u32,
    /// Whether so many more documents or chunks have it now, or so many fewer, that it counts as rarer or as more common.
    pub is_other: bool,
    /// How often it occurs in the title now.
    pub title: u32,
    /// How often it occurs in the headings and the text now.
    pub body: u32,
}

impl Reworded {
    /// Words in any order; those that share a hash are taken together.
    #[must_use]
    pub fn new(length: u32, words: impl IntoIterator<Item = Word>) -> Self {
        let mut by_hash: BTreeMap<u32, Word> = BTreeMap::new();
        for word in words {
            let known = by_hash.entry(word.hash).or_insert(Word { is_other: false, title: 0, body: 0, ..word });
            known.is_other |= word.is_other;
            known.title = known.title.saturating_add(word.title);
            known.body = known.body.saturating_add(word.body);
        }
        Self { length, words: by_hash.into_values().collect() }
    }

    /// What happened to the word with this hash; `None` when the document never had it.
    #[must_use]
    pub fn word(&self, hash: u32) -> Option<&Word> {
        let place = self.words.binary_search_by_key(&hash, |word| word.hash).ok()?;
        self.words.get(place)
    }

    /// What it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    fn encoded(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.encoded()).collect()
    }

    fn decoded(length: u32, bytes: &[u8]) -> Self {
        Self { length, words: bytes.as_chunks().0.iter().map(Word::decoded).collect() }
    }
}

impl Word {
    /// Bytes of one that is written down.
    const BYTES: usize = 9;

    fn encoded(self) -> [u8; Self::BYTES] {
        // Nobody can tell more occurrences apart: the score grows no more.
        let most = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        let (hash, title, body) =
            (self.hash.to_le_bytes(), most(self.title).to_le_bytes(), most(self.body).to_le_bytes());
        [hash[0], hash[1], hash[2], hash[3], title[0], title[1], body[0], body[1], u8::from(self.is_other)]
    }

    fn decoded([a, b, c, d, title_low, title_high, body_low, body_high, is_other]: &[u8; Self::BYTES]) -> Self {
        let count = |low, high| match u16::from_le_bytes([low, high]) {
            u16::MAX => u32::MAX,
            count => count.into(),
        };
        Self {
            hash: u32::from_le_bytes([*a, *b, *c, *d]),
            is_other: *is_other != 0,
            title: count(*title_low, *title_high),
            body: count(*body_low, *body_high),
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
            record_change(&transaction, *id, None, What::Words(Reworded::default())).await?;
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
        let sql =
            "SELECT number, document_id, private_to, kind, terms, length, documents, document_terms, chunks FROM change
            WHERE number > $1 ORDER BY number LIMIT $2";
        let bound = |value: u64| Value::from(i64::try_from(value).unwrap_or(i64::MAX));
        let connection = &self.read("changes.changes_after");
        let rows = connection.query_all_raw(statement(connection, sql, [bound(number), bound(limit)])).await?;
        rows.iter().map(change).collect()
    }
}

/// Takes the next number for what a transaction has done that changed no words. It must be its last statement but for the
/// commit: until then, all others that change documents wait.
pub(crate) async fn record_change(
    transaction: &Transaction,
    document_id: Uuid,
    private_to: Option<Uuid>,
    what: What,
) -> Result<()> {
    record(transaction, document_id, private_to, what, [0; 3]).await
}

/// The same for a document that the index has other words of, or for other readers: once for everybody, if everybody found it
/// before or finds it now, and once for each person who alone did or does.
pub(crate) async fn record_rewording(
    transaction: &Transaction,
    document_id: Uuid,
    before: &Indexed,
    after: &Indexed,
) -> Result<()> {
    if before.is_shared() || after.is_shared() {
        let counted = count_terms(transaction, before, after).await?;
        let words = counted.into_iter().map(|counted| {
            let now = after.is_shared().then(|| after.terms.get(&counted.term)).flatten().copied().unwrap_or_default();
            let (hash, is_other) = (term_hash(&counted.term), counted.is_other);
            Word { hash, is_other, title: now.title, body: now.body }
        });
        let what = What::Words(Reworded::new(after.length, words));
        record(transaction, document_id, None, what, sizes_between(before, after)).await?;
    }
    let mut owners: Vec<Uuid> = [before.private_to, after.private_to].into_iter().flatten().collect();
    owners.dedup();
    for owner in owners {
        record(transaction, document_id, Some(owner), What::Words(Reworded::default()), [0; 3]).await?;
    }
    Ok(())
}

async fn record(
    transaction: &Transaction,
    document_id: Uuid,
    private_to: Option<Uuid>,
    what: What,
    [documents, terms, chunks]: [i64; 3],
) -> Result<()> {
    let next = "UPDATE change_counter SET number = number + 1, documents = documents + $1,
        document_terms = document_terms + $2, chunks = chunks + $3 RETURNING number";
    let values: [Value; 3] = [documents.into(), terms.into(), chunks.into()];
    let row = transaction.query_one_raw(statement(transaction, next, values)).await?;
    let number: i64 = row.ok_or(Error::NotFound("change counter"))?.try_get_by_index(0)?;
    let kind = what.kind();
    let (terms, length) = match what {
        What::Words(words) => (words.encoded(), i32::try_from(words.length).unwrap_or(i32::MAX)),
        What::Vectors | What::Everything => (Vec::new(), 0),
    };
    let insert =
        "INSERT INTO change (number, document_id, private_to, kind, terms, length, documents, document_terms, chunks)
        SELECT number, $1, $2, $3, $4, $5, documents, document_terms, chunks FROM change_counter";
    let values: [Value; 5] = [document_id.into(), private_to.into(), kind.into(), terms.into(), length.into()];
    transaction.execute_raw(statement(transaction, insert, values)).await?;
    let forget = "DELETE FROM change WHERE number <= $1";
    transaction.execute_raw(statement(transaction, forget, [(number - KEPT).into()])).await?;
    Ok(())
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
        0 => What::Words(Reworded::decoded(u32::try_from(of::<i32>(row, 5)?).unwrap_or_default(), &terms)),
        1 => What::Vectors,
        2 => What::Everything,
        _ => return Err(Error::Corrupt { what: "kind of a change" }),
    };
    Ok(Change {
        number: count(0)?,
        document_id: of(row, 1)?,
        private_to: of(row, 2)?,
        what,
        shared: Sizes { documents: count(6)?, terms: count(7)?, chunks: count(8)? },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_were_written() {
        let word = |hash, is_other, title, body| Word { hash, is_other, title, body };
        let words = [word(7, true, 2, 300), word(u32::MAX, false, 0, 70_000), word(7, false, 1, 5)];
        let reworded = Reworded::new(12, words);
        let read = Reworded::decoded(12, &reworded.encoded());
        assert_eq!(read.word(7), Some(&word(7, true, 3, 305)));
        assert_eq!(read.word(u32::MAX), Some(&word(u32::MAX, false, 0, u32::MAX)), "more than can be told apart");
        assert_eq!(read.word(8), None);
    }
}
