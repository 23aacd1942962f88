//! The second tier, wherever it is.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use uuid::Uuid;

use crate::disk::Disk;
use crate::figures::{Cause, TierCounters};
use crate::shared::Shared;
use crate::tiers::Backing;
use crate::{Key, Settings};

/// The disk or Redis did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

/// What is put into it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) key: Key,
    pub(crate) value: Bytes,
    /// What is told to other gateways and after the next start.
    pub(crate) news: Option<Vec<u8>>,
    pub(crate) sources: Vec<Uuid>,
    pub(crate) expires_ms: u64,
    pub(crate) now_ms: u64,
}

/// What is there, and what just went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stock {
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
    pub(crate) evicted: u64,
    pub(crate) expired: u64,
}

/// Questions that somebody answered, and where to go on reading.
#[derive(Clone, Debug, Default)]
pub(crate) struct News {
    pub(crate) position: String,
    /// None when all were read.
    pub(crate) questions: Vec<Bytes>,
}

/// The second tier. What fails is counted here.
#[derive(Debug)]
pub(crate) struct L2 {
    place: Place,
    bytes: AtomicU64,
    entries: AtomicU64,
}

#[derive(Debug)]
pub(crate) enum Place {
    Disk(Disk),
    Shared(Shared),
    Nowhere,
}

impl L2 {
    pub(crate) async fn open(backing: Backing, settings: &Settings) -> Self {
        let place = match backing {
            Backing::Disk(directory) => Place::Disk(Disk::open(directory, settings.l2_bytes).await),
            Backing::Shared(coordination) => Place::Shared(Shared::new(&coordination, settings.l2_bytes)),
            Backing::None => Place::Nowhere,
        };
        Self { place, bytes: AtomicU64::new(0), entries: AtomicU64::new(0) }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn is_there(&self) -> bool {
        !matches!(self.place, Place::Nowhere)
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Bytes>, Failed> {
        match &self.place {
            Place::Disk(disk) => Ok(disk.get(key).await?.map(Bytes::from)),
            Place::Shared(shared) => shared.get(key).await,
            Place::Nowhere => Ok(None),
        }
    }

    pub(crate) async fn put(&self, record: Record, counters: &TierCounters) {
        let stock = match &self.place {
            Place::Disk(disk) => disk.put(record).await,
            Place::Shared(shared) => shared.put(record).await,
            Place::Nowhere => return,
        };
        self.note(stock, counters);
    }

    /// Removes an entry; whether it was there.
    pub(crate) async fn remove(&self, key: &Key, counters: &TierCounters) -> bool {
        let removed = match &self.place {
            Place::Disk(disk) => disk.remove(key).await,
            Place::Shared(shared) => shared.remove(key).await,
            Place::Nowhere => Ok(false),
        };
        counted(removed, counters).unwrap_or(false)
    }

    /// Removes what shows or rests on one of these; the keys.
    pub(crate) async fn forget(&self, sources: &[Uuid], counters: &TierCounters) -> Vec<Key> {
        let forgotten = match &self.place {
            Place::Disk(disk) => disk.forget(sources).await,
            Place::Shared(shared) => shared.forget(sources).await,
            Place::Nowhere => Ok(Vec::new()),
        };
        counted(forgotten, counters).unwrap_or_default()
    }

    /// Removes everything; how much that was.
    pub(crate) async fn clear(&self, counters: &TierCounters) -> Result<u64, Failed> {
        let cleared = match &self.place {
            Place::Disk(disk) => disk.clear().await,
            Place::Shared(shared) => shared.clear().await,
            Place::Nowhere => Ok(0),
        };
        counted(cleared, counters)
    }

    /// Removes some of what expired, mends what is damaged, and learns how much is there.
    pub(crate) async fn tidy(&self, now_ms: u64, counters: &TierCounters) {
        let stock = match &self.place {
            Place::Disk(disk) => {
                disk.mend().await;
                disk.tidy(now_ms).await
            }
            Place::Shared(shared) => shared.tidy().await,
            Place::Nowhere => return,
        };
        self.note(stock, counters);
    }

    /// The next questions after a position.
    pub(crate) async fn news(&self, after: &str, counters: &TierCounters) -> Result<News, Failed> {
        let news = match &self.place {
            Place::Disk(disk) => disk.news(after).await,
            Place::Shared(shared) => shared.news(after).await,
            Place::Nowhere => Ok(News::default()),
        };
        counted(news, counters)
    }

    /// Bytes and entries, as last heard.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.bytes.load(Ordering::Relaxed), self.entries.load(Ordering::Relaxed))
    }

    fn note(&self, stock: Result<Stock, Failed>, counters: &TierCounters) {
        let Ok(stock) = counted(stock, counters) else { return };
        self.bytes.store(stock.bytes, Ordering::Relaxed);
        self.entries.store(stock.entries, Ordering::Relaxed);
        counters.removed(Cause::Size, stock.evicted);
        counters.removed(Cause::Expired, stock.expired);
    }
}

fn counted<T>(result: Result<T, Failed>, counters: &TierCounters) -> Result<T, Failed> {
    result.inspect_err(|_| counters.failed())
}
