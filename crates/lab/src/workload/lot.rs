//! Numbers by lot, the same for the same seed, for ever and everywhere.

/// Draws lots.
#[derive(Clone, Debug)]
pub struct Lot(u64);

impl Lot {
    /// The lots of one stream of a seed: streams have nothing to do with one another.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut lot = Self(seed);
        let seed = lot.next_number();
        Self(seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// Any number. Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A share from 0 up to, not including, 1.
    pub fn share(&mut self) -> f64 {
        (self.next_number() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next_number() % (bound.max(1) as u64)).unwrap_or_default()
    }

    /// One of them; `None` when there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.below(of.len());
        of.get(place)
    }

    /// One of them by weight; `None` when all weigh nothing.
    pub fn pick_weighted<T: Copy>(&mut self, of: &[(T, u32)]) -> Option<T> {
        let sum: u32 = of.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(sum as usize);
        for (item, weight) in of {
            match left.checked_sub(*weight as usize) {
                Some(rest) => left = rest,
                None => return Some(*item),
            }
        }
        None
    }

    /// Any order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let place = self.below(last + 1);
            items.swap(last, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_stream_fix_every_lot() {
        let drawn = |seed, stream| -> Vec<u64> {
            let mut lot = Lot::new(seed, stream);
            (0..8).map(|_| lot.next_number()).collect()
        };
        assert_eq!(drawn(7, 1), drawn(7, 1));
        assert_ne!(drawn(7, 1), drawn(7, 2));
        assert_ne!(drawn(7, 1), drawn(8, 1));
    }

    #[test]
    fn weights_are_kept() {
        let mut lot = Lot::new(1, 0);
        let drawn: Vec<char> =
            (0..100_000).filter_map(|_| lot.pick_weighted(&[('a', 70), ('b', 0), ('c', 30)])).collect();
        let share = |of| drawn.iter().filter(|letter| **letter == of).count() as f64 / drawn.len() as f64;
        assert_eq!(drawn.len(), 100_000);
        // Five standard deviations of a share of 0.7 are 0.0073.
        assert!((share('a') - 0.7).abs() < 0.0073 && share('b') == 0.0, "{}", share('a'));
        assert_eq!(lot.pick_weighted(&[('a', 0)]), None);
    }

    #[test]
    fn a_shuffle_keeps_everything() {
        let mut numbers: Vec<u32> = (0..100).collect();
        Lot::new(1, 0).shuffle(&mut numbers);
        assert_ne!(numbers, (0..100).collect::<Vec<_>>());
        numbers.sort_unstable();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    }
}
