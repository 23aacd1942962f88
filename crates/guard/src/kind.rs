//! The kind of answer that a question wants, its mood, and its tense.

use serde::{Deserialize, Serialize};

use crate::lexicon::lexicon;
use crate::roles::Structure;
use crate::words::Word;

/// The kind of answer wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    What,
    /// What something is for: "what is it used for".
    Purpose,
    Who,
    Whose,
    When,
    Where,
    Why,
    How,
    HowMany,
    HowMuch,
    HowLong,
    HowOften,
    HowFar,
    HowOld,
    /// "How large", "how safe": a degree of something.
    HowOther,
    YesNo,
}

/// Whether something is asked about as a duty, a possibility or good advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mood {
    Must,
    May,
    Should,
}

/// The time of the first verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tense {
    Past,
    #[default]
    Present,
    Future,
}

/// The kinds of a question, each once, and the positions of the question words.
pub(crate) fn kinds(words: &[Word], structure: &Structure) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let starts: Vec<usize> =
        words.iter().enumerate().filter(|(at, word)| *at == 0 || word.first).map(|(at, _)| at).collect();
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(words.len());
        let Some(sentence) = words.get(*start..end) else { continue };
        // "Why?" after a question asks for no more than a good answer says.
        if *start > 0 && matches!(sentence, [why] if why.text == "why") {
            continue;
        }
        kinds.extend(kind_of(sentence).map(|kind| same_as(kind, sentence, structure)));
        // "…, and how do they …"
        let joined = (1..sentence.len()).filter(|at| {
            let before = sentence.get(at - 1).map(|word| word.text.as_str());
            matches!(before, Some("and" | "or")) || sentence.get(*at).is_some_and(|word| word.paused)
        });
        let asked = joined.filter(|at| !is_mere_why(sentence, *at));
        kinds.extend(asked.filter_map(|at| asks(sentence, at).filter(|_| !is_subordinate(sentence, at))));
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn kind_of(sentence: &[Word]) -> Option<Kind> {
    let first = sentence.first()?;
    if is_auxiliary(&first.text) {
        return Some(Kind::YesNo);
    }
    let asked = (0..sentence.len()).find_map(|at| asks(sentence, at).filter(|_| !is_subordinate(sentence, at)));
    let inverted = || {
        let pairs = sentence.windows(2);
        pairs
            .into_iter()
            .any(|pair| matches!(pair, [verb, subject] if is_auxiliary(&verb.text) && is_subject(&subject.text)))
    };
    let indirect = || (0..sentence.len()).find_map(|at| asks(sentence, at));
    asked.or_else(|| inverted().then_some(Kind::YesNo)).or_else(indirect)
}

/// "What are ways to …" asks how; "how is it like" and "how do they differ" ask what.
fn same_as(kind: Kind, sentence: &[Word], structure: &Structure) -> Kind {
    let texts = || sentence.iter().map(|word| word.text.as_str());
    let ways = |(at, text): (usize, &str)| {
        let next = sentence.get(at + 1).map_or("", |word| word.text.as_str());
        matches!(text, "way" | "ways" | "method" | "methods" | "steps" | "procedure")
            && matches!(next, "to" | "of" | "for" | "in")
    };
    match kind {
        Kind::What if texts().enumerate().take(9).any(ways) => Kind::How,
        Kind::What if asks_purpose(sentence) => Kind::Purpose,
        Kind::What if structure.items.iter().any(|item| item.key == "cost") => Kind::HowMuch,
        Kind::What if texts().next_back().is_some_and(|last| matches!(last, "period" | "duration")) => Kind::HowLong,
        Kind::How
            if texts().any(|text| text == "like") || structure.items.iter().any(|item| item.key == "difference") =>
        {
            Kind::What
        }
        kind => kind,
    }
}

/// "What is it for?", "what is it used for in surgery?", "what are its uses?", "what is its purpose?"
fn asks_purpose(sentence: &[Word]) -> bool {
    let text = |at: usize| sentence.get(at).map_or("", |word| word.text.as_str());
    (0..sentence.len()).any(|at| match text(at) {
        "for" => at + 1 == sentence.len() || text(at.wrapping_sub(1)) == "used",
        "uses" | "purpose" | "purposes" => true,
        _ => false,
    })
}

/// "When I travel, …": no question, because no verb stands before the subject.
fn is_subordinate(sentence: &[Word], at: usize) -> bool {
    let text = |at: usize| sentence.get(at).map_or("", |word| word.text.as_str());
    matches!(text(at), "when" | "where" | "how")
        && is_subject(text(at + 1))
        && at + 2 < sentence.len()
        && text(at) == "when"
}

/// "…, why?"
fn is_mere_why(sentence: &[Word], at: usize) -> bool {
    at + 1 == sentence.len() && sentence.get(at).is_some_and(|word| word.text == "why")
}

/// The kind that is asked for by the word here.
fn asks(words: &[Word], at: usize) -> Option<Kind> {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    Some(match text(at) {
        "what" | "which" => Kind::What,
        "who" | "whom" => Kind::Who,
        "whose" => Kind::Whose,
        "when" => Kind::When,
        "where" => Kind::Where,
        "why" => Kind::Why,
        "how" => match text(at + 1) {
            "many" => Kind::HowMany,
            "much" => Kind::HowMuch,
            "long" => Kind::HowLong,
            "often" => Kind::HowOften,
            "far" => Kind::HowFar,
            "old" => Kind::HowOld,
            next if is_degree(next) => Kind::HowOther,
            _ => Kind::How,
        },
        _ => return None,
    })
}

fn is_degree(word: &str) -> bool {
    matches!(
        word,
        "big"
            | "large"
            | "high"
            | "tall"
            | "small"
            | "fast"
            | "slow"
            | "soon"
            | "early"
            | "late"
            | "deep"
            | "wide"
            | "heavy"
            | "hot"
            | "cold"
            | "safe"
            | "good"
            | "bad"
            | "hard"
            | "difficult"
            | "easy"
            | "likely"
            | "common"
            | "important"
            | "expensive"
            | "strong"
            | "dangerous"
            | "accurate"
            | "reliable"
            | "effective"
            | "quickly"
            | "well"
            | "close"
    )
}

pub(crate) fn is_auxiliary(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "am"
            | "was"
            | "were"
            | "do"
            | "does"
            | "did"
            | "has"
            | "have"
            | "had"
            | "can"
            | "could"
            | "may"
            | "might"
            | "must"
            | "shall"
            | "should"
            | "will"
            | "would"
            | "is-it-true"
    )
}

pub(crate) fn is_pronoun(word: &str) -> bool {
    matches!(word, "i" | "you" | "we" | "they" | "he" | "she")
}

fn is_subject(word: &str) -> bool {
    matches!(
        word,
        "i" | "you" | "we" | "he" | "she" | "it" | "they" | "there" | "one" | "my" | "the" | "a" | "an" | "people"
    )
}

/// The moods of a question, each once.
pub(crate) fn moods(words: &[Word]) -> Vec<Mood> {
    let mut moods: Vec<Mood> = words.iter().filter(|word| !word.quoted).filter_map(mood).collect();
    moods.sort_unstable();
    moods.dedup();
    moods
}

fn mood(word: &Word) -> Option<Mood> {
    match word.text.as_str() {
        "must" | "required" | "require" | "requires" | "mandatory" | "obligatory" | "compulsory" | "necessary"
        | "obliged" | "supposed" | "need" | "needed" | "needs" => Some(Mood::Must),
        "should" | "ought" | "advisable" => Some(Mood::Should),
        // The month is capitalised inside a sentence.
        "may" if word.first || word.written == "may" => Some(Mood::May),
        "can" | "could" | "able" | "allowed" | "permitted" | "possible" => Some(Mood::May),
        _ => None,
    }
}

/// The tense of a question.
pub(crate) fn tense(words: &[Word], kinds: &[Kind]) -> Tense {
    // "Is it going to rain?"
    if words.windows(2).any(|pair| matches!(pair, [going, to] if going.text == "going" && to.text == "to")) {
        return Tense::Future;
    }
    let first = words.iter().find_map(|word| match word.text.as_str() {
        "did" | "was" | "were" | "had" => Some(Tense::Past),
        "will" | "shall" => Some(Tense::Future),
        "is" | "are" | "am" | "do" | "does" | "has" | "have" | "can" | "could" | "must" | "should" | "would"
        | "may" => Some(Tense::Present),
        _ => None,
    });
    first.unwrap_or_else(|| {
        // "Who approved it?"
        let past = |word: &Word| (word.text.len() > 4 && word.text.ends_with("ed")) || is_irregular_past(&word.text);
        let after =
            words.iter().skip_while(|word| !matches!(word.text.as_str(), "who" | "what" | "which")).skip(1).take(2);
        if kinds.contains(&Kind::Who) && after.into_iter().any(past) { Tense::Past } else { Tense::Present }
    })
}

fn is_irregular_past(word: &str) -> bool {
    matches!(
        word,
        "wrote"
            | "made"
            | "built"
            | "won"
            | "led"
            | "ran"
            | "began"
            | "became"
            | "gave"
            | "took"
            | "bought"
            | "sold"
            | "paid"
            | "sent"
            | "taught"
            | "said"
            | "told"
            | "found"
            | "held"
            | "lost"
            | "met"
            | "left"
            | "spoke"
            | "chose"
            | "drove"
    )
}

/// Whether what is asked for acts ("Who taught Plato?", "Which apps call it?") or is acted upon ("Who did Plato teach?",
/// "Which apps does it call?"), where that shows.
pub(crate) fn asked_acts(words: &[Word]) -> Option<bool> {
    let asked = |word: &Word| matches!(word.text.as_str(), "who" | "whom" | "which" | "what");
    let after = words.iter().position(asked)? + 1;
    let rest = words.get(after..).filter(|rest| !rest.is_empty())?;
    match rest.iter().position(|word| is_auxiliary(&word.text)) {
        None => Some(true),
        Some(verb) => {
            let supported = rest.get(verb).is_some_and(|verb| matches!(verb.text.as_str(), "do" | "does" | "did"));
            let noun =
                |word: &Word| !lexicon().is_function(&word.text) || matches!(word.text.as_str(), "of" | "the" | "our");
            let beside = rest.iter().take(verb).all(noun);
            // "Who paid what is due?"
            if beside { supported.then_some(false) } else { Some(true) }
        }
    }
}

/// Whether a word looks like the participle of a passive.
pub(crate) fn is_participle(word: &str) -> bool {
    (word.len() > 4 && word.ends_with("ed"))
        || matches!(
            word,
            "paid"
                | "caught"
                | "sent"
                | "told"
                | "given"
                | "taken"
                | "seen"
                | "hit"
                | "taught"
                | "sold"
                | "left"
                | "hurt"
                | "shot"
                | "bitten"
                | "stolen"
                | "chosen"
                | "held"
                | "built"
                | "made"
                | "found"
                | "heard"
                | "beaten"
                | "forgiven"
        )
}
