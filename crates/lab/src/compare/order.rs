//! Whose turn it is in an A/B comparison.

use serde::{Deserialize, Serialize};

use super::{Round, Stretch};
use crate::workload::Lot;

/// One of the two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The one that is compared with.
    Before,
    /// The other one.
    After,
}

/// The turns of so many rounds: A B B A or, as the lot falls, B A A B, for every two rounds. What drifts evenly cancels
/// within these four turns. The lot makes sure that no other rhythm of the machine always meets the same binary, and that
/// neighbours do not lean the same way: with A B B A throughout they do.
#[must_use]
pub fn order(rounds: usize, seed: u64) -> Vec<Side> {
    let mut lot = Lot::new(seed, 0);
    let mut turns = Vec::with_capacity(2 * rounds);
    while turns.len() < 2 * rounds {
        let (a, b) = if lot.chance(0.5) { (Side::Before, Side::After) } else { (Side::After, Side::Before) };
        turns.extend([a, b, b, a]);
    }
    turns.truncate(2 * rounds);
    turns
}

/// What these turns gave, as rounds. A last turn whose round was not completed is left out.
#[must_use]
pub fn rounds(order: &[Side], turns: Vec<Stretch>) -> Vec<Round> {
    let mut rounds = Vec::with_capacity(turns.len() / 2);
    let mut turns = order.iter().zip(turns);
    while let (Some((first, one)), Some((_, other))) = (turns.next(), turns.next()) {
        rounds.push(match first {
            Side::Before => Round { before: one, after: other },
            Side::After => Round { before: other, after: one },
        });
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::Side::{After, Before};
    use super::*;

    #[test]
    fn each_two_rounds_mirror_each_other_and_the_lot_decides_who_begins() {
        let turns = order(200, 1);
        assert_eq!(turns, order(200, 1));
        let begun = turns
            .chunks_exact(4)
            .map(|four| {
                assert!(four == [Before, After, After, Before] || four == [After, Before, Before, After]);
                usize::from(four[0] == Before)
            })
            .sum::<usize>();
        assert!((30..=70).contains(&begun), "{begun} of 100");
        assert_eq!(order(3, 1), turns[..6]);
    }

    #[test]
    fn turns_become_rounds_and_an_unfinished_one_is_left_out() {
        let turn = |answered| Stretch { answered, ..Stretch::default() };
        let rounds = rounds(&[Before, After, After, Before, Before, After], (1..=5).map(turn).collect());
        let answered: Vec<_> = rounds.iter().map(|round| (round.before.answered, round.after.answered)).collect();
        assert_eq!(answered, [(1, 2), (4, 3)]);
    }
}
