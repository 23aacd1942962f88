//! Marks of fresh writes: up to which position of the database's log a reader must see it.

use std::time::Duration;

use fred::interfaces::{KeysInterface as _, LuaInterface as _};
use futures::future::try_join_all;

use crate::{Coordination, Unavailable, keys};

const SCRIPT: &str = include_str!("mark.lua");

impl Coordination {
    /// Tells all processes that readers of these keys must see at least this position, for the time `ttl`. A greater
    /// position that is known already stays.
    ///
    /// The keys may be anything, and are not said to Redis but by their hashes.
    pub async fn mark(&self, keys: &[impl AsRef<str> + Sync], position: u64, ttl: Duration) -> Result<(), Unavailable> {
        let link = self.link().ok_or(Unavailable)?;
        let redis = link.redis();
        let arguments = vec![format!("{position:020}"), keys::lifetime_ms(ttl).to_string()];
        // One operation for each key, since the keys may live on different nodes of a cluster. The client sends them together.
        let marked = keys.iter().map(|key| redis.eval::<(), _, _, _>(SCRIPT, self.mark_name(key), arguments.clone()));
        link.run(try_join_all(marked)).await.map(|_| ())
    }

    /// The greatest position that was told for any of these keys; `None` when none was, or all is long ago.
    ///
    /// Without an answer of Redis nobody knows what a reader must see: the primary knows it all.
    pub async fn marks(&self, keys: &[impl AsRef<str> + Sync]) -> Result<Option<u64>, Unavailable> {
        let link = self.link().ok_or(Unavailable)?;
        let redis = link.redis();
        let read = keys.iter().map(|key| redis.get::<Option<u64>, _>(self.mark_name(key)));
        let positions = link.run(try_join_all(read)).await?;
        Ok(positions.into_iter().flatten().max())
    }

    fn mark_name(&self, key: &impl AsRef<str>) -> String {
        keys::name(self.prefix(), "mark", key.as_ref())
    }
}
