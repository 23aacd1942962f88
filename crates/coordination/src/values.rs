//! Values that one process computed for all.

use std::time::Duration;

use bytes::Bytes;
use fred::interfaces::KeysInterface as _;
use fred::types::Expiration;
use futures::future::try_join_all;

use crate::{Coordination, Unavailable, keys};

impl Coordination {
    /// The value of a key, if there is one. The key may be anything, and is not said to Redis but by its hash.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Unavailable> {
        let link = self.link().ok_or(Unavailable)?;
        let redis = link.redis();
        link.run(Box::pin(redis.get(self.value_name(key)))).await
    }

    /// Keeps a value for a time.
    pub async fn set(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), Unavailable> {
        let link = self.link().ok_or(Unavailable)?;
        let redis = link.redis();
        let expiration = Some(Expiration::PX(keys::lifetime_ms(ttl)));
        link.run(Box::pin(redis.set(self.value_name(key), value, expiration, None, false))).await
    }

    /// Forgets values.
    pub async fn delete(&self, keys: &[impl AsRef<str> + Sync]) -> Result<(), Unavailable> {
        let link = self.link().ok_or(Unavailable)?;
        let redis = link.redis();
        // One operation for each key, since the keys may live on different nodes of a cluster. The client sends them together.
        let deleted = keys.iter().map(|key| redis.unlink::<u64, _>(self.value_name(key.as_ref())));
        link.run(try_join_all(deleted)).await.map(|_| ())
    }

    fn value_name(&self, key: &str) -> String {
        keys::name(self.prefix(), "value", key)
    }
}
