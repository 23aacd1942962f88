//! How often each of many things is asked for.

use super::Lot;

/// A distribution over ranks, the most popular first.
#[derive(Clone, Debug)]
pub struct Popularity {
    /// The sum of the shares up to each rank.
    cumulative: Vec<f64>,
}

impl Popularity {
    /// Zipf's law: the share of rank r, from 1, is proportional to `r^-exponent`.
    #[must_use]
    pub fn zipf(count: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let sums: Vec<f64> = (1..=count)
            .map(|rank| {
                sum += (rank as f64).powf(-exponent);
                sum
            })
            .collect();
        Self { cumulative: sums.into_iter().map(|until| until / sum).collect() }
    }

    /// A rank from 0; always 0 when there are none.
    pub fn draw(&self, lot: &mut Lot) -> usize {
        let share = lot.share();
        self.cumulative.partition_point(|until| *until <= share).min(self.cumulative.len().saturating_sub(1))
    }

    /// The share of a rank, from 0.
    #[must_use]
    pub fn share(&self, rank: usize) -> f64 {
        let until = |rank: Option<usize>| rank.and_then(|rank| self.cumulative.get(rank)).copied();
        until(Some(rank)).map_or(0.0, |sum| sum - until(rank.checked_sub(1)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_follow_the_law() {
        const DRAWS: usize = 200_000;
        let popularity = Popularity::zipf(3_000, 1.0);
        let (mut lot, mut counts) = (Lot::new(5, 0), vec![0_usize; 3_000]);
        for _ in 0..DRAWS {
            counts[popularity.draw(&mut lot)] += 1;
        }
        let harmonic: f64 = (1..=3_000).map(|rank| 1.0 / f64::from(rank)).sum();
        for rank in [1, 2, 5, 10, 100] {
            let expected = DRAWS as f64 / (rank as f64 * harmonic);
            let drawn = counts[rank - 1] as f64;
            assert!((drawn - expected).abs() < 5.0 * expected.sqrt(), "rank {rank}: {drawn} of {expected}");
            assert!((popularity.share(rank - 1) - expected / DRAWS as f64).abs() < 1e-9);
        }
        let tail: usize = counts[1_000..].iter().sum();
        let expected = DRAWS as f64 * (1_001..=3_000).map(|rank| 1.0 / f64::from(rank)).sum::<f64>() / harmonic;
        assert!((tail as f64 - expected).abs() < 5.0 * expected.sqrt(), "{tail} of {expected}");
    }

    #[test]
    fn shares_add_up_and_nothing_lies_outside() {
        let popularity = Popularity::zipf(10, 1.0);
        assert!(((0..10).map(|rank| popularity.share(rank)).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!((popularity.share(10), Popularity::zipf(0, 1.0).draw(&mut Lot::new(1, 0))), (0.0, 0));
    }
}
