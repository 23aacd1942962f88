//! The kinds of people, and what each does. Source: the mix of the seed's load tests.

use serde::Serialize;

use super::Lot;

/// A kind of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Asks short questions.
    Regular,
    /// Asks several things at once, and in conversations.
    Power,
    /// Sees to documents and people.
    Admin,
}

/// What a person does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A short question.
    Question,
    /// A question with several parts.
    Parts,
    /// A question and what follows from it, three or four turns.
    Conversation,
    /// A later question of a conversation; nobody begins with it.
    FollowUp,
    /// Finding passages.
    Search,
    /// Reading the conversation so far.
    History,
    /// Taking it away as a file.
    Export,
    /// Judging the last answer.
    Feedback,
    /// Looking at one's own account.
    Profile,
    /// Whether the server is well.
    Health,
    /// A small new document for everybody.
    Upload,
    /// The list of documents.
    Documents,
    /// The list of people.
    People,
    /// How well the cache works.
    CacheStatistics,
}

/// The share of all questions that have several parts, which comes of the classes and their tasks.
pub const PARTS_SHARE: f64 = 0.12;

/// How the classes come, ten after ten: 70, 20 and 10 of a hundred at any moment of the ramp.
const TEN: [Class; 10] = {
    use Class::{Admin, Power, Regular};
    [Regular, Regular, Power, Regular, Regular, Admin, Regular, Power, Regular, Regular]
};

impl Task {
    /// Whether the assistant is asked.
    #[must_use]
    pub fn is_question(self) -> bool {
        matches!(self, Self::Question | Self::Parts | Self::Conversation | Self::FollowUp)
    }
}

impl Class {
    /// The class of a person, from 0.
    #[must_use]
    pub fn of(person: usize) -> Self {
        TEN.get(person % TEN.len()).copied().unwrap_or(Self::Regular)
    }

    /// What people of this class do, with weights. In the place of the seed's dashboard (20), which is
    /// not there yet, administrators look at the cache; in that of its metrics (10), which listen elsewhere, at the health.
    #[must_use]
    pub fn tasks(self) -> &'static [(Task, u32)] {
        match self {
            Self::Regular => &[
                (Task::Question, 70),
                (Task::History, 10),
                (Task::Profile, 5),
                (Task::Feedback, 10),
                (Task::Health, 5),
            ],
            Self::Power => &[(Task::Parts, 45), (Task::Conversation, 25), (Task::Search, 20), (Task::Export, 10)],
            Self::Admin => &[
                (Task::Upload, 25),
                (Task::Documents, 20),
                (Task::People, 15),
                (Task::CacheStatistics, 30),
                (Task::Health, 10),
            ],
        }
    }

    /// What a person of this class does next.
    pub fn next_task(self, lot: &mut Lot) -> Task {
        lot.pick_weighted(self.tasks()).unwrap_or(Task::Question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_holds_at_any_moment() {
        for people in [50, 100, 200, 500] {
            let count = |class| (0..people).filter(|person| Class::of(*person) == class).count() * 100 / people;
            assert_eq!([count(Class::Regular), count(Class::Power), count(Class::Admin)], [70, 20, 10]);
        }
        assert!((0..10).any(|person| Class::of(person) == Class::Admin));
    }

    #[test]
    fn weights_are_of_a_hundred() {
        for class in [Class::Regular, Class::Power, Class::Admin] {
            assert_eq!(class.tasks().iter().map(|(_, weight)| weight).sum::<u32>(), 100, "{class:?}");
        }
    }

    #[test]
    fn tasks_come_by_their_weights() {
        let mut lot = Lot::new(9, 0);
        let questions = (0..50_000).filter(|_| Class::Regular.next_task(&mut lot) == Task::Question).count();
        // Five standard deviations of 50,000 draws are 512.
        assert!(questions.abs_diff(35_000) < 512, "{questions}");
    }
}
