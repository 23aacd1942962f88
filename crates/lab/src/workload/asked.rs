//! What was asked until now: a share of the questions is one of those, in other words.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Catalogue, Lot, Rewording, Sort, reword};

/// Draws for a question that was asked before.
const ATTEMPTS: usize = 50;

/// The questions of a catalogue that somebody has asked.
#[derive(Debug)]
pub struct Asked(HashMap<Sort, Vec<AtomicBool>>);

impl Asked {
    /// None of them.
    #[must_use]
    pub fn nothing(catalogue: &Catalogue) -> Self {
        let of = |sort| (sort, (0..catalogue.count(sort)).map(|_| AtomicBool::new(false)).collect());
        Self(HashMap::from([of(Sort::Simple), of(Sort::Parts)]))
    }

    /// The next question by its popularity; a share of them is one that was asked before, in other words.
    pub fn next(
        &self,
        catalogue: &Catalogue,
        sort: Sort,
        reworded_share: f64,
        lot: &mut Lot,
    ) -> (String, Option<Rewording>) {
        if lot.chance(reworded_share) {
            // What everybody asks has been asked soon; before that, there is nothing to say again.
            for _ in 0..ATTEMPTS {
                let rank = catalogue.draw(sort, lot);
                if self.at(sort, rank).is_some_and(|asked| asked.load(Ordering::Relaxed)) {
                    let (rewording, text) = reword(catalogue.question(sort, rank), lot);
                    return (text, Some(rewording));
                }
            }
        }
        let rank = catalogue.draw(sort, lot);
        if let Some(asked) = self.at(sort, rank) {
            asked.store(true, Ordering::Relaxed);
        }
        (catalogue.question(sort, rank).to_owned(), None)
    }

    fn at(&self, sort: Sort, rank: usize) -> Option<&AtomicBool> {
        self.0.get(&sort)?.get(rank)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_share_that_was_asked_before_comes_in_other_words() {
        const QUESTIONS: usize = 20_000;
        let subjects: Vec<String> = (0..300).map(|number| format!("part {number}")).collect();
        let catalogue = Catalogue::build(&subjects, &[], 3_000, 1.0, 1);
        let (asked, mut lot) = (Asked::nothing(&catalogue), Lot::new(1, 0));
        let (mut plain, mut reworded) = (HashSet::new(), 0_usize);
        for _ in 0..QUESTIONS {
            match asked.next(&catalogue, Sort::Simple, 0.31, &mut lot) {
                (_, Some(_)) => reworded += 1,
                (text, None) => drop(plain.insert(text)),
            }
        }
        // Five standard deviations are 327; the very first questions repeat nothing.
        assert!(reworded.abs_diff(QUESTIONS * 31 / 100) < 327, "{reworded}");
        let is_known = |rank| asked.at(Sort::Simple, rank).is_some_and(|asked| asked.load(Ordering::Relaxed));
        assert!((0..3_000).all(|rank| is_known(rank) == plain.contains(catalogue.question(Sort::Simple, rank))));
        assert!(plain.len() > 1_500, "{}", plain.len());
    }
}
