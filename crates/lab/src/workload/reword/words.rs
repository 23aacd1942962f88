//! Rewordings of single words and of the openings of questions.

use super::super::Lot;
use super::indirect::without_capital;

/// Written out and contracted.
const CONTRACTIONS: &[(&str, &str)] = &[
    ("What is ", "What's "),
    ("Who is ", "Who's "),
    ("Where is ", "Where's "),
    ("do not ", "don't "),
    ("does not ", "doesn't "),
    ("is not ", "isn't "),
    ("cannot ", "can't "),
    ("I am ", "I'm "),
];
/// Two openings of the same question.
const OPENINGS: &[(&str, &str)] = &[
    ("How do I ", "How can I "),
    ("Where can I ", "Where do I "),
    ("When should I ", "In which cases should I "),
    ("What do I need to know about ", "What should I know about "),
    ("Which options does ", "What options does "),
    ("What are the limits of ", "Which are the limits of "),
    ("Why would I need ", "What would I need "),
    ("What happens if ", "What happens when "),
];
/// Words that mean the same.
const SYNONYMS: &[(&str, &str)] = &[
    ("find", "look up"),
    ("change", "modify"),
    ("create", "make"),
    ("delete", "remove"),
    ("show", "display"),
    ("get started", "begin"),
    ("begin", "start"),
    ("allowed", "permitted"),
    ("check", "verify"),
    ("most often", "most frequently"),
    ("often", "frequently"),
    ("limits", "limitations"),
    ("example", "sample"),
    ("choose", "select"),
    ("large", "big"),
    ("fast", "quick"),
    ("buy", "purchase"),
    ("needed", "required"),
    ("company", "firm"),
    ("employees", "staff members"),
];
/// What may stand at the head of a phrase that can come first.
const PREPOSITIONS: &[&str] = &["in", "for", "with", "on", "before", "after", "without"];
/// What follows a noun that stands by itself.
const AFTER_A_NOUN: &[&str] =
    &["of", "in", "for", "with", "to", "on", "from", "without", "before", "after", "when", "that"];

/// A contraction written out, or the other way round.
pub(super) fn contraction(question: &str) -> Option<String> {
    either_way(question, CONTRACTIONS, |text, from, to| text.contains(from).then(|| text.replacen(from, to, 1)))
}

/// Another opening.
pub(super) fn opening(question: &str) -> Option<String> {
    if let Some(rest) = question.strip_prefix("Why would I need ") {
        return Some(format!("What would I need {} for?", rest.trim_end_matches(['?', ' '])));
    }
    either_way(question, OPENINGS, |text, from, to| text.strip_prefix(from).map(|rest| format!("{to}{rest}")))
}

/// The phrase at the end first: "How do I sort rows in a view?" as "In a view, how do I sort rows?"
pub(super) fn order(question: &str) -> Option<String> {
    let bare = question.trim_end_matches(['?', '.', ' ']);
    if bare.contains(['?', ',', ';']) {
        return None;
    }
    let words: Vec<&str> = bare.split(' ').collect();
    let at = words.iter().rposition(|word| PREPOSITIONS.contains(word))?;
    let (head, tail) = words.split_at_checked(at)?;
    if head.len() < 4 || !(2..=5).contains(&tail.len()) {
        return None;
    }
    let mut tail = tail.join(" ");
    let first = tail.get(..1)?.to_uppercase();
    tail.replace_range(..1, &first);
    Some(format!("{tail}, {}?", without_capital(&head.join(" "))))
}

/// One word by another, any that fits.
pub(super) fn synonym(question: &str, lot: &mut Lot) -> Option<String> {
    let padded = question.replace('?', " ?");
    let whole = |word: &str| format!(" {word} ");
    let fitting: Vec<(&str, &str)> = SYNONYMS
        .iter()
        .flat_map(|(a, b)| [(*a, *b), (*b, *a)])
        .filter(|(word, _)| padded.contains(&whole(word)))
        .collect();
    let (word, other) = lot.pick(&fitting)?;
    Some(padded.replacen(&whole(word), &whole(other), 1).replace(" ?", "?").replace(" an sample", " a sample"))
}

/// "an example" as "examples".
pub(super) fn plural(question: &str) -> Option<String> {
    let words: Vec<&str> = question.split(' ').collect();
    let at = words.windows(2).position(|pair| match pair {
        ["a" | "an", noun] => noun.trim_end_matches('?').chars().all(|letter| letter.is_ascii_lowercase()),
        _ => false,
    })?;
    let noun = words.get(at + 1)?;
    let alone = words.get(at + 2).is_none_or(|next| AFTER_A_NOUN.contains(next));
    // "Is there" would have to become "are there".
    let one = at.checked_sub(1).and_then(|before| words.get(before)) == Some(&"there");
    if !alone || one {
        return None;
    }
    let (bare, mark) = noun.strip_suffix('?').map_or((*noun, ""), |bare| (bare, "?"));
    let many = format!("{}{mark}", several(bare));
    let (before, after) = (words.get(..at)?, words.get(at + 2..)?);
    Some([before, &[many.as_str()], after].concat().join(" "))
}

/// Without capitals, without a question mark, or with two.
pub(super) fn typing(question: &str, lot: &mut Lot) -> String {
    let bare = question.trim_end_matches(['?', '.', ' ']);
    match lot.below(4) {
        0 => bare.to_lowercase(),
        1 => without_capital(bare),
        2 => bare.to_owned(),
        _ => format!("{} ??", without_capital(bare)),
    }
}

fn several(noun: &str) -> String {
    let vowel_before_y = ["ay", "ey", "oy", "uy"].iter().any(|ending| noun.ends_with(ending));
    if let Some(stem) = noun.strip_suffix('y').filter(|_| !vowel_before_y) {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "z", "ch", "sh"].iter().any(|ending| noun.ends_with(ending));
    if hisses { format!("{noun}es") } else { format!("{noun}s") }
}

fn either_way(
    text: &str,
    pairs: &[(&str, &str)],
    replaced: impl Fn(&str, &str, &str) -> Option<String>,
) -> Option<String> {
    pairs.iter().flat_map(|(a, b)| [(a, b), (b, a)]).find_map(|(from, to)| replaced(text, from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_changed_as_a_person_would() {
        assert_eq!(contraction("What is a view?").as_deref(), Some("What's a view?"));
        assert_eq!(contraction("Why don't I see it?").as_deref(), Some("Why do not I see it?"));
        assert_eq!(opening("How can I sort rows?").as_deref(), Some("How do I sort rows?"));
        assert_eq!(opening("Why would I need views?").as_deref(), Some("What would I need views for?"));
        assert_eq!(order("How do I sort rows in a view?").as_deref(), Some("In a view, how do I sort rows?"));
        assert_eq!(order("Who works in it?"), None);
        assert_eq!(plural("How do I drop an index?").as_deref(), Some("How do I drop indexes?"));
        assert_eq!(
            plural("Where do I enter a country of birth?").as_deref(),
            Some("Where do I enter countries of birth?")
        );
        assert_eq!(plural("Is there an example of it?"), None);
        assert_eq!(plural("How do I drop a hash index?"), None);
    }

    #[test]
    fn only_whole_words_have_synonyms() {
        let mut lot = Lot::new(1, 0);
        assert_eq!(synonym("How do I delete it?", &mut lot).as_deref(), Some("How do I remove it?"));
        assert_eq!(
            synonym("Where can I find an example of it?", &mut Lot::new(1, 0)).map(|text| text.contains('?')),
            Some(true)
        );
        assert_eq!(synonym("What are deleted rows?", &mut lot), None);
    }

    #[test]
    fn typing_keeps_the_words() {
        let mut lot = Lot::new(1, 0);
        for _ in 0..50 {
            let typed = typing("What is GiST?", &mut lot);
            assert!(typed.to_lowercase().starts_with("what is gist"), "{typed}");
            assert_ne!(typed, "What is GiST?");
        }
    }
}
