//! How well the cache works under a load: rates by tier, latencies by tier and kind, and whether what it gives is right.

mod report;
mod seed;
mod table;

pub use report::{LatencyRow, Report, TierRow};
pub use seed::{SeedRow, seed_row};
