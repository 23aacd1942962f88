//! Normalising words, the same way for what is indexed and for what is asked.

use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

/// Words that carry a question's grammar and not its subject.
const STOPWORDS: &[&str] = &[
    "a",
    "about",
    "actually",
    "after",
    "again",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "anything",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "between",
    "both",
    "but",
    "by",
    "can",
    "cannot",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "each",
    "either",
    "else",
    "ever",
    "exactly",
    "few",
    "for",
    "from",
    "get",
    "gets",
    "give",
    "go",
    "goes",
    "going",
    "got",
    "had",
    "happen",
    "happens",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "him",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "kind",
    "know",
    "let",
    "lets",
    "like",
    "many",
    "may",
    "me",
    "mean",
    "means",
    "might",
    "more",
    "most",
    "much",
    "must",
    "my",
    "need",
    "needs",
    "no",
    "nor",
    "not",
    "of",
    "off",
    "on",
    "once",
    "one",
    "only",
    "or",
    "other",
    "our",
    "out",
    "over",
    "own",
    "please",
    "same",
    "shall",
    "she",
    "should",
    "so",
    "some",
    "someone",
    "something",
    "such",
    "tell",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "things",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "upon",
    "us",
    "very",
    "want",
    "was",
    "way",
    "we",
    "were",
    "what",
    "whatever",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "within",
    "would",
    "you",
    "your",
    "yours",
];

/// True for a (lower-case, unstemmed) word that says nothing about a question's subject.
#[must_use]
pub fn is_stopword(word: &str) -> bool {
    STOPWORDS.binary_search(&word).is_ok()
}

/// The words of a text: runs of letters, digits and underscores, and decimals such as `15.2`, in lower case.
/// A possessive or contracted ending (`'s`, `n't`) is not a word.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    written_words(text).map(folded).filter(|word| !word.is_empty())
}

/// What a possessive or a contraction ends in, after its apostrophe.
const ENDINGS: [&str; 7] = ["s", "t", "re", "ve", "ll", "d", "m"];

/// The words as they are written.
fn written_words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_word_char)?;
        rest = rest.get(start..)?;
        let end = word_end(rest);
        let word = rest.get(..end)?.trim_matches('_');
        rest = rest.get(end..)?;
        if let Some(after_apostrophe) = rest.strip_prefix(['\'', '’']) {
            let mut after = ENDINGS.iter().filter_map(|ending| after_apostrophe.strip_prefix(ending));
            rest = after.find(|after| !after.starts_with(is_word_char)).unwrap_or(rest);
        }
        Some(word)
    })
}

fn is_word_char(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { c.is_alphanumeric() || is_combining_mark(c) }
}

/// In lower case and without accents: people leave them out when they type.
fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// Where the word at the start of `text` ends, in bytes; a dot between digits is inside it.
fn word_end(text: &str) -> usize {
    // Most words are ASCII, and not at the end of a sentence.
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let plain = text.bytes().position(|byte| !is_plain(&byte)).unwrap_or(text.len());
    if text.as_bytes().get(plain).is_none_or(|byte| byte.is_ascii() && *byte != b'.') {
        return plain;
    }
    let mut chars = text.char_indices().peekable();
    let mut last_is_digit = false;
    while let Some((at, c)) = chars.next() {
        let decimal_point = c == '.' && last_is_digit && chars.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        if !is_word_char(c) && !decimal_point {
            return at;
        }
        last_is_digit = c.is_ascii_digit();
    }
    text.len()
}

/// The stem of a (lower-case) word; words with digits or underscores are names and stay as they are.
#[must_use]
pub fn stem(word: &str) -> String {
    if word.bytes().any(|byte| byte.is_ascii_digit() || byte == b'_') {
        return word.to_owned();
    }
    STEMMER.stem(word).into_owned()
}

/// The terms of a text: the stem of each word, in order; a name with underscores gives itself and then its parts,
/// so that `pg_dump` is found by `pg_dump` and by `dump`.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for word in words(text) {
        terms.push(stem(&word));
        if word.contains('_') {
            terms.extend(word.split('_').filter(|part| !part.is_empty()).map(stem));
        }
    }
    terms
}

/// Which of these stems occur in a text. It looks closely only at words that begin like one of them, which makes it
/// many times faster than comparing with all [`terms`] of the text.
#[must_use]
pub fn occurring(text: &str, stems: &[String]) -> Vec<bool> {
    let mut found = vec![false; stems.len()];
    let mut look = |word: &str| {
        if !stems.iter().any(|stem| begins_alike(word, stem)) {
            return;
        }
        let stemmed = stem(&folded(word));
        stems.iter().zip(&mut found).filter(|(wanted, _)| **wanted == stemmed).for_each(|(_, found)| *found = true);
    };
    for word in written_words(text) {
        look(word);
        if word.contains('_') {
            word.split('_').filter(|part| !part.is_empty()).for_each(&mut look);
        }
    }
    found
}

/// Folding and stemming change endings: the first two letters stay, but for those that are not ASCII ("É" becomes "e"), a "y"
/// ("dying" becomes "die"), and where a word's stem is its first letter.
fn begins_alike(written: &str, stem: &str) -> bool {
    let same = |written: &u8, stem: &u8| !written.is_ascii() || written.to_ascii_lowercase() == *stem;
    match (written.as_bytes(), stem.as_bytes()) {
        ([first, second, ..], [stem_first, stem_second, ..]) => {
            same(first, stem_first) && (same(second, stem_second) || second.eq_ignore_ascii_case(&b'y'))
        }
        ([first, ..], [stem_first, ..]) => same(first, stem_first),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopwords_are_sorted_so_that_they_are_found() {
        assert!(STOPWORDS.is_sorted());
        assert!(is_stopword("what") && !is_stopword("vacuum"));
    }

    #[test]
    fn names_numbers_and_possessives_are_split_as_people_mean_them() {
        assert_eq!(terms("What's pg_dump's default?"), ["what", "pg_dump", "pg", "dump", "default"]);
        assert_eq!(terms("version 15.2, 30% of work_mem."), ["version", "15.2", "30", "of", "work_mem", "work", "mem"]);
        assert_eq!(terms("Don’t re-index O'Reilly"), ["don", "re", "index", "o", "reilli"]);
    }

    #[test]
    fn accents_and_ligatures_make_no_difference() {
        assert_eq!(terms("Café ﬁle naïve"), terms("cafe\u{301} FILE naive"));
    }

    #[test]
    fn a_word_begins_like_its_stem() {
        // What endings are made of, and what makes stems short.
        let letters = ["a", "e", "i", "y", "s", "d", "g", "n", "t", "l"];
        let longer = |words: Vec<String>| {
            words.iter().flat_map(|word| letters.map(|letter| format!("{word}{letter}"))).collect::<Vec<_>>()
        };
        let mut words = vec![String::new()];
        for _ in 0..5 {
            words = longer(words);
            let unlike = words.iter().find(|word| !begins_alike(word, &stem(word)));
            assert_eq!(unlike, None);
        }
        for word in ["Éclair", "naïve", "DYING", "Ties", "ﬁle"] {
            assert!(begins_alike(word, &stem(&folded(word))), "{word}");
        }
        assert!(!begins_alike("vacuum", "version"));
    }

    #[test]
    fn occurring_agrees_with_all_terms() {
        let text = "Indexes on pg_class speed up lookups; a Café serves 15.2 of them, by dying skies: École.";
        let all = terms(text);
        let asked: Vec<String> = [
            "index", "class", "pg_class", "lookup", "cafe", "15.2", "dying", "sky", "die", "speeding", "zebra", "ecole",
        ]
        .iter()
        .map(|word| stem(word))
        .collect();
        let expected: Vec<bool> = asked.iter().map(|stem| all.contains(stem)).collect();
        assert_eq!(occurring(text, &asked), expected);
        assert!(expected.contains(&true) && expected.contains(&false));
    }

    #[test]
    fn inflections_meet() {
        assert_eq!(terms("indexes indexing"), terms("index indexed"));
    }
}
