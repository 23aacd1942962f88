//! Text that is distributed like language: few words are everywhere, most are rare.

use std::fmt::Write as _;

/// Different words.
const WORDS: u32 = 20_000;

/// A stream of words that is the same at every run.
#[derive(Debug)]
pub(super) struct Words {
    state: u64,
}

impl Words {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014): `SplitMix64`.
    pub(super) fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }

    /// A rank with a probability that falls with its inverse (Zipf's law): the logarithm is uniform.
    fn rank(&mut self, from: u32) -> u32 {
        let uniform = (self.number() >> 11) as f64 / (1_u64 << 53) as f64;
        let (low, high) = (f64::from(from.max(1)).ln(), f64::from(WORDS).ln());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 1 and WORDS")]
        let rank = (low + uniform * (high - low)).exp() as u32;
        rank
    }

    /// So many words of running text.
    pub(super) fn text(&mut self, count: usize) -> String {
        let mut text = String::with_capacity(count * 9);
        for place in 0..count {
            let separator = match place {
                0 => "",
                _ if place % 12 == 0 => ". ",
                _ => " ",
            };
            // Writing to a string cannot fail.
            let _ = write!(text, "{separator}{}", word(self.rank(1)));
        }
        text
    }

    /// Words as a question has them: the thirty most frequent ones are grammar.
    pub(super) fn question(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| word(self.rank(30))).collect()
    }
}

/// The word of a rank: consonants and vowels, the more frequent the shorter. It ends in a way that no stemmer touches.
fn word(rank: u32) -> String {
    const CONSONANTS: &[u8] = b"bdfgklmnprtvz";
    const VOWELS: &[u8] = b"aou";
    let (mut rest, mut word) = (rank as usize, String::new());
    while rest > 0 {
        for letters in [CONSONANTS, VOWELS] {
            word.push(letters.get(rest % letters.len()).map_or('a', |letter| char::from(*letter)));
            rest /= letters.len();
        }
    }
    word.push('k');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_words_are_everywhere_and_most_are_rare() {
        let text = Words::new(1).text(10_000);
        let mut counts = std::collections::HashMap::new();
        for word in text.split([' ', '.']) {
            *counts.entry(word).or_insert(0_u32) += 1;
        }
        let mut counts: Vec<u32> = counts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        assert!(counts.len() > 3_000 && counts[0] > 500 && counts[2_000] < 3, "{} {:?}", counts.len(), &counts[..5]);
        assert_eq!(text, Words::new(1).text(10_000));
    }

    #[test]
    fn no_two_words_are_the_same() {
        let words: std::collections::HashSet<String> = (1..=WORDS).map(word).collect();
        assert_eq!(words.len(), WORDS as usize);
    }
}
