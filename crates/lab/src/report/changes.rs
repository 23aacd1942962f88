//! What changed between two runs, load by load.

use crate::compare::{Comparison, Rules, compare_series};
use crate::run_file::Run;

/// The loads that both have, with what changed. Loads are the same when they ask alike: as many people, or as many requests a second.
#[must_use]
pub fn changes(before: &Run, after: &Run) -> Vec<(String, Comparison)> {
    let pairs = before.levels.iter().filter_map(|one| {
        let other = after.levels.iter().find(|level| level.model == one.model)?;
        Some((one.name.clone(), compare_series(&one.steady(), &other.steady(), &Rules::default())))
    });
    pairs.collect()
}
