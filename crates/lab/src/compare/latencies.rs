//! Quantiles of latencies, of all blocks of a run and of all but one.

use super::Stretch;

/// The latencies of a run in blocks, counted so that a block is left out by subtraction.
#[derive(Debug)]
pub(super) struct Latencies {
    /// Every latency that was seen, in microseconds, in order.
    values: Vec<u64>,
    /// How many of all blocks were at most as long as each of them.
    all: Vec<u64>,
    /// The same of each block.
    blocks: Vec<Vec<u64>>,
}

impl Latencies {
    pub(super) fn new(blocks: &[Vec<&Stretch>]) -> Self {
        let mut values: Vec<u64> =
            blocks.iter().flatten().flat_map(|stretch| stretch.latencies_us.keys().copied()).collect();
        values.sort_unstable();
        values.dedup();
        let mut all = vec![0; values.len()];
        let blocks = blocks.iter().map(|block| at_most(&values, block)).collect::<Vec<_>>();
        for block in &blocks {
            all.iter_mut().zip(block).for_each(|(sum, count)| *sum += count);
        }
        Self { values, all, blocks }
    }

    /// The latency in microseconds that this share stayed below, of all blocks but perhaps one; `None` without latencies.
    ///
    /// Between two latencies that were seen it is interpolated, as Prometheus' `histogram_quantile` does: otherwise a
    /// quantile of coarse buckets would either not move at all or jump by a bucket.
    pub(super) fn quantile(&self, share: f64, without: Option<usize>) -> Option<f64> {
        let block = without.and_then(|block| self.blocks.get(block));
        let at_most = |place: usize| self.all[place] - block.map_or(0, |block| block[place]);
        let sum = at_most(self.values.len().checked_sub(1)?);
        if sum == 0 {
            return None;
        }
        let rank = share * sum as f64;
        let place = first(self.values.len(), |place| at_most(place) as f64 >= rank);
        let upper = self.values[place] as f64;
        let Some(previous) = place.checked_sub(1) else { return Some(upper) };
        let (lower, below) = (self.values[previous] as f64, at_most(previous) as f64);
        Some(lower + (upper - lower) * (rank - below) / (at_most(place) as f64 - below))
    }
}

/// How many of a block were at most as long as each of these.
fn at_most(values: &[u64], block: &[&Stretch]) -> Vec<u64> {
    let mut counts = vec![0; values.len()];
    for (value, count) in block.iter().flat_map(|stretch| &stretch.latencies_us) {
        // All of them are among the values.
        if let Ok(place) = values.binary_search(value) {
            counts[place] += count;
        }
    }
    let mut sum = 0;
    for count in &mut counts {
        sum += *count;
        *count = sum;
    }
    counts
}

/// The first place at which this holds, given that it holds for all later ones, and for the last.
fn first(places: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, places - 1);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(latencies_us: impl IntoIterator<Item = (u64, u64)>) -> Stretch {
        Stretch { latencies_us: latencies_us.into_iter().collect(), ..Stretch::default() }
    }

    #[test]
    fn a_quantile_is_of_all_blocks_together() {
        let (one, other) = (stretch((1..=50).map(|us| (us, 1))), stretch((51..=100).map(|us| (us, 1))));
        let latencies = Latencies::new(&[vec![&one], vec![&other]]);
        assert_eq!(latencies.quantile(0.5, None), Some(50.0));
        assert_eq!(latencies.quantile(0.95, None), Some(95.0));
        assert_eq!(latencies.quantile(0.5, Some(1)), Some(25.0));
        assert_eq!(latencies.quantile(0.5, Some(0)), Some(75.0));
    }

    #[test]
    fn a_bucket_is_divided_evenly() {
        let one = stretch([(1_000, 60), (2_000, 40)]);
        let latencies = Latencies::new(&[vec![&one]]);
        assert_eq!(latencies.quantile(0.5, None), Some(1_000.0));
        assert_eq!(latencies.quantile(0.8, None), Some(1_500.0));
        assert_eq!(latencies.quantile(1.0, None), Some(2_000.0));
    }

    #[test]
    fn nothing_has_no_quantile() {
        let (one, none) = (stretch([(7, 1)]), stretch([]));
        assert_eq!(Latencies::new(&[vec![&none]]).quantile(0.5, None), None);
        assert_eq!(Latencies::new(&[]).quantile(0.5, None), None);
        let latencies = Latencies::new(&[vec![&one], vec![&none]]);
        assert_eq!((latencies.quantile(0.5, Some(0)), latencies.quantile(0.5, Some(1))), (None, Some(7.0)));
    }
}
