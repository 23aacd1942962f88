//! Computing once what many ask for at the same time.
//!
//! In a process, whoever comes first leads and the others wait. The leaders of several gateways agree by a lease in Redis: one
//! takes it, the others look every few milliseconds whether the value is there.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use crate::Key;
use crate::figures::Counters;
use crate::shared::Shared;

/// Between two looks for what another gateway computes.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Who computes.
#[derive(Debug)]
#[must_use]
pub enum Flight<V> {
    /// The asker does. The others wait for what it hands to [`Leader::finish`].
    Leader(Leader<V>),
    /// Somebody else did.
    Landed(Landed<V>),
}

/// The right to compute, and the duty to tell the result. When it is dropped without one, because computing failed or was
/// given up, one of those who wait is the next leader.
#[must_use]
pub struct Leader<V> {
    flights: Arc<Flights<V>>,
    name: Name,
    result: watch::Sender<Option<Landed<V>>>,
    lease: Option<Lease>,
    counters: Arc<Counters>,
}

/// What somebody else computed. It has seen every change that the asker must see.
#[derive(Debug)]
pub struct Landed<V> {
    /// The value.
    pub value: Arc<V>,
    /// The number of the last change that it is known to have survived.
    pub as_of: u64,
}

impl<V> Clone for Landed<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), as_of: self.as_of }
    }
}

/// The key, and whose value it is.
pub(crate) type Name = (Key, Uuid);

/// The right of a gateway to compute.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) shared: Shared,
    pub(crate) key: Key,
    pub(crate) holder: Uuid,
}

/// What is being computed in this process.
#[derive(Debug)]
pub(crate) struct Flights<V>(Mutex<HashMap<Name, watch::Receiver<Option<Landed<V>>>>>);

/// Who comes first leads.
pub(crate) enum Boarded<V> {
    Leader(Leader<V>),
    Follower(watch::Receiver<Option<Landed<V>>>),
}

impl<V> Flights<V> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    pub(crate) fn board(self: &Arc<Self>, name: Name, counters: &Arc<Counters>) -> Boarded<V> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = flights.get(&name) {
            return Boarded::Follower(result.clone());
        }
        let (result, followers) = watch::channel(None);
        flights.insert(name, followers);
        let (flights, counters) = (Arc::clone(self), Arc::clone(counters));
        Boarded::Leader(Leader { flights, name, result, lease: None, counters })
    }
}

impl<V> Leader<V> {
    /// Gives the value to everybody who waits for it: those who must have seen a later change than `as_of` check it against
    /// the journal, as they would a cached one. [`Cache::put`](crate::Cache::put) comes before, so that other gateways find it.
    pub fn finish(self, as_of: u64, value: Arc<V>) {
        self.result.send_replace(Some(Landed { value, as_of }));
    }

    pub(crate) fn with(mut self, lease: Lease) -> Self {
        self.lease = Some(lease);
        self
    }
}

impl<V> Drop for Leader<V> {
    fn drop(&mut self) {
        // Before the followers learn that there is no result: the first of them leads the next flight.
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        if self.result.borrow().is_none() {
            self.counters.flights_failed.add(1);
        }
        // Without a runtime the lease ends with its time.
        if let (Some(Lease { shared, key, holder }), Ok(runtime)) =
            (self.lease.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move { shared.release(&key, &holder).await });
        }
    }
}

impl<V> fmt::Debug for Leader<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Leader").field("name", &self.name).finish_non_exhaustive()
    }
}
