//! What tells two questions apart.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::content::Pole;
use crate::kind::{Kind, Mood, Tense};
use crate::negation::ANY;
use crate::overlap::Rest;
use crate::roles::{self, Turned};
use crate::signature::Signature;

/// Why two questions are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Other code-like words or quotations.
    Identifiers,
    /// Other numbers, or the same in another order.
    Numbers,
    /// Other units of measure.
    Units,
    /// One denies what the other does not.
    Negation,
    /// Opposite directions or opposite words.
    Direction,
    /// Another degree or bound: more and most, at least and at most, first and last.
    Comparison,
    /// Another quantity: all, only, both, half.
    Quantity,
    /// Another day, date or tense.
    Time,
    /// Another kind of answer is wanted: who, when, how many.
    Kind,
    /// A duty, a permission or an advice.
    Modality,
    /// Other names.
    Names,
    /// The same words in other parts.
    Order,
    /// Each speaks of something that the other does not.
    Content,
}

impl Difference {
    /// Every difference, in the order in which they are looked for.
    pub const ALL: [Self; 13] = [
        Self::Identifiers,
        Self::Numbers,
        Self::Units,
        Self::Negation,
        Self::Direction,
        Self::Comparison,
        Self::Quantity,
        Self::Time,
        Self::Kind,
        Self::Modality,
        Self::Names,
        Self::Order,
        Self::Content,
    ];

    /// Its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identifiers => "identifiers",
            Self::Numbers => "numbers",
            Self::Units => "units",
            Self::Negation => "negation",
            Self::Direction => "direction",
            Self::Comparison => "comparison",
            Self::Quantity => "quantity",
            Self::Time => "time",
            Self::Kind => "kind",
            Self::Modality => "modality",
            Self::Names => "names",
            Self::Order => "order",
            Self::Content => "content",
        }
    }

    fn holds(self, a: &Signature, b: &Signature) -> bool {
        match self {
            Self::Identifiers => lacks(&a.identifiers, b) || lacks(&b.identifiers, a),
            Self::Numbers => a.measures != b.measures,
            Self::Units => a.units != b.units,
            Self::Negation => other_negation(a, b),
            Self::Direction => {
                opposed(a, b, false) || roles::turned(&a.structure, &b.structure) == Some(Turned::Direction)
            }
            Self::Comparison => opposed(a, b, true),
            Self::Quantity => a.quantities != b.quantities,
            Self::Time => a.times != b.times || other_tense(a, b),
            Self::Kind => other_kind(a, b),
            Self::Modality => other_mood(a, b),
            Self::Names => lacks(&a.names, b) || lacks(&b.names, a),
            Self::Order => {
                roles::turned(&a.structure, &b.structure) == Some(Turned::Order)
                    || other_part(a, b)
                    || other_part(b, a)
                    || matches!((a.asked_acts, b.asked_acts), (Some(one), Some(other)) if one != other)
            }
            Self::Content => Rest::of(a, b).is_exchange(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identifiers => "they name other identifiers or quote other words",
            Self::Numbers => "their numbers differ",
            Self::Units => "their units differ",
            Self::Negation => "one denies what the other does not",
            Self::Direction => "they go in opposite directions",
            Self::Comparison => "they compare differently",
            Self::Quantity => "they ask about another quantity",
            Self::Time => "they ask about another time",
            Self::Kind => "they want another kind of answer",
            Self::Modality => "one asks about a duty, the other about a possibility",
            Self::Names => "they name different things",
            Self::Order => "the same words play other parts",
            Self::Content => "each speaks of something that the other does not",
        })
    }
}

/// The first thing that tells two questions apart, or `None` if nothing does that is known here.
#[must_use]
pub fn difference(a: &Signature, b: &Signature) -> Option<Difference> {
    Difference::ALL.into_iter().find(|difference| difference.holds(a, b))
}

/// Whether one of these words is nowhere in the other question.
fn lacks(keys: &[String], other: &Signature) -> bool {
    !keys.iter().all(|key| other.structure.items.iter().any(|item| item.key == *key))
}

/// Whether they take different places on an axis that both are on.
fn opposed(a: &Signature, b: &Signature, graded: bool) -> bool {
    let places = |signature: &'_ Signature, axis: &str| -> Vec<Pole> {
        signature.poles.iter().filter(|pole| pole.axis == axis).cloned().collect()
    };
    a.poles.iter().filter(|pole| pole.graded == graded).any(|pole| {
        let (ours, theirs) = (places(a, &pole.axis), places(b, &pole.axis));
        let has = |poles: &[Pole], place: &str| poles.iter().any(|pole| pole.place == place);
        let other = !theirs.is_empty()
            && (ours.iter().any(|pole| !has(&theirs, &pole.place))
                || theirs.iter().any(|pole| !has(&ours, &pole.place)));
        // "The best thing … the worst experience" and "the worst thing … the best experience".
        let at = |poles: &[Pole], place: &str, follower: &str| {
            poles.iter().any(|pole| pole.place == place && pole.follower == follower)
        };
        let swapped = !pole.follower.is_empty()
            && theirs.iter().any(|their| {
                their.follower == pole.follower
                    && their.place != pole.place
                    && !at(&theirs, &pole.place, &pole.follower)
                    && !at(&ours, &their.place, &pole.follower)
            });
        other || swapped
    })
}

fn other_kind(a: &Signature, b: &Signature) -> bool {
    // Keywords without a question word can only ask what or how.
    let open = |kinds: &[Kind]| matches!(kinds, [] | [Kind::What | Kind::How]);
    let stated = a.kinds.is_empty() || b.kinds.is_empty();
    let kinds = if stated { !(open(&a.kinds) && open(&b.kinds)) } else { a.kinds != b.kinds };
    let focus = !a.focus.is_empty() && !b.focus.is_empty() && !a.focus.iter().any(|key| b.focus.contains(key));
    kinds || focus
}

fn other_negation(a: &Signature, b: &Signature) -> bool {
    let rest = |a: &Signature, b: &Signature| {
        a.negations.iter().filter(|key| *key != ANY && !b.negations.contains(key)).count()
    };
    let open = |signature: &Signature| signature.negations.iter().filter(|key| *key == ANY).count();
    a.negations.len() != b.negations.len() || rest(a, b) > open(b) || rest(b, a) > open(a)
}

/// "Do I pay?" and "do I get paid?"
fn other_part(a: &Signature, b: &Signature) -> bool {
    let acts = |key: &String| !b.undergone.contains(key) && b.structure.items.iter().any(|item| item.key == *key);
    b.personal && a.undergone.iter().any(acts)
}

fn other_tense(a: &Signature, b: &Signature) -> bool {
    // When something happens, how long it takes and how one does it are asked in the present and in the future alike.
    let timeless = |signature: &Signature| {
        matches!(signature.kinds[..], [Kind::When | Kind::How | Kind::HowLong]) || signature.conditional
    };
    let future = |tense| if tense == Tense::Future && timeless(a) && timeless(b) { Tense::Present } else { tense };
    future(a.tense) != future(b.tense)
}

fn other_mood(a: &Signature, b: &Signature) -> bool {
    if a.moods == b.moods {
        return false;
    }
    let has = |mood| (a.moods.contains(&mood), b.moods.contains(&mood));
    let (must, may, should) = (has(Mood::Must), has(Mood::May), has(Mood::Should));
    let differs = |pair: (bool, bool)| pair.0 != pair.1;
    if [a, b].iter().any(|signature| signature.kinds.contains(&Kind::YesNo)) {
        return differs(must) || differs(should) || differs(may);
    }
    if [a, b].iter().any(|signature| signature.kinds == [Kind::How]) {
        // How one does, can or should do a thing is one question.
        return differs(must) && differs(may);
    }
    // What one can do and what one should do is one question; what one must do is another.
    if [a, b].iter().any(|signature| signature.kinds == [Kind::What]) {
        return differs(must) && differs(may);
    }
    differs(must) && differs(may) || differs(should) && differs(may)
}
