//! Comparing answers from the cache with answers computed right away, for the same person.
//!
//! A document that comes in between may rightly change the answer. So documents are counted when their upload begins and when they
//! are indexed, and a pair that differs while one was on its way is asked for again, at last with all uploads held back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use reqwest::Method;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard, OwnedRwLockReadGuard, RwLock, RwLockWriteGuard};

use super::asking::{Received, Shown};
use super::gateways::Content;
use super::record::Source;
use super::world::World;
use super::{Failure, Person};

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Checks {
    /// Exact hits whose answer was computed alike.
    pub equal: u64,
    /// Those that differed while a document was on its way, and not any more when they were asked for again.
    pub equal_when_quiet: u64,
    /// Exact hits whose answer was computed otherwise though no document had changed. There must be none.
    pub mismatches: Vec<Mismatch>,
    /// Answers to another wording, which the computed one equals.
    pub by_meaning_equal: u64,
    /// Answers to another wording, which the computed one does not equal; the first of them are shown.
    pub by_meaning_other: u64,
    /// Questions that were answered by way of another one, and otherwise than they would be by themselves.
    pub shown: Vec<Alike>,
    /// Answers that could not be computed again.
    pub failed: u64,
}

/// An answer that should have been another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// What was asked.
    pub question: String,
    /// Where its answer came from.
    pub source: Source,
}

/// A question that was answered by way of another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alike {
    /// What was asked.
    pub question: String,
    /// Whose answer was given.
    pub answered: String,
}

/// How often a pair is asked for again that differs while documents come in. It is quick, and they seldom come between each time.
const AGAIN: usize = 3;
/// How many of those that differ are shown.
const SHOWN: usize = 50;

impl Checks {
    /// How many answers were compared.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.equal
            + self.equal_when_quiet
            + self.mismatches.len() as u64
            + self.by_meaning_equal
            + self.by_meaning_other
    }
}

/// Uploads that have begun and ended.
#[derive(Debug, Default)]
pub(super) struct Changes {
    begun: AtomicU64,
    ended: AtomicU64,
    /// Held by those who upload together, and by one who wants nobody to.
    gate: Arc<RwLock<()>>,
    /// Held while a file is sent.
    sending: Mutex<()>,
}

/// A moment among the changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    begun: u64,
    is_quiet: bool,
}

impl Changes {
    pub(super) fn mark(&self) -> Mark {
        // What has begun is read last: an upload that slips in between is then one that is on its way.
        let ended = self.ended.load(Ordering::SeqCst);
        let begun = self.begun.load(Ordering::SeqCst);
        Mark { begun, is_quiet: begun == ended }
    }

    /// An upload begins, once nobody wants none. It ends when what is returned is dropped.
    pub(super) async fn begin(self: &Arc<Self>) -> Change {
        let gate = Arc::clone(&self.gate).read_owned().await;
        self.begun.fetch_add(1, Ordering::SeqCst);
        Change { changes: Arc::clone(self), _gate: gate }
    }

    /// Waits until nobody else sends a file: those whom the gate held back would all come at once, as nobody does.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.sending.lock().await
    }

    /// Waits until no upload is on its way; none begins while what is returned is held.
    pub(super) async fn settled(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// How many uploads are on their way.
    pub(super) fn pending(&self) -> u64 {
        let ended = self.ended.load(Ordering::SeqCst);
        self.begun.load(Ordering::SeqCst) - ended
    }

    /// Whether nothing changed since then.
    pub(super) fn is_quiet_since(&self, mark: Mark) -> bool {
        mark.is_quiet && self.begun.load(Ordering::SeqCst) == mark.begun
    }
}

/// An upload on its way.
pub(super) struct Change {
    changes: Arc<Changes>,
    _gate: OwnedRwLockReadGuard<()>,
}

impl Drop for Change {
    fn drop(&mut self) {
        self.changes.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// What a comparison showed.
enum Found {
    Equal,
    EqualWhenQuiet,
    Mismatch(Source),
    ByMeaning { equal: bool, answered: Option<String> },
}

/// Compares an answer from the cache with a computed one.
pub(super) async fn check(world: &Arc<World>, person: &Person, question: &str, received: &Received) {
    let found = compare(world, person, question, received).await;
    let mut checks = world.checks.lock().unwrap_or_else(PoisonError::into_inner);
    match found {
        Ok(Found::Equal) => checks.equal += 1,
        Ok(Found::EqualWhenQuiet) => checks.equal_when_quiet += 1,
        Ok(Found::ByMeaning { equal: true, .. }) => checks.by_meaning_equal += 1,
        Ok(Found::ByMeaning { equal: false, answered }) => {
            checks.by_meaning_other += 1;
            if let Some(answered) = answered.filter(|_| checks.shown.len() < SHOWN) {
                checks.shown.push(Alike { question: question.to_owned(), answered });
            }
        }
        Ok(Found::Mismatch(source)) => checks.mismatches.push(Mismatch { question: question.to_owned(), source }),
        Err(_) => checks.failed += 1,
    }
}

async fn compare(world: &World, person: &Person, question: &str, received: &Received) -> Result<Found, Failure> {
    let (gateway, source) = (received.gateway, received.told.source());
    let cached = read(&received.body)?;
    let computed = ask(world, person, gateway, question, "bypass").await?;
    let equal = cached == computed;
    if source == Source::Rag {
        let answered = if equal { None } else { world.answers_another(gateway, question).await };
        return Ok(Found::ByMeaning { equal, answered });
    }
    if equal {
        return Ok(Found::Equal);
    }
    if let Some(found) = by_other_words(world, gateway, question).await {
        return Ok(found);
    }
    if world.changes.is_quiet_since(received.mark) {
        return Ok(Found::Mismatch(source));
    }
    for _ in 0..AGAIN {
        if is_equal_now(world, person, gateway, question).await? {
            return Ok(Found::EqualWhenQuiet);
        }
    }
    let _nobody_uploads = world.changes.settled().await;
    if is_equal_now(world, person, gateway, question).await? {
        return Ok(Found::EqualWhenQuiet);
    }
    Ok(by_other_words(world, gateway, question).await.unwrap_or(Found::Mismatch(source)))
}

async fn is_equal_now(world: &World, person: &Person, gateway: usize, question: &str) -> Result<bool, Failure> {
    let cached = ask(world, person, gateway, question, "use").await?;
    Ok(cached == ask(world, person, gateway, question, "bypass").await?)
}

/// An answer to other words stays in the exact tiers under these ones.
async fn by_other_words(world: &World, gateway: usize, question: &str) -> Option<Found> {
    let answered = world.answers_another(gateway, question).await?;
    Some(Found::ByMeaning { equal: false, answered: Some(answered) })
}

async fn ask(world: &World, person: &Person, gateway: usize, question: &str, cache: &str) -> Result<Shown, Failure> {
    let body = json!({ "message": question, "cache": cache });
    let sent = world.load.gateways.send(gateway, Method::POST, "/api/chat", &person.token, Content::Json(&body));
    read(&sent.await?)
}

fn read(body: &[u8]) -> Result<Shown, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure("broken answer".to_owned()))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn an_upload_on_its_way_is_a_change() {
        let changes = Arc::new(Changes::default());
        let before = changes.mark();
        assert!(changes.is_quiet_since(before));
        let upload = changes.begin().await;
        let amid = changes.mark();
        assert!(!changes.is_quiet_since(before) && !changes.is_quiet_since(amid));
        assert_eq!(changes.pending(), 1);
        drop(upload);
        assert!(!changes.is_quiet_since(before) && !changes.is_quiet_since(amid));
        assert!(changes.is_quiet_since(changes.mark()));
        assert_eq!(changes.pending(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_for_quiet_has_it() {
        let changes = Arc::new(Changes::default());
        let upload = changes.begin().await;
        assert!(changes.settled().now_or_never().is_none(), "settled while an upload was on its way");
        drop(upload);
        let quiet = changes.settled().await;
        assert!(changes.begin().now_or_never().is_none(), "an upload began though nobody should");
        drop(quiet);
        drop(changes.begin().await);
    }

    #[test]
    fn all_comparisons_count() {
        let mismatch = Mismatch { question: "q".to_owned(), source: Source::L2 };
        let checks =
            Checks { equal: 3, by_meaning_other: 1, failed: 7, mismatches: vec![mismatch], ..Checks::default() };
        assert_eq!(checks.compared(), 5);
    }
}
