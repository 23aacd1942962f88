//! The upper bound of a rate of which few cases were seen.

/// The exact one-sided upper bound of a proportion at the confidence `confidence`, after `cases` of `trials`: the largest
/// rate at which so few cases are still as likely as `1 - confidence` (Clopper and Pearson, "The use of confidence or
/// fiducial limits illustrated in the case of the binomial", Biometrika 26, 1934).
#[must_use]
pub fn upper_bound(cases: usize, trials: usize, confidence: f64) -> f64 {
    if cases >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    // Half of the interval each time: 60 times are beyond the precision of the numbers.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(cases, trials, middle) > 1.0 - confidence { low = middle } else { high = middle }
    }
    high
}

/// The probability of at most `cases` in `trials` at this rate: the sum of the binomial distribution, in logarithms,
/// because its terms are too small for a number.
fn at_most(cases: usize, trials: usize, rate: f64) -> f64 {
    let (hit, miss) = (rate.ln(), (-rate).ln_1p());
    let mut log_term = trials as f64 * miss;
    let mut sum = log_term.exp();
    for case in 1..=cases {
        log_term += ((trials - case + 1) as f64).ln() - (case as f64).ln() + hit - miss;
        sum += log_term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-4, "{value} is not {expected}");
    }

    #[test]
    fn without_a_case_the_bound_has_a_closed_form() {
        close(upper_bound(0, 100, 0.95), 1.0 - 0.05_f64.powf(0.01));
    }

    #[test]
    fn the_bound_is_that_of_the_tables() {
        // One case in ten, and five in ten, at 95 %: 0.3942 and 0.7776.
        close(upper_bound(1, 10, 0.95), 0.3942);
        close(upper_bound(5, 10, 0.95), 0.7776);
    }

    #[test]
    fn nothing_is_known_of_what_always_happened_or_was_never_tried() {
        close(upper_bound(7, 7, 0.95), 1.0);
        close(upper_bound(0, 0, 0.95), 1.0);
    }

    #[test]
    fn the_bound_covers_the_rate_and_falls_with_more_trials() {
        let bounds = [100, 1_000, 10_000].map(|trials| upper_bound(trials / 100, trials, 0.95));
        assert!(bounds.is_sorted_by(|a, b| a > b) && bounds.iter().all(|bound| *bound > 0.01), "{bounds:?}");
    }
}
