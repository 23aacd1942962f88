//! The content of a question: the words that say what it is about, and the part each plays.

use serde::{Deserialize, Serialize};

use crate::kind::{is_participle, is_pronoun};
use crate::lexicon::{Place, Weight, lexicon};
use crate::negation::{ANY, fronted, negation};
use crate::numbers::{Numbers, Read};
use crate::roles::{Role, Structure, role_of};
use crate::words::{Shape, Word};

/// A content word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    /// What it is compared by.
    pub(crate) key: String,
    /// The preposition before it.
    pub(crate) role: Option<Role>,
    /// Words joined by "and" or "or" have the same number.
    pub(crate) group: usize,
    pub(crate) weight: Weight,
}

/// A place that a question takes on an axis.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Pole {
    pub(crate) axis: String,
    pub(crate) place: String,
    pub(crate) graded: bool,
    /// The word after it: "thing" in "the best thing". Empty if there is none.
    pub(crate) follower: String,
}

/// What the words of a question say, but for numbers and kind.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) structure: Structure,
    pub(crate) poles: Vec<Pole>,
    pub(crate) negations: Vec<String>,
    pub(crate) times: Vec<String>,
    pub(crate) quantities: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) identifiers: Vec<String>,
    pub(crate) focus: Vec<String>,
    pub(crate) undergone: Vec<String>,
    pub(crate) personal: bool,
}

/// Reads the content of a question.
pub(crate) fn read(words: &[Word], numbers: &Numbers) -> Content {
    let mut reader = Reader::default();
    for (at, word) in words.iter().enumerate() {
        match numbers.read.get(at) {
            Some(Read::Measure) => reader.after_number(),
            Some(Read::Unit(name)) => reader.unit(name),
            _ => reader.word(words, at, word),
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    content: Content,
    role: Option<Role>,
    /// Whether content has followed the preposition or the question word.
    filled: bool,
    group: usize,
    /// A negation that waits for what it negates.
    negated: usize,
    focusing: bool,
    /// "I am", "you be", "we get": what follows happens to the person.
    undergoing: bool,
    /// From which pole on the poles wait for the word after them.
    following: usize,
}

impl Reader {
    fn after_number(&mut self) {
        self.filled = true;
        self.focusing = false;
    }

    /// A unit without a number: compared as such, but it has its part in the sentence.
    fn unit(&mut self, name: &str) {
        let (role, group) = (self.role, self.group);
        let item = Item { key: name.to_owned(), role, group, weight: Weight::Filler };
        self.content.structure.items.push(item);
        self.filled = true;
        self.focusing = false;
        self.group += 1;
    }

    fn word(&mut self, words: &[Word], at: usize, word: &Word) {
        let undergoing = self.person(words, at);
        if word.first {
            self.role = None;
        }
        let lexicon = lexicon();
        let text = word.text.as_str();
        self.undergoing |= undergoing;
        let acronym = word.shape == Shape::Name && word.written.len() > 1 && !word.written.contains(char::is_lowercase);
        if word.quoted || acronym || word.shape == Shape::Code {
            return self.item(word);
        }
        if let Some(rest) = negation(text) {
            if rest.is_empty() {
                if fronted(words, at) {
                    self.content.negations.push(ANY.to_owned());
                } else {
                    self.negated += 1;
                }
                self.role = None;
                return;
            }
            self.negated += 1;
            let inner = Word { text: rest.to_owned(), ..word.clone() };
            return self.item(&inner);
        }
        let last = words.get(at + 1).is_none_or(|next| next.first);
        // "How long does it last?"
        let how_long =
            || words.windows(2).any(|pair| matches!(pair, [how, long] if how.text == "how" && long.text == "long"));
        if last && text == "last" && how_long() {
            return;
        }
        let written = if word.first { text } else { word.written.as_str() };
        if let Some(time) = lexicon.time(text, written) {
            self.content.times.push(time.to_owned());
            return;
        }
        if matches!(text, "many" | "much")
            && at.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|how| how.text == "how")
        {
            self.focusing = true;
            return;
        }
        if let Some(quantity) = lexicon.quantity(text) {
            self.content.quantities.push(quantity.to_owned());
            return;
        }
        let bound = match text {
            "over" | "above" | "beyond" => "more-than",
            "under" | "below" => "less-than",
            _ => "",
        };
        if !bound.is_empty() && crate::numbers::begins(words, at + 1) {
            self.place(lexicon.places(bound));
            return;
        }
        self.conjunction(text);
        if matches!(text, "vs" | "versus") {
            self.item(&Word { text: "difference".to_owned(), shape: Shape::Plain, ..word.clone() });
            return;
        }
        if let Some(role) = role_of(text) {
            // "Turn the heating on", but not "which floor is it on".
            let particle =
                last && !words.iter().any(|word| matches!(word.text.as_str(), "which" | "what" | "who" | "whom"));
            if particle && matches!(text, "on" | "in") || role.has_content() {
                self.item(word);
            }
            self.preposition(words, at, role);
            self.group += 1;
        } else if lexicon.is_function(text) {
            self.function(text);
        } else {
            self.item(word);
        }
    }

    /// Notes the person that a question is about, and whether the next word tells what happens to that person.
    fn person(&mut self, words: &[Word], at: usize) -> bool {
        let text =
            |back: usize| at.checked_sub(back).and_then(|at| words.get(at)).map_or("", |word| word.text.as_str());
        let be = |word: &str| {
            matches!(word, "be" | "been" | "being" | "get" | "gets" | "got" | "am" | "are" | "was" | "were")
        };
        let person = (1..4).any(|back| is_pronoun(text(back)));
        self.content.personal |= is_pronoun(text(0));
        let happens = (be(text(1)) && person) || (is_pronoun(text(1)) && be(text(2)));
        happens && is_participle(text(0))
    }

    fn preposition(&mut self, words: &[Word], at: usize, role: Role) {
        self.focusing = false;
        let before = at.checked_sub(1).and_then(|before| words.get(before)).map_or("", |word| word.text.as_str());
        // "How to" is no direction.
        if role == Role::To && matches!(before, "how" | "what" | "where" | "when") {
            self.role = None;
            return;
        }
        // Of several "to", the last is the one that leads somewhere: "I want to go to Rome".
        if role == Role::To {
            for item in self.content.structure.items.iter_mut().filter(|item| item.role == Some(Role::To)) {
                item.role = None;
            }
        }
        self.role = Some(role);
        self.filled = false;
        self.content.structure.prepositions.push(role);
    }

    fn conjunction(&mut self, text: &str) {
        if !matches!(text, "and" | "or" | "vs" | "versus") {
            return;
        }
        // The word before it and the one after it are of one group.
        if let Some(last) = self.content.structure.items.last() {
            self.group = last.group;
        }
    }

    fn function(&mut self, text: &str) {
        match text {
            "and" | "or" | "vs" | "versus" => {}
            "what" | "which" => self.focusing = true,
            "a" | "an" | "the" | "my" | "your" | "our" | "his" | "her" | "their" | "its" | "this" | "that"
            | "these" | "those" | "some" | "any" | "one" => {
                self.focusing = false;
                self.group += 1;
                if self.filled {
                    self.role = None;
                }
            }
            _ => {
                self.focusing = false;
                self.role = None;
                self.group += 1;
            }
        }
    }

    fn item(&mut self, word: &Word) {
        let undergone = std::mem::take(&mut self.undergoing);
        let lexicon = lexicon();
        let looked = lexicon.look_up(&word.text);
        let (key, weight) = match (word.shape, word.quoted) {
            (Shape::Code, _) if !word.text.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                (word.text.clone(), Weight::Full)
            }
            (Shape::Plain, false) if word.text == "new" && self.makes_new() => (looked.key, Weight::Filler),
            (Shape::Plain, false) => (looked.key, looked.weight),
            _ => (looked.key, Weight::Full),
        };
        if weight != Weight::Filler {
            for _ in 0..std::mem::take(&mut self.negated) {
                self.content.negations.push(key.clone());
            }
        }
        for pole in self.content.poles.iter_mut().skip(self.following) {
            pole.follower.clone_from(&key);
        }
        if word.shape == Shape::Code || word.quoted {
            self.content.identifiers.push(key.clone());
        } else if word.shape == Shape::Name {
            self.content.names.push(key.clone());
        }
        self.following = self.content.poles.len();
        self.place(looked.places);
        if self.focusing {
            self.content.focus.push(key.clone());
        }
        if undergone {
            self.content.undergone.push(key.clone());
        }
        if word.paused {
            self.group += 1;
        }
        let (role, group) = (self.role, self.group);
        self.content.structure.items.push(Item { key, role, group, weight });
        self.filled = true;
        self.group += 1;
    }

    /// Whether what comes next is new in any case: "create a (new) user".
    fn makes_new(&self) -> bool {
        let last = self.content.structure.items.last().map(|item| item.key.as_str());
        matches!(
            last,
            Some("create" | "start" | "add" | "make" | "order" | "request" | "ask" | "open" | "get" | "hire")
        )
    }

    fn place(&mut self, places: &[Place]) {
        self.content.poles.extend(places.iter().map(|place| Pole {
            axis: place.axis.to_owned(),
            place: place.name.to_owned(),
            graded: place.graded || matches!(place.axis, "bound" | "limit" | "rank"),
            follower: String::new(),
        }));
    }

    fn finish(mut self) -> Content {
        let content = &mut self.content;
        for _ in 0..self.negated {
            content.negations.push(String::new());
        }
        let lists = [
            &mut content.negations,
            &mut content.times,
            &mut content.quantities,
            &mut content.names,
            &mut content.identifiers,
            &mut content.focus,
            &mut content.undergone,
        ];
        for list in lists {
            list.sort();
        }
        content.poles.sort();
        content.poles.dedup();
        content.structure.prepositions.sort_unstable();
        content.structure.prepositions.dedup();
        self.content
    }
}
