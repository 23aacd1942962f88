//! The second tier in Redis, for all gateways: a shelf of crate `coordination`.

use std::time::Duration;

use bytes::Bytes;
use coordination::{Coordination, Item, Shelf, Unavailable};
use uuid::Uuid;

use crate::Key;
use crate::l2::{Failed, News, Record, Stock};

/// The shelf's name, which decides the node of a cluster.
const SHELF: &str = "cache";

/// Entries in Redis.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    shelf: Shelf,
}

impl From<Unavailable> for Failed {
    fn from(_: Unavailable) -> Self {
        Self
    }
}

impl Shared {
    pub(crate) fn new(coordination: &Coordination, most_bytes: u64) -> Self {
        Self { shelf: coordination.shelf(SHELF, most_bytes) }
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Bytes>, Failed> {
        Ok(self.shelf.get(&key.to_string()).await?)
    }

    /// Whether a value is there, by the client alone: what a hit is measured against.
    pub(crate) async fn bare(&self, name: &str) -> bool {
        self.shelf.get_bare(name).await.is_ok_and(|value| value.is_some())
    }

    pub(crate) async fn put(&self, record: Record) -> Result<Stock, Failed> {
        let Record { key, value, news, sources, expires_ms, now_ms } = record;
        let item = Item {
            key: &key.to_string(),
            value,
            announcement: news.map(Bytes::from).unwrap_or_default(),
            labels: sources.iter().map(Uuid::to_string).collect(),
            ttl: Duration::from_millis(expires_ms.saturating_sub(now_ms)),
        };
        Ok(self.shelf.put(item).await?.into())
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<bool, Failed> {
        Ok(self.shelf.remove(&[key.to_string()]).await? > 0)
    }

    pub(crate) async fn forget(&self, sources: &[Uuid]) -> Result<Vec<Key>, Failed> {
        let labels: Vec<String> = sources.iter().map(Uuid::to_string).collect();
        Ok(self.shelf.forget(&labels).await?.iter().filter_map(|key| key.parse().ok()).collect())
    }

    pub(crate) async fn clear(&self) -> Result<u64, Failed> {
        Ok(self.shelf.clear().await?)
    }

    pub(crate) async fn tidy(&self) -> Result<Stock, Failed> {
        Ok(self.shelf.tidy().await?.into())
    }

    pub(crate) async fn news(&self, after: &str) -> Result<News, Failed> {
        let announced = self.shelf.announced(after).await?;
        let position = announced.last().map_or(after, |(position, _)| position).to_owned();
        Ok(News { position, questions: announced.into_iter().map(|(_, question)| question).collect() })
    }

    /// Takes the right to compute a value, as far as other gateways go; false when somebody else has it.
    pub(crate) async fn lease(&self, key: &Key, holder: &Uuid, ttl: Duration) -> Result<bool, Failed> {
        Ok(self.shelf.lease(&key.to_string(), &holder.to_string(), ttl).await?)
    }

    pub(crate) async fn release(&self, key: &Key, holder: &Uuid) -> Result<(), Failed> {
        Ok(self.shelf.release(&key.to_string(), &holder.to_string()).await?)
    }
}

impl From<coordination::Stock> for Stock {
    fn from(stock: coordination::Stock) -> Self {
        let coordination::Stock { bytes, items, evicted, expired } = stock;
        Self { bytes, entries: items, evicted, expired }
    }
}
