//! Whether the documents answer a question at all.
//!
//! A logistic rule over three signs, fitted on `examples/questions/postgresql.tsv` and checked on the held-out set
//! and on the handbook's questions: whether some sentence means what is asked, how many of the question's words the
//! best passages have, and whether they know what the question names. Words that no document has are not a sign of
//! their own: a small collection lacks many ordinary words.

use knowledge::search::Found;
use store::search::{is_stopword, occurring, stem, words};

/// Some sentence, with those beside it, is as near as this.
const BEST_UNIT: f32 = 14.0;
/// The covered share of the question's words in the best passages.
const COVERED: f32 = 8.0;
/// Something is named that the best passages do not mention.
const UNKNOWN_NAME: f32 = -2.35;
/// What the sum must reach.
const REQUIRED: f32 = 9.6;
/// Without a model only words can tell: this share of them must be covered.
const COVERED_BY_KEYWORDS: f32 = 0.5;
/// Passages whose coverage counts.
const COVERING: usize = 3;
/// Passages that may mention a name.
const MENTIONING: usize = 10;

/// Whether an answer is worth giving.
pub(crate) fn is_answerable(found: &Found) -> bool {
    let covered = found.hits.iter().take(COVERING).map(|hit| hit.coverage).fold(0.0, f32::max);
    // The best passage has no vectors while it waits for them; then, too, words must tell.
    if !found.by_meaning || found.hits.first().is_some_and(|hit| hit.units.is_empty()) {
        return covered >= COVERED_BY_KEYWORDS;
    }
    let best_unit = found.hits.iter().flat_map(|hit| &hit.units).map(|unit| unit.around).fold(0.0, f32::max);
    let unknown_name = if mentions_all_names(found) { 0.0 } else { 1.0 };
    BEST_UNIT * best_unit + COVERED * covered + UNKNOWN_NAME * unknown_name >= REQUIRED
}

fn mentions_all_names(found: &Found) -> bool {
    let names: Vec<String> = names(&found.question.text).iter().map(|name| stem(name)).collect();
    let mut mentioned = vec![false; names.len()];
    for hit in found.hits.iter().take(MENTIONING) {
        let passage = &hit.passage;
        for text in [&passage.text, &passage.title, &passage.heading_path] {
            mentioned.iter_mut().zip(occurring(text, &names)).for_each(|(mentioned, here)| *mentioned |= here);
        }
    }
    mentioned.into_iter().all(|mentioned| mentioned)
}

/// What a question names: words with a capital inside a sentence, or with digits, underscores or capitals inside.
fn names(question: &str) -> Vec<String> {
    let mut begins_sentence = true;
    let mut names = Vec::new();
    for token in question.split_whitespace() {
        let bare = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let mut letters = bare.chars();
        let capital = letters.next().is_some_and(char::is_uppercase);
        let inner = letters.any(|c| c.is_uppercase() || c.is_ascii_digit() || c == '_');
        let number = bare.starts_with(|c: char| c.is_ascii_digit());
        if (inner || number || (capital && !begins_sentence)) && !is_stopword(&bare.to_lowercase()) {
            names.extend(words(bare));
        }
        begins_sentence = token.ends_with(['.', '?', '!', ':']);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_a_question_cannot_say_in_other_words() {
        assert_eq!(names("How does MySQL set max_wal_size on Debian 12?"), ["mysql", "max_wal_size", "debian", "12"]);
        assert!(names("When do I get paid? Who decides?").is_empty());
        assert_eq!(names("Is I/O slower in Leeds"), ["i", "o", "leeds"]);
    }
}
