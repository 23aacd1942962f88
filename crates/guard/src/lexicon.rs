//! The words that the guard knows, read once from the tables in `lexicon/`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};

/// A place on an axis of meaning, such as "import" on the axis from import to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) axis: &'static str,
    /// The first word of those that stand here.
    pub(crate) name: &'static str,
    /// Whether the axis has degrees, as "long, longer, longest".
    pub(crate) graded: bool,
}

/// How much a content word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Weight {
    /// It changes no answer.
    Filler,
    /// It may change one, where another word stands in its place.
    Light,
    /// The question is about it.
    Full,
}

/// A content word as the tables have it.
#[derive(Clone, Debug)]
pub(crate) struct Looked<'a> {
    /// What it is compared by: the name of its group, or its stem.
    pub(crate) key: String,
    pub(crate) weight: Weight,
    pub(crate) places: &'a [Place],
}

/// A unit of measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    /// Whether the word means it only beside a number: "5 min", "8 am".
    pub(crate) beside_number: bool,
}

/// A phrase that is read as other words.
#[derive(Debug)]
pub(crate) struct Phrase {
    pub(crate) from: Vec<&'static str>,
    pub(crate) to: Vec<&'static str>,
}

/// All tables.
#[derive(Debug)]
pub(crate) struct Lexicon {
    function: HashSet<&'static str>,
    weights: HashMap<String, Weight>,
    unlike: HashSet<&'static str>,
    synonyms: HashMap<String, &'static str>,
    places: HashMap<String, Vec<Place>>,
    units: HashMap<&'static str, Unit>,
    times: HashMap<&'static str, &'static str>,
    quantities: HashMap<&'static str, &'static str>,
    small_numbers: HashMap<&'static str, f64>,
    factors: HashMap<&'static str, f64>,
    contractions: HashMap<&'static str, &'static str>,
    phrases: HashMap<&'static str, Vec<Phrase>>,
    /// The circles of near words that a word stands in.
    near: HashMap<String, Vec<usize>>,
    implied: HashMap<String, Vec<String>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::read);
static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// The tables.
pub(crate) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

impl Lexicon {
    fn read() -> Self {
        let mut read = Self {
            function: words(include_str!("../lexicon/function.txt")).collect(),
            weights: HashMap::new(),
            unlike: words(include_str!("../lexicon/unlike.txt")).collect(),
            synonyms: HashMap::new(),
            places: HashMap::new(),
            units: HashMap::new(),
            times: named(include_str!("../lexicon/time.txt")),
            quantities: named(include_str!("../lexicon/quantity.txt")),
            small_numbers: HashMap::new(),
            factors: HashMap::new(),
            contractions: replacements(include_str!("../lexicon/contractions.txt")).collect(),
            phrases: HashMap::new(),
            near: HashMap::new(),
            implied: HashMap::new(),
        };
        for line in lines(include_str!("../lexicon/antonyms.txt")) {
            read.add_axis(line);
        }
        for line in lines(include_str!("../lexicon/synonyms.txt")) {
            let name = line.split_whitespace().next().unwrap_or_default();
            for word in line.split_whitespace() {
                let stem = read.stem(word).into_owned();
                read.synonyms.entry(stem).or_insert(name);
            }
        }
        for line in lines(include_str!("../lexicon/units.txt")) {
            let Some((name, words)) = line.split_once(':') else { continue };
            for (part, words) in words.split('|').enumerate() {
                for word in words.split_whitespace() {
                    read.units.entry(word).or_insert(Unit { name, beside_number: part > 0 });
                }
            }
        }
        for (word, value) in named(include_str!("../lexicon/numbers.txt")) {
            let (numbers, value) = match value.strip_prefix("x ") {
                Some(factor) => (&mut read.factors, factor),
                None => (&mut read.small_numbers, value),
            };
            numbers.extend(value.parse().ok().map(|value: f64| (word, value)));
        }
        for (from, to) in replacements(include_str!("../lexicon/phrases.txt")) {
            let from: Vec<_> = from.split_whitespace().collect();
            let Some(first) = from.first() else { continue };
            let phrase = Phrase { to: to.split_whitespace().collect(), from: from.clone() };
            read.phrases.entry(first).or_default().push(phrase);
        }
        for phrases in read.phrases.values_mut() {
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.from.len()));
        }
        for line in lines(include_str!("../lexicon/light.txt")) {
            let Some((weight, words)) = line.split_once(':') else { continue };
            let weight = if weight == "filler" { Weight::Filler } else { Weight::Light };
            for word in words.split_whitespace() {
                let stem = read.stem(word).into_owned();
                read.weights.entry(stem).or_insert(weight);
            }
        }
        read.add_near();
        read
    }

    /// Near and implied words, by the keys of what the other tables make of them.
    fn add_near(&mut self) {
        for (circle, line) in lines(include_str!("../lexicon/near.txt")).enumerate() {
            for word in line.split_whitespace() {
                let key = self.look_up(word).key;
                self.near.entry(key).or_default().push(circle);
            }
        }
        for line in lines(include_str!("../lexicon/implied.txt")) {
            let Some((word, beside)) = line.split_once(':') else { continue };
            let keys: Vec<String> = beside.split_whitespace().map(|word| self.look_up(word).key).collect();
            let key = self.look_up(word).key;
            self.implied.entry(key).or_default().extend(keys);
        }
    }

    /// `name: pole | pole`, and for an axis with degrees `name~: base / comparative / superlative | …`.
    fn add_axis(&mut self, line: &'static str) {
        let Some((axis, poles)) = line.split_once(':') else { return };
        let graded = axis.ends_with('~');
        for group in poles.split(['|', '/']) {
            let Some(name) = group.split_whitespace().next() else { continue };
            let place = Place { axis: axis.trim_end_matches('~'), name, graded };
            for word in group.split_whitespace() {
                // Degrees are told by the ending, which a stem may not have: "later" is not "late".
                let keys =
                    if graded { vec![word.to_owned()] } else { vec![word.to_owned(), self.stem(word).into_owned()] };
                for key in keys {
                    let places = self.places.entry(key).or_default();
                    if !places.iter().any(|known| known.axis == place.axis) {
                        places.push(place);
                    }
                }
            }
        }
    }

    /// Whether a (lower-case) word carries grammar and no content.
    pub(crate) fn is_function(&self, word: &str) -> bool {
        self.function.contains(word)
    }

    /// Looks a (lower-case) content word up.
    pub(crate) fn look_up(&self, word: &str) -> Looked<'_> {
        let stem = self.stem(word);
        let places = self.places.get(word).or_else(|| self.places.get(stem.as_ref())).map_or(&[][..], Vec::as_slice);
        let weight = self.weights.get(stem.as_ref()).copied().unwrap_or(Weight::Full);
        let key = match (places.first(), self.synonyms.get(stem.as_ref())) {
            (Some(place), _) => place.name.to_owned(),
            (None, Some(name)) => (*name).to_owned(),
            (None, None) => stem.into_owned(),
        };
        Looked { key, weight, places }
    }

    /// Whether two keys are of words with nearly one meaning.
    pub(crate) fn is_near(&self, one: &str, other: &str) -> bool {
        let circles = |key: &str| self.near.get(key).map_or(&[][..], Vec::as_slice);
        circles(one).iter().any(|circle| circles(other).contains(circle))
    }

    /// The keys of the words beside which a word may be left out.
    pub(crate) fn implied_by(&self, key: &str) -> &[String] {
        self.implied.get(key).map_or(&[], Vec::as_slice)
    }

    /// The places of a word on the axes that have it.
    pub(crate) fn places(&self, word: &str) -> &[Place] {
        self.places.get(word).map_or(&[], Vec::as_slice)
    }

    /// The unit that a word names.
    pub(crate) fn unit(&self, word: &str) -> Option<Unit> {
        self.units.get(word).copied()
    }

    /// The time that a word names, as written: "March" is a month and "march" is not.
    pub(crate) fn time(&self, lower: &str, written: &str) -> Option<&'static str> {
        self.times.get(lower).or_else(|| self.times.get(written)).copied()
    }

    /// The quantity that a word names, such as "all" for "every".
    pub(crate) fn quantity(&self, word: &str) -> Option<&'static str> {
        self.quantities.get(word).copied()
    }

    /// The value of a number word that is added to others: "twenty", "five".
    pub(crate) fn small_number(&self, word: &str) -> Option<f64> {
        self.small_numbers.get(word).copied()
    }

    /// What a number word multiplies: "hundred", "million".
    pub(crate) fn factor(&self, word: &str) -> Option<f64> {
        self.factors.get(word).copied()
    }

    /// The words of a contraction that is written without its apostrophe.
    pub(crate) fn contraction(&self, word: &str) -> Option<&'static str> {
        self.contractions.get(word).copied()
    }

    /// The phrases that begin with a word, longest first.
    pub(crate) fn phrases(&self, first: &str) -> &[Phrase] {
        self.phrases.get(first).map_or(&[], Vec::as_slice)
    }

    fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        match american(word) {
            Some(word) => Cow::Owned(self.stem_american(&word).into_owned()),
            None => self.stem_american(word),
        }
    }

    fn stem_american<'a>(&self, word: &'a str) -> Cow<'a, str> {
        // A stemmer takes "capitalism" and "capitalist" for "capital".
        let singular = word.strip_suffix('s').unwrap_or(word);
        if singular.ends_with("ism") || singular.ends_with("ist") {
            return Cow::Borrowed(singular);
        }
        if word.bytes().any(|byte| !byte.is_ascii_lowercase()) || self.unlike.contains(word) {
            return Cow::Borrowed(word);
        }
        if let Some(base) = word.strip_suffix("ies") {
            let singular = format!("{base}y");
            if self.unlike.contains(singular.as_str()) {
                return Cow::Owned(singular);
            }
        }
        match word.strip_suffix('s') {
            Some(singular) if self.unlike.contains(singular) => Cow::Borrowed(singular),
            _ => STEMMER.stem(word),
        }
    }
}

/// British endings as they are spelled in America. Which words exist does not matter: "exercize" is compared with itself.
fn american(word: &str) -> Option<String> {
    const ENDINGS: [(&str, &str); 16] = [
        ("isation", "ization"),
        ("isations", "izations"),
        ("ising", "izing"),
        ("ise", "ize"),
        ("ised", "ized"),
        ("ises", "izes"),
        ("yse", "yze"),
        ("ysed", "yzed"),
        ("our", "or"),
        ("ours", "ors"),
        ("oured", "ored"),
        ("ouring", "oring"),
        ("ogue", "og"),
        ("ogues", "ogs"),
        ("tre", "ter"),
        ("tres", "ters"),
    ];
    let mut endings = ENDINGS.iter().filter(|_| word.len() > 5);
    endings.find_map(|(british, american)| word.strip_suffix(british).map(|base| format!("{base}{american}")))
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn words(table: &'static str) -> impl Iterator<Item = &'static str> {
    lines(table).flat_map(str::split_whitespace)
}

fn named(table: &'static str) -> HashMap<&'static str, &'static str> {
    let named = |line: &'static str| line.split_once(':').map(|(name, words)| (name, words.split_whitespace()));
    lines(table).filter_map(named).flat_map(|(name, words)| words.map(move |word| (word, name))).collect()
}

fn replacements(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(table).filter_map(|line| line.split_once("=>")).map(|(from, to)| (from.trim(), to.trim()))
}
