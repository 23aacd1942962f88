//! What is asked, the most popular first.

use super::{Lot, Popularity};

/// A question about a subject that is put in the place of `{}`.
const SIMPLE: &[&str] = &[
    "What is {}?",
    "How does {} work?",
    "When should I use {}?",
    "What do I need to know about {}?",
    "Where can I find an example of {}?",
    "How do I get started with {}?",
    "What are the limits of {}?",
    "What goes wrong most often with {}?",
    "Who is allowed to use {}?",
    "Which options does {} have?",
    "Why would I need {}?",
    "What should I check before I rely on {}?",
];
/// A question with several parts; the second subject is put in the place of `<>`.
const PARTS: &[&str] = &[
    "What is {}, and how do I use it?",
    "How does {} work, and when should I use it?",
    "What is the difference between {} and <>?",
    "What is {}? Where can I find an example of <>?",
    "Why would I need {}, and what are its limits?",
    "How do I get started with {}, and how does <> work?",
];
/// Questions that mean something only after another one.
const LEANING: &[&str] = &[
    "When should I use it?",
    "And how does it work?",
    "Who is allowed to change it?",
    "Is there an example of it?",
    "What are its limits?",
    "And how do I check it?",
];
/// The share of later questions in a conversation that mean nothing without the earlier ones.
const LEANING_SHARE: f64 = 0.5;
/// The share of answers that are liked.
const LIKED_SHARE: f64 = 0.8;
/// For each so many simple questions one with several parts is known.
const SIMPLE_TO_PARTS: usize = 4;

/// All questions of a run.
#[derive(Clone, Debug)]
pub struct Catalogue {
    simple: Vec<String>,
    parts: Vec<String>,
    subjects: Vec<String>,
    simple_popularity: Popularity,
    parts_popularity: Popularity,
}

/// Which of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// With one part.
    Simple,
    /// With several.
    Parts,
}

impl Catalogue {
    /// `distinct` simple questions, and a quarter as many with several parts: those that are `given`, then as many about the
    /// subjects as are missing, each subject as often as any other. Their popularity is by lot, and follows Zipf's law with
    /// this exponent; fewer subjects make fewer questions.
    #[must_use]
    pub fn build(subjects: &[String], given: &[String], distinct: usize, exponent: f64, seed: u64) -> Self {
        let mut lot = Lot::new(seed, u64::MAX);
        let mut simple: Vec<String> = given.iter().take(distinct).cloned().collect();
        simple.extend(about(subjects, SIMPLE, distinct - simple.len()));
        let mut parts = about(subjects, PARTS, distinct / SIMPLE_TO_PARTS);
        for question in &mut parts {
            let second = lot.pick(subjects).map(String::as_str).unwrap_or_default();
            *question = question.replace("<>", second);
        }
        lot.shuffle(&mut simple);
        lot.shuffle(&mut parts);
        let simple_popularity = Popularity::zipf(simple.len(), exponent);
        let parts_popularity = Popularity::zipf(parts.len(), exponent);
        Self { simple, parts, subjects: subjects.to_vec(), simple_popularity, parts_popularity }
    }

    /// The rank of a question, from 0, by its popularity.
    pub fn draw(&self, sort: Sort, lot: &mut Lot) -> usize {
        match sort {
            Sort::Simple => self.simple_popularity.draw(lot),
            Sort::Parts => self.parts_popularity.draw(lot),
        }
    }

    /// The question of a rank; empty beyond the last one.
    #[must_use]
    pub fn question(&self, sort: Sort, rank: usize) -> &str {
        self.all(sort).get(rank).map(String::as_str).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self, sort: Sort) -> usize {
        self.all(sort).len()
    }

    /// A subject, all alike.
    pub fn subject(&self, lot: &mut Lot) -> &str {
        lot.pick(&self.subjects).map(String::as_str).unwrap_or_default()
    }

    /// All questions, those first that are expected most often when this share of all has several parts.
    #[must_use]
    pub fn by_expectation(&self, parts_share: f64) -> Vec<&str> {
        let expected = |all: &[String], popularity: &Popularity, share: f64| -> Vec<f64> {
            (0..all.len()).map(|rank| share * popularity.share(rank)).collect()
        };
        let simple = expected(&self.simple, &self.simple_popularity, 1.0 - parts_share);
        let parts = expected(&self.parts, &self.parts_popularity, parts_share);
        let mut all: Vec<(f64, &str)> = simple.into_iter().zip(self.simple.iter().map(String::as_str)).collect();
        all.extend(parts.into_iter().zip(self.parts.iter().map(String::as_str)));
        all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        all.into_iter().map(|(_, question)| question).collect()
    }

    fn all(&self, sort: Sort) -> &[String] {
        match sort {
            Sort::Simple => &self.simple,
            Sort::Parts => &self.parts,
        }
    }
}

impl Lot {
    /// How many questions follow the first one of a conversation.
    pub fn more_turns(&mut self) -> usize {
        2 + self.below(2)
    }

    /// A question that means something only after another one, for those that do.
    pub fn leaning(&mut self) -> Option<&'static str> {
        if self.chance(LEANING_SHARE) { self.pick(LEANING).copied() } else { None }
    }

    /// What somebody thinks of an answer: 1 or -1.
    pub fn rating(&mut self) -> i8 {
        if self.chance(LIKED_SHARE) { 1 } else { -1 }
    }
}

/// So many different questions, if there are: every subject has had one before any has two.
fn about(subjects: &[String], templates: &[&str], count: usize) -> Vec<String> {
    let rounds = 0..templates.len();
    let all = rounds.flat_map(|round| {
        subjects.iter().enumerate().filter_map(move |(place, subject)| {
            templates.get((place + round) % templates.len()).map(|template| template.replace("{}", subject))
        })
    });
    all.take(count).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn catalogue(distinct: usize) -> Catalogue {
        let subjects: Vec<String> = (0..100).map(|number| format!("part {number}")).collect();
        Catalogue::build(&subjects, &["How long is the trial?".to_owned()], distinct, 1.0, 3)
    }

    #[test]
    fn all_questions_are_different_and_a_seed_fixes_them() {
        let (one, again) = (catalogue(1_000), catalogue(1_000));
        let texts = |catalogue: &Catalogue| -> Vec<String> {
            let of = |sort| (0..catalogue.count(sort)).map(move |rank| catalogue.question(sort, rank).to_owned());
            of(Sort::Simple).chain(of(Sort::Parts)).collect()
        };
        assert_eq!(texts(&one), texts(&again));
        assert_eq!(texts(&one).iter().collect::<HashSet<_>>().len(), 1_250);
        assert!(texts(&one).contains(&"How long is the trial?".to_owned()));
        assert!(texts(&one).iter().all(|text| !text.contains("{}") && !text.contains("<>")));
        // A hundred subjects have no more than twelve questions each.
        assert_eq!(catalogue(5_000).count(Sort::Simple), 1_201);
    }

    #[test]
    fn what_is_expected_most_comes_first() {
        let catalogue = catalogue(400);
        let order = catalogue.by_expectation(0.2);
        assert_eq!(order.len(), 500);
        assert_eq!(order[0], catalogue.question(Sort::Simple, 0));
        let place = |text| order.iter().position(|question| *question == text).unwrap();
        // The first with several parts is expected 0.2 / H(100) times, the first others 0.8 / H(400) / rank times.
        let first = place(catalogue.question(Sort::Parts, 0));
        assert!((2..5).contains(&first), "{first}");
    }
}
