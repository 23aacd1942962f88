//! What the benchmark document that this product makes true says about the cache under load.

use serde::Serialize;

/// A row of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SeedRow {
    /// Virtual users.
    pub users: usize,
    /// Hits of lookups that reach the tier.
    pub l1: f64,
    /// Likewise.
    pub l2: f64,
    /// Likewise.
    pub rag: f64,
    /// Of all requests, in milliseconds.
    pub p50_ms: f64,
    /// Likewise.
    pub p95_ms: f64,
    /// Likewise.
    pub p99_ms: f64,
    /// Requests a second.
    pub throughput: f64,
}

/// The row for so many users, as `slo.toml` has it from the benchmark document ("Load Test Results"); `None` when there is none. The
/// document does not say what its rates are of; chained over all questions, 85, 70 and 55 % would serve 98 %, so that they are taken
/// for rates of the lookups that reach a tier.
#[must_use]
pub fn seed_row(users: usize) -> Option<SeedRow> {
    // It is compiled in, and tested.
    let levels = slo::Levels::built_in().ok()?;
    let of = levels.load_levels.iter().find(|of| usize::try_from(of.users) == Ok(users))?;
    let value = |row: &slo::Row| row.seed.map(slo::Range::most);
    let share = |row: &slo::Row| value(row).map(|percent| percent / 100.0);
    Some(SeedRow {
        users,
        l1: share(&of.l1_hit_percent)?,
        l2: share(&of.l2_hit_percent)?,
        rag: share(&of.rag_hit_percent)?,
        p50_ms: value(&of.p50_ms)?,
        p95_ms: value(&of.p95_ms)?,
        p99_ms: value(&of.p99_ms)?,
        throughput: value(&of.throughput_rps)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_by_its_users() {
        let row = seed_row(500).map(|row| (row.l1, row.l2, row.rag, row.p95_ms, row.throughput));
        assert_eq!(row, Some((0.75, 0.60, 0.42, 1_850.0, 380.0)));
        assert_eq!(seed_row(70), None);
    }
}
