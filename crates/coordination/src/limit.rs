//! Limits on how often something may happen, across all processes.

use std::num::NonZeroU32;
use std::time::Duration;

use fred::interfaces::LuaInterface as _;

use crate::link::{Link, Unavailable};
use crate::{Coordination, keys};

/// Counts an event in one step, by the clock of Redis: processes need not agree on the time, and none can come in between.
const SCRIPT: &str = include_str!("limit.lua");

const MINUTE_US: u64 = 60_000_000;

/// How often something may happen for one key: `burst` times at once, and in the long run `per_minute` times a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// What is limited; part of the entries' names in Redis.
    pub name: &'static str,
    /// Events a minute in the long run.
    pub per_minute: NonZeroU32,
    /// Events at once after a time without any.
    pub burst: NonZeroU32,
}

/// Whether something may happen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may, and was counted.
    Allowed,
    /// It may not, and was not counted.
    Refused {
        /// When one more is allowed, if none comes before.
        retry_after: Duration,
    },
}

impl Limit {
    /// A whole minute's events may come at once. Zero is taken for one.
    #[must_use]
    pub fn per_minute(name: &'static str, events: u32) -> Self {
        let events = NonZeroU32::new(events).unwrap_or(NonZeroU32::MIN);
        Self { name, per_minute: events, burst: events }
    }

    /// The time that earns one event, in microseconds.
    fn interval_us(&self) -> u64 {
        (MINUTE_US / u64::from(self.per_minute.get())).max(1)
    }
}

impl Coordination {
    /// Counts an event for a key, or refuses it. The key may be anything, and is not said to Redis but by its hash.
    ///
    /// Without Redis the limit holds for this process alone. When Redis goes or comes back, counting begins anew.
    pub async fn allow(&self, limit: &Limit, key: &str) -> Decision {
        if let Some(link) = self.link()
            && let Ok(decision) = self.allow_by_redis(link, limit, key).await
        {
            return decision;
        }
        self.local().allow(limit, key)
    }

    async fn allow_by_redis(&self, link: &Link, limit: &Limit, key: &str) -> Result<Decision, Unavailable> {
        let name = keys::name(self.prefix(), &format!("limit:{}", limit.name), key);
        let arguments = vec![limit.interval_us().to_string(), limit.burst.to_string()];
        let redis = link.redis();
        let wait_us: u64 = link.run(Box::pin(redis.eval(SCRIPT, name, arguments))).await?;
        if wait_us == 0 {
            return Ok(Decision::Allowed);
        }
        Ok(Decision::Refused { retry_after: Duration::from_micros(wait_us) })
    }
}
