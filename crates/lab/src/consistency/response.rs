//! What percentiles say about the mean, and about percentiles in between.

use super::runs::Run;

/// How many standard deviations the 95th percentile of a normal distribution lies above its mean.
const Z95: f64 = 1.644_854;
/// Likewise the 99th.
const Z99: f64 = 2.326_348;
/// Nobody prints the slowest hundredth: at most it is taken to be so many times the 99th percentile, in the mean.
const SLOWEST: f64 = 3.0;

/// The mean response time of a run, in milliseconds: what it must lie between, and about what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeanResponse {
    /// No less than this.
    pub(super) least: f64,
    /// No more than this.
    pub(super) most: f64,
    /// About this, if the distribution is log-normal.
    pub(super) about: f64,
}

impl MeanResponse {
    /// From a printed mean, or else from the P50, P95 and P99; nothing without.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let printed = ["mean response time", "average response time", "avg response time"];
        if let Some(mean) = printed.iter().find_map(|name| run.measured(name)) {
            return Some(Self { least: mean.least, most: mean.most, about: mean.middle() });
        }
        let p50 = run.measured("p50 response time")?;
        let p95 = run.measured("p95 response time")?;
        let p99 = run.measured("p99 response time").unwrap_or(p95);
        // Between two percentiles every value is at least the lower and at most the upper one.
        let least = 0.45 * p50.least + 0.04 * p95.least + 0.01 * p99.least;
        let most = 0.5 * p50.most + 0.45 * p95.most + (0.04 + 0.01 * SLOWEST) * p99.most;
        let fitted = [(p95, Z95), (p99, Z99)]
            .map(|(upper, deviations)| log_normal_mean(p50.middle(), spread(p50.middle(), upper.middle(), deviations)));
        let about = fitted.into_iter().fold(least, f64::max).min(most);
        Some(Self { least, most, about })
    }
}

/// The value that lies `deviations` above the median of a log-normal distribution with these percentiles.
pub(super) fn log_normal_percentile(p50: f64, p95: f64, deviations: f64) -> f64 {
    p50 * (spread(p50, p95, Z95) * deviations).exp()
}

/// How many standard deviations above the mean a share of the normal distribution ends. Source: Abramowitz and Stegun,
/// "Handbook of Mathematical Functions" (1964), 26.2.23; the error is below 0.00045.
pub(super) fn deviations(share: f64) -> f64 {
    let tail = (1.0 - share).clamp(1e-12, 0.5);
    let t = (-2.0 * tail.ln()).sqrt();
    let numerator = 0.010_328_f64.mul_add(t, 0.802_853).mul_add(t, 2.515_517);
    let denominator = 0.001_308_f64.mul_add(t, 0.189_269).mul_add(t, 1.432_788).mul_add(t, 1.0);
    t - numerator / denominator
}

fn spread(p50: f64, upper: f64, deviations: f64) -> f64 {
    if p50 > 0.0 && upper > p50 { (upper / p50).ln() / deviations } else { 0.0 }
}

/// The mean is the median times e to half the variance.
fn log_normal_mean(p50: f64, spread: f64) -> f64 {
    p50 * (spread * spread / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_in_between_follow_from_two() {
        assert!((deviations(0.75) - 0.674_49).abs() < 5e-4 && (deviations(0.95) - Z95).abs() < 5e-4);
        // The seed's complex questions: P50 800, P95 1200.
        assert!((log_normal_percentile(800.0, 1_200.0, deviations(0.75)) - 944.7).abs() < 0.5);
    }

    #[test]
    fn a_distribution_without_spread_is_its_median() {
        assert!((log_normal_mean(7.0, spread(7.0, 7.0, Z95)) - 7.0).abs() < 1e-9);
        assert!(log_normal_mean(0.0, spread(0.0, 5.0, Z95)).abs() < 1e-9);
    }
}
