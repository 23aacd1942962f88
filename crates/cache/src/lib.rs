//! Three cache tiers that never give what a change has altered, for values of any kind: this crate knows neither documents
//! nor answers.
//!
//! **Why it is right.** The database numbers every change without gaps, and every request learns the present number together
//! with its session. An entry knows the number that it was computed at (`as_of`); a value can tell whether a
//! change alters it ([`Value::altered_by`]). An entry is given only if no change in (`as_of`, present] alters it: the
//! [`Journal`] has these changes, and where it does not, there is no hit. Messages between gateways only make room earlier.
//!
//! **How to read it.** `tiers` is the order in which the tiers are asked, `keeping` what is put in and taken out, `sweep` what
//! happens without being asked for. What is asked and said stands in `lookup`, what is kept in `value` and `entry`, under
//! which name in `key`. The tiers themselves: `l1` in this process; `l2` on disk (`disk`) or in Redis (`shared`); `questions` by
//! meaning, over the vectors of `scan`. Beside them: `flights` (what many ask for is computed once), `popular` (what is worth
//! computing again), `figures` (how well it works), `measure` (how fast), `settings`.

mod clock;
mod disk;
mod entry;
mod exposing;
mod figures;
mod flights;
mod journal;
mod keeping;
mod key;
mod l1;
mod l2;
mod lookup;
pub mod measure;
mod popular;
mod questions;
mod scan;
mod settings;
mod shared;
mod sweep;
#[cfg(test)]
mod testing;
mod tiers;
mod value;

pub use clock::Clock;
pub use exposing::Exposed;
pub use figures::{Evictions, Figures, FlightFigures, JournalFigures, Latency, Refused, TierFigures};
pub use flights::{Flight, Landed, Leader};
pub use journal::{Gap, Journal};
pub use key::{Key, KeyBuilder, NotAKey};
pub use lookup::{Cleared, Described, Hit, Lookup, Miss, Popular, Tier};
pub use settings::{InvalidSetting, Settings};
pub use tiers::{Backing, Cache};
pub use value::Value;
