//! What processes must tell each other at once: limits that hold across gateways, marks of fresh writes, and values that
//! one process computed for all. Redis holds them; nothing here must survive it.
//!
//! [`Coordination::start`] connects in the background and [`Settings`] say to which Redis. Without one, everything works in
//! this process alone. A Redis that is slow or gone never fails a request: each operation is bounded by a timeout, after a
//! few failures none is tried until Redis answers again (`breaker`, `pulse`), and what is left is a value, [`Unavailable`].
//!
//! One file per thing that is told: `limit`, `marks`, `values`, `shelf` (values with a limit, labels and announcements). What they share: `link` bounds and counts an operation,
//! `keys` names the entries, `address` and `tls` turn settings into a connection that `pulse` keeps up.

mod address;
mod breaker;
mod coordination;
mod health;
mod keys;
mod limit;
mod link;
mod local;
mod marks;
mod pulse;
mod settings;
mod shelf;
mod tls;
mod values;

pub use address::RedisUrl;
pub use coordination::Coordination;
pub use health::{Counters, Health, State};
pub use limit::{Decision, Limit};
pub use link::Unavailable;
pub use settings::{InvalidSetting, Settings};
pub use shelf::{Item, Shelf, Stock};
