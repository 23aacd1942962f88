//! Who does what to whom: the prepositions that words stand after, and the order of words.

use serde::{Deserialize, Serialize};

use crate::content::Item;
use crate::lexicon::Weight;

/// The preposition that governs a word, those of like meaning together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    From,
    To,
    By,
    Before,
    After,
    Than,
    Over,
    Under,
    Instead,
    Against,
    Of,
    For,
    In,
    With,
    About,
}

/// Roles that turn a question around when two words exchange them.
const STRONG: [Role; 10] = [
    Role::From,
    Role::To,
    Role::By,
    Role::Before,
    Role::After,
    Role::Than,
    Role::Over,
    Role::Under,
    Role::Instead,
    Role::Against,
];
/// Pairs of roles that no word can exchange without another answer.
const OPPOSITE: [(Role, Role); 5] = [
    (Role::From, Role::To),
    (Role::From, Role::In),
    (Role::Before, Role::After),
    (Role::To, Role::By),
    (Role::Over, Role::Under),
];
const WEAK: [Role; 5] = [Role::Of, Role::For, Role::In, Role::With, Role::About];

impl Role {
    /// Whether its preposition says something by itself, so that a question with it is another than one without.
    pub(crate) fn has_content(self) -> bool {
        matches!(self, Self::Before | Self::After | Self::Over | Self::Under | Self::Instead | Self::Against)
    }
}

/// The role that a preposition gives.
pub(crate) fn role_of(word: &str) -> Option<Role> {
    Some(match word {
        "from" | "out-of" => Role::From,
        "to" | "into" | "onto" | "towards" | "toward" => Role::To,
        "by" => Role::By,
        "before" | "until" | "till" => Role::Before,
        "after" | "since" => Role::After,
        "than" => Role::Than,
        "over" => Role::Over,
        "under" | "underneath" | "beneath" => Role::Under,
        "instead-of" => Role::Instead,
        "against" => Role::Against,
        "of" => Role::Of,
        "for" => Role::For,
        "in" | "on" | "at" | "inside" | "within" => Role::In,
        "with" => Role::With,
        "about" | "regarding" | "concerning" => Role::About,
        _ => return None,
    })
}

/// How the content of a question hangs together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Structure {
    /// The content in the order of the question.
    pub(crate) items: Vec<Item>,
    /// The prepositions that occur, sorted, whether they govern something or not.
    pub(crate) prepositions: Vec<Role>,
}

/// What tells two structures apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turned {
    Direction,
    Order,
}

/// Whether the same words play other parts.
pub(crate) fn turned(a: &Structure, b: &Structure) -> Option<Turned> {
    if OPPOSITE.iter().any(|(one, other)| opposed(a, b, *one, *other) || opposed(b, a, *one, *other)) {
        return Some(Turned::Direction);
    }
    if STRONG.iter().any(|role| elsewhere(a, b, *role)) {
        return Some(Turned::Order);
    }
    let exchanged = STRONG.iter().chain(&WEAK).any(|role| exchanged(a, b, *role));
    (exchanged || reversed(a, b)).then_some(Turned::Order)
}

impl Structure {
    fn has(&self, key: &str) -> bool {
        self.items.iter().any(|item| item.key == key)
    }

    fn governed(&self, role: Role) -> impl Iterator<Item = &str> {
        self.items.iter().filter(move |item| item.role == Some(role)).map(|item| item.key.as_str())
    }

    /// What stands after no preposition and occurs once, with its place.
    fn bare(&self) -> Vec<(usize, &Item)> {
        let once = |item: &Item| self.items.iter().filter(|other| other.key == item.key).count() == 1;
        self.items.iter().enumerate().filter(|(_, item)| item.role.is_none() && once(item)).collect()
    }

    fn governs(&self, role: Role, key: &str) -> bool {
        self.governed(role).any(|governed| governed == key)
    }
}

/// A word that stands after one preposition here and after its opposite there.
fn opposed(a: &Structure, b: &Structure, one: Role, other: Role) -> bool {
    a.governed(one).any(|key| b.governs(other, key) && !b.governs(one, key) && !a.governs(other, key))
}

/// A preposition that both have, before other words of the same questions.
fn elsewhere(a: &Structure, b: &Structure, role: Role) -> bool {
    let both = a.prepositions.contains(&role) && b.prepositions.contains(&role);
    let shared = a.governed(role).any(|key| b.governs(role, key));
    both && !shared && (a.governed(role).any(|key| b.has(key)) || b.governed(role).any(|key| a.has(key)))
}

/// Two words, each of which has this role in one question only.
fn exchanged(a: &Structure, b: &Structure, role: Role) -> bool {
    let only = |a: &Structure, b: &Structure| {
        let full = a.items.iter().filter(|item| item.role == Some(role) && item.weight != Weight::Filler);
        full.into_iter().any(|item| b.has(&item.key) && !b.governs(role, &item.key))
    };
    only(a, b) && only(b, a)
}

/// "A manages B" and "B manages A": two words without a preposition that stand the other way round about a third.
fn reversed(a: &Structure, b: &Structure) -> bool {
    let (of_a, of_b) = (a.bare(), b.bare());
    let in_b = |key: &str| of_b.iter().find(|(_, item)| item.key == key);
    of_a.iter().enumerate().any(|(index, (first_at, first))| {
        of_a.iter().skip(index + 1).any(|(second_at, second)| {
            let (Some((one_at, one)), Some((two_at, two))) = (in_b(&first.key), in_b(&second.key)) else {
                return false;
            };
            // "A and B" says the same as "B and A".
            let joined = first.group == second.group || one.group == two.group;
            let between = |structure: &'_ Structure, from: usize, to: usize| -> Vec<String> {
                structure.items.iter().take(to).skip(from + 1).map(|item| item.key.clone()).collect()
            };
            let pivots = between(b, *two_at, *one_at);
            !joined && two_at < one_at && between(a, *first_at, *second_at).iter().any(|pivot| pivots.contains(pivot))
        })
    })
}
