//! A shelf: values that one process computed for all, so many bytes of them at most; with labels by which they are taken
//! away, and announcements by which the others learn of them.
//!
//! Reading is one `GET`. What changes the shelf is a script, so that its books are right at every moment. All of its keys have
//! the same hash tag: a cluster keeps a shelf on one node.

use std::time::Duration;

use bytes::Bytes;
use fred::interfaces::{KeysInterface as _, LuaInterface as _};
use fred::types::{Expiration, FromValue, SetOptions, Value};

use crate::{Coordination, Unavailable, keys};

const PUT: &str = concat!(include_str!("shelf.lua"), include_str!("shelf_put.lua"));
const REMOVE: &str = concat!(include_str!("shelf.lua"), include_str!("shelf_remove.lua"));
const FORGET: &str = concat!(include_str!("shelf.lua"), include_str!("shelf_forget.lua"));
const TIDY: &str = concat!(include_str!("shelf.lua"), include_str!("shelf_tidy.lua"));
const CLEAR: &str = concat!(include_str!("shelf.lua"), include_str!("shelf_clear.lua"));
const ANNOUNCED: &str = "return redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])";
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// What an item takes in Redis beside its bytes: its name in five places. A label is two more.
const ITEM_BYTES: usize = 768;
const LABEL_BYTES: usize = 192;
/// Items that a script removes at most, so that Redis does not keep others waiting.
const AT_ONCE: usize = 256;
/// Announcements that are read in one operation.
const READ_AT_ONCE: usize = 256;

/// A shelf. Keys and labels are said to Redis as they are: they must be made of letters, digits, `-`, `_` or `:`, and tell
/// nothing.
#[derive(Clone, Debug)]
pub struct Shelf {
    coordination: Coordination,
    name: String,
    most_bytes: u64,
}

/// What is put on a shelf.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// Its name.
    pub key: &'a str,
    /// What it is.
    pub value: Bytes,
    /// What others are told about it; empty when they are not.
    pub announcement: Bytes,
    /// By what it can be taken away.
    pub labels: Vec<String>,
    /// How long it stays.
    pub ttl: Duration,
}

/// Announcements as Redis lists them: each is its id and a list of one field.
type Announced = Vec<(String, (String, Bytes))>;

/// What stands on a shelf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// In bytes, an estimate of the books included. Never more than the shelf may hold.
    pub bytes: u64,
    /// How many.
    pub items: u64,
    /// Items that just went for want of room.
    pub evicted: u64,
    /// Items that just went because their time was over.
    pub expired: u64,
}

impl Coordination {
    /// A shelf of this name, which holds so many bytes at most. All processes should agree on the number.
    #[must_use]
    pub fn shelf(&self, name: &str, most_bytes: u64) -> Shelf {
        Shelf { coordination: self.clone(), name: format!("{}{{{name}}}", self.prefix()), most_bytes }
    }
}

impl Shelf {
    /// The value of a key.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Unavailable> {
        let link = self.coordination.link().ok_or(Unavailable)?;
        let redis = link.redis();
        link.run(Box::pin(redis.get(self.value_name(key)))).await
    }

    /// The same by the client alone, without limits and counters: what [`Shelf::get`] is measured against.
    pub async fn get_bare(&self, key: &str) -> Result<Option<Bytes>, Unavailable> {
        let redis = self.coordination.link().ok_or(Unavailable)?.redis();
        Box::pin(redis.get(self.value_name(key))).await.map_err(|_| Unavailable)
    }

    /// Puts an item on the shelf. One that is larger than the shelf is not kept.
    pub async fn put(&self, item: Item<'_>) -> Result<Stock, Unavailable> {
        let labels = item.labels.iter().map(String::len).sum::<usize>() + LABEL_BYTES * item.labels.len();
        let bytes = ITEM_BYTES + item.key.len() + item.value.len() + item.announcement.len() + labels;
        let mut arguments: Vec<Value> = vec![
            item.key.into(),
            Value::Bytes(item.value),
            Value::Bytes(item.announcement),
            keys::lifetime_ms(item.ttl).into(),
            bytes.to_string().into(),
            self.most_bytes.to_string().into(),
        ];
        arguments.extend(item.labels.into_iter().map(Value::from));
        let (bytes, items, evicted, expired) = self.script(PUT, arguments).await?;
        Ok(Stock { bytes, items, evicted, expired })
    }

    /// Removes items; how many there were.
    pub async fn remove(&self, keys: &[impl AsRef<str> + Sync]) -> Result<u64, Unavailable> {
        let mut removed = 0;
        for keys in keys.chunks(AT_ONCE) {
            let arguments = keys.iter().map(|key| Value::from(key.as_ref())).collect();
            removed += self.script::<u64>(REMOVE, arguments).await?;
        }
        Ok(removed)
    }

    /// Removes every item that has one of these labels; their keys.
    pub async fn forget(&self, labels: &[impl AsRef<str> + Sync]) -> Result<Vec<String>, Unavailable> {
        let mut all = Vec::new();
        for labels in labels.chunks(AT_ONCE) {
            loop {
                let mut arguments = vec![Value::from(AT_ONCE.to_string())];
                arguments.extend(labels.iter().map(|label| Value::from(label.as_ref())));
                let keys: Vec<String> = self.script(FORGET, arguments).await?;
                let done = keys.len() < AT_ONCE;
                all.extend(keys);
                if done {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// Removes some of what has expired, and says what is there.
    pub async fn tidy(&self) -> Result<Stock, Unavailable> {
        let (bytes, items, expired) = self.script(TIDY, vec![AT_ONCE.to_string().into()]).await?;
        Ok(Stock { bytes, items, evicted: 0, expired })
    }

    /// Removes everything; how many values there were.
    pub async fn clear(&self) -> Result<u64, Unavailable> {
        let mut removed = 0;
        loop {
            let (values, items): (u64, usize) = self.script(CLEAR, vec![AT_ONCE.to_string().into()]).await?;
            removed += values;
            if items < AT_ONCE {
                return Ok(removed);
            }
        }
    }

    /// The next announcements after a position, each with its own; the first ones are after "". Those of items that are not
    /// there any more are left out. Without any, all were read.
    pub async fn announced(&self, after: &str) -> Result<Vec<(String, Bytes)>, Unavailable> {
        let link = self.coordination.link().ok_or(Unavailable)?;
        let redis = link.redis();
        let from = if after.is_empty() { "-".to_owned() } else { format!("({after}") };
        let name = format!("{}:announcements", self.name);
        let arguments = vec![from, READ_AT_ONCE.to_string()];
        let read: Announced = link.run(Box::pin(redis.eval(ANNOUNCED, name, arguments))).await?;
        Ok(read.into_iter().map(|(id, (_, announcement))| (id, announcement)).collect())
    }

    /// Takes the lease of a key, if nobody has it, until it is released or the time is over.
    pub async fn lease(&self, key: &str, holder: &str, ttl: Duration) -> Result<bool, Unavailable> {
        let link = self.coordination.link().ok_or(Unavailable)?;
        let redis = link.redis();
        let expiration = Some(Expiration::PX(keys::lifetime_ms(ttl)));
        let set = redis.set(self.lease_name(key), holder, expiration, Some(SetOptions::NX), false);
        let taken: Option<String> = link.run(Box::pin(set)).await?;
        Ok(taken.is_some())
    }

    /// Gives a lease back, if this holder still has it.
    pub async fn release(&self, key: &str, holder: &str) -> Result<(), Unavailable> {
        let link = self.coordination.link().ok_or(Unavailable)?;
        let redis = link.redis();
        let arguments = vec![holder.to_owned()];
        link.run(Box::pin(redis.eval::<(), _, _, _>(RELEASE, self.lease_name(key), arguments))).await
    }

    async fn script<T: FromValue>(&self, script: &'static str, arguments: Vec<Value>) -> Result<T, Unavailable> {
        let link = self.coordination.link().ok_or(Unavailable)?;
        let redis = link.redis();
        link.run(Box::pin(redis.eval(script, self.name.clone(), arguments))).await
    }

    fn value_name(&self, key: &str) -> String {
        format!("{}:value:{key}", self.name)
    }

    fn lease_name(&self, key: &str) -> String {
        format!("{}:lease:{key}", self.name)
    }
}
