//! A run in blocks, and what each of them contributes to a measure.

use super::latencies::Latencies;
use super::{Measure, Of, Stretch};

/// A run in blocks that are long enough to have little to do with one another.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    stretches: Vec<Vec<&'a Stretch>>,
    latencies: Latencies,
}

/// A measure of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Values {
    /// Of the whole.
    pub(super) all: f64,
    /// Of all blocks but one, for each block; `None` where the others know nothing.
    pub(super) without: Vec<Option<f64>>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(stretches: Vec<Vec<&'a Stretch>>) -> Self {
        let latencies = Latencies::new(&stretches);
        Self { stretches, latencies }
    }

    /// So many blocks of a series, one after the other; they differ in length by a stretch at most.
    pub(super) fn of_series(series: &'a [Stretch], count: usize) -> Self {
        let bound = |block: usize| block * series.len() / count;
        Self::new((0..count).map(|block| series[bound(block)..bound(block + 1)].iter().collect()).collect())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.stretches.len()
    }

    /// The measure in its unit; `None` if the run knows nothing of it.
    pub(super) fn values(&self, measure: &Measure) -> Option<Values> {
        let in_unit = |value: f64| value * measure.factor;
        let count = self.len();
        match measure.of {
            Of::Quantile(share) => {
                let at = |without| self.latencies.quantile(share, without).map(in_unit);
                Some(Values { all: at(None)?, without: (0..count).map(|block| at(Some(block))).collect() })
            }
            Of::Quotient(over, under) => {
                let sums: Vec<[f64; 2]> = self.stretches.iter().map(|block| sums(block, over, under)).collect();
                let at = |without: Option<usize>| {
                    let kept = sums.iter().enumerate().filter(|(place, _)| Some(*place) != without);
                    let [over, under] = kept.fold([0.0; 2], |sum, (_, block)| [sum[0] + block[0], sum[1] + block[1]]);
                    (under > 0.0).then(|| in_unit(over / under))
                };
                Some(Values { all: at(None)?, without: (0..count).map(|block| at(Some(block))).collect() })
            }
        }
    }
}

impl Values {
    /// What each block adds to the measure on a scale, but for a constant: the more the measure falls without it, the more.
    /// `None` if the measure is not known without each of them. The spread of these is that of the measure (the jackknife's
    /// pseudo-values: Tukey, "Bias and confidence in not-quite large samples", Annals of Mathematical Statistics 29, 1958).
    pub(super) fn influences(&self, on: impl Fn(f64) -> f64) -> Option<Vec<f64>> {
        let others = self.without.len().checked_sub(1)? as f64;
        self.without.iter().map(|value| value.map(|value| -others * on(value))).collect()
    }

    /// Whether it is above 0 with any block left out, and so has a logarithm.
    pub(super) fn is_positive(&self) -> bool {
        self.all > 0.0 && self.without.iter().flatten().all(|value| *value > 0.0)
    }
}

fn sums(block: &[&Stretch], over: super::Amount, under: super::Amount) -> [f64; 2] {
    let known = block.iter().filter_map(|stretch| Some([over.of(stretch)?, under.of(stretch)?]));
    known.fold([0.0; 2], |sum, [over, under]| [sum[0] + over, sum[1] + under])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Amount;
    use super::*;

    fn measure(of: Of) -> Measure {
        Measure { of, factor: 1.0, ..Measure::at_a_given_load()[0] }
    }

    fn series() -> Vec<Stretch> {
        let stretch = |second: u64| Stretch {
            seconds: 1.0,
            answered: 10 * second,
            figures: if second == 4 { BTreeMap::new() } else { BTreeMap::from([("queries".to_owned(), 2.0)]) },
            ..Stretch::default()
        };
        (1..=4).map(stretch).collect()
    }

    #[test]
    fn a_rate_is_a_sum_over_a_sum_and_known_without_each_block() {
        let series = series();
        let values = Blocks::of_series(&series, 2).values(&measure(Of::Quotient(Amount::Answered, Amount::Seconds)));
        assert_eq!(values, Some(Values { all: 25.0, without: vec![Some(35.0), Some(15.0)] }));
    }

    #[test]
    fn stretches_that_do_not_know_are_not_counted() {
        let series = series();
        let of = |amount| Blocks::of_series(&series, 4).values(&measure(Of::Quotient(amount, Amount::Answered)));
        let values = of(Amount::Figure("queries")).unwrap();
        assert_eq!((values.all, values.without[3]), (0.1, Some(0.1)));
        assert_eq!(of(Amount::Figure("l1_hits")), None);
    }

    #[test]
    fn influences_of_a_mean_are_the_blocks_themselves() {
        // Of blocks with 1, 2 and 6, the mean without each is 4, 3.5 and 1.5.
        let values = Values { all: 3.0, without: vec![Some(4.0), Some(3.5), Some(1.5)] };
        let influences = values.influences(|value| value).unwrap();
        let steps: Vec<f64> = influences.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(steps, [1.0, 4.0]);
        assert_eq!(Values { all: 1.0, without: vec![Some(1.0), None] }.influences(|value| value), None);
    }
}
