//! How far from the truth a difference of means may be.

use crate::workload::Lot;

/// What is left of equal numbers by rounding, as a share of them.
pub(super) const ROUNDING: f64 = 1e-10;

/// Which values to draw again, of samples of these lengths. All rows of a table are drawn alike.
#[derive(Debug)]
pub(super) struct Resamples {
    count: usize,
    /// Places in each sample, one resample after the other.
    picks: Vec<Vec<usize>>,
}

impl Resamples {
    pub(super) fn new(count: usize, lengths: &[usize], lot: &mut Lot) -> Self {
        let mut picks = |length: usize| (0..count * length).map(|_| lot.below(length)).collect();
        Self { count, picks: lengths.iter().map(|length| picks(*length)).collect() }
    }

    /// The half width of the interval around the sum of these samples' means that misses the truth with the probability
    /// `missing`: infinite if the samples, or so few resamples, do not tell. Spreads up to `grain` are rounding errors.
    ///
    /// This is the symmetric studentised bootstrap (Hall, "On symmetric bootstrap confidence intervals", Journal of the Royal
    /// Statistical Society B 50, 1988). Each resample's deviation is measured in the standard error of that same resample, so
    /// that it tells how wrong a standard error from so few values can be.
    pub(super) fn half_width(&self, samples: &[Vec<f64>], grain: f64, missing: f64) -> f64 {
        if samples.iter().any(|sample| sample.len() < 2) {
            return f64::INFINITY;
        }
        let centred: Vec<Vec<f64>> = samples.iter().map(|sample| centred(sample)).collect();
        let error = centred.iter().map(|sample| variance(sample)).sum::<f64>().sqrt();
        if error <= grain { 0.0 } else { error * exceeded_by(&mut self.deviations(&centred), missing) }
    }

    /// How far each resample's sum of means is from 0, in standard errors of the resample.
    fn deviations(&self, centred: &[Vec<f64>]) -> Vec<f64> {
        let mut sums = vec![[0.0; 2]; self.count];
        for (sample, picks) in centred.iter().zip(&self.picks) {
            for ([deviation, variance], picks) in sums.iter_mut().zip(picks.chunks_exact(sample.len())) {
                let [mean, of_mean] = mean_and_variance(sample, picks);
                *deviation += mean;
                *variance += of_mean;
            }
        }
        let studentised = |[deviation, variance]: [f64; 2]| {
            if variance > 0.0 { deviation.abs() / variance.sqrt() } else { f64::INFINITY }
        };
        sums.into_iter().map(studentised).collect()
    }
}

/// The value that this share of all exceed; infinite if the share is less than one of them.
fn exceeded_by(values: &mut [f64], share: f64) -> f64 {
    // The share is below 1 and the length that of a vector.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
    let rank = (share * (values.len() + 1) as f64) as usize;
    let Some(place) = values.len().checked_sub(rank) else { return f64::INFINITY };
    if rank == 0 {
        return f64::INFINITY;
    }
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

/// The mean of the values at these places, and the variance of the mean; none if that is what rounding left. The values are
/// around 0.
fn mean_and_variance(values: &[f64], places: &[usize]) -> [f64; 2] {
    let count = places.len() as f64;
    let (mut sum, mut squares) = (0.0, 0.0);
    for place in places {
        let value = values[*place];
        sum += value;
        squares += value * value;
    }
    let spread = squares - sum * sum / count;
    [sum / count, if spread > ROUNDING * squares { spread / (count - 1.0) / count } else { 0.0 }]
}

/// The variance of the mean of values around 0.
fn variance(values: &[f64]) -> f64 {
    let places: Vec<usize> = (0..values.len()).collect();
    mean_and_variance(values, &places)[1]
}

/// Less their mean.
fn centred(sample: &[f64]) -> Vec<f64> {
    let mean = sample.iter().sum::<f64>() / sample.len() as f64;
    sample.iter().map(|value| value - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot() -> Lot {
        Lot::new(1, 0)
    }

    fn normal(lot: &mut Lot, count: usize) -> Vec<f64> {
        // The sum of twelve shares is nearly normal, with the variance 1.
        (0..count).map(|_| (0..12).map(|_| lot.share()).sum::<f64>() - 6.0).collect()
    }

    fn half_width(samples: &[Vec<f64>], missing: f64, count: usize, lot: &mut Lot) -> f64 {
        let lengths: Vec<usize> = samples.iter().map(Vec::len).collect();
        Resamples::new(count, &lengths, lot).half_width(samples, 1e-12, missing)
    }

    #[test]
    fn of_many_normal_values_it_is_that_of_the_tables() {
        let samples = [normal(&mut lot(), 400)];
        let width = half_width(&samples, 0.05, 4_000, &mut lot()) / variance(&centred(&samples[0])).sqrt();
        // Student's t with 399 degrees of freedom: 1.966.
        assert!((width - 1.966).abs() < 0.1, "{width}");
    }

    #[test]
    fn few_values_widen_it() {
        let mut lot = lot();
        let missed = (0..400).filter(|_| {
            let samples = [normal(&mut lot, 5), normal(&mut lot, 5)];
            let means: f64 = samples.iter().map(|sample| sample.iter().sum::<f64>() / 5.0).sum();
            means.abs() > half_width(&samples, 0.05, 400, &mut lot)
        });
        // 20 of 400 are meant to be. Four standard deviations more are 37; the normal distribution's 1.96 misses 34.
        let missed = missed.count();
        assert!(missed <= 30, "{missed}");
    }

    #[test]
    fn what_never_varies_is_exact() {
        let width = |samples: &[Vec<f64>]| half_width(samples, 0.01, 1_000, &mut lot());
        assert_eq!(width(&[vec![3.0; 10], vec![4.0; 10]]), 0.0);
        assert_eq!(width(&[vec![0.1 + 0.2, 0.3, 0.3]]), 0.0);
    }

    #[test]
    fn one_event_tells_nothing() {
        let mut sample = vec![0.0; 10];
        sample[3] = 1.0;
        assert_eq!(half_width(&[sample, vec![0.0; 10]], 0.01, 1_000, &mut lot()), f64::INFINITY);
        assert_eq!(half_width(&[vec![1.0]], 0.01, 1_000, &mut lot()), f64::INFINITY);
    }

    #[test]
    fn so_few_resamples_cannot_show_so_rare_a_thing() {
        let samples = [normal(&mut lot(), 10)];
        assert_eq!(half_width(&samples, 0.001, 500, &mut lot()), f64::INFINITY);
        assert!(half_width(&samples, 0.001, 1_000, &mut lot()).is_finite());
    }
}
