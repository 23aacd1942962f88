//! What a question says that must agree.

use serde::{Deserialize, Serialize};

use crate::content::{self, Pole};
use crate::kind::{self, Kind, Mood, Tense};
use crate::numbers::{self, Measure};
use crate::roles::Structure;
use crate::words;

/// What a question says that must agree before its answer answers another question: numbers, units, negations, and so on.
/// It is made from the text alone, and can be stored beside an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    pub(crate) measures: Vec<Measure>,
    pub(crate) units: Vec<String>,
    pub(crate) negations: Vec<String>,
    pub(crate) poles: Vec<Pole>,
    pub(crate) times: Vec<String>,
    pub(crate) tense: Tense,
    /// "What would happen if …"
    pub(crate) conditional: bool,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) asked_acts: Option<bool>,
    pub(crate) focus: Vec<String>,
    /// What happens to the person that the question is about: "paid" in "do I get paid".
    pub(crate) undergone: Vec<String>,
    pub(crate) personal: bool,
    pub(crate) moods: Vec<Mood>,
    pub(crate) quantities: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) identifiers: Vec<String>,
    pub(crate) structure: Structure,
}

impl Signature {
    /// Reads a question.
    #[must_use]
    pub fn of(question: &str) -> Self {
        let words = words::read(question);
        let numbers = numbers::read(&words);
        let content = content::read(&words, &numbers);
        let kinds = kind::kinds(&words, &content.structure);
        Self {
            tense: kind::tense(&words, &kinds),
            moods: kind::moods(&words),
            asked_acts: kind::asked_acts(&words),
            kinds,
            conditional: words.iter().any(|word| matches!(word.text.as_str(), "if" | "happen" | "happens")),
            measures: numbers.measures,
            units: numbers.units,
            negations: content.negations,
            poles: content.poles,
            times: content.times,
            focus: content.focus,
            undergone: content.undergone,
            personal: content.personal,
            quantities: content.quantities,
            names: content.names,
            identifiers: content.identifiers,
            structure: content.structure,
        }
    }
}
