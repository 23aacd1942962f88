//! Sentence boundaries.
//!
//! Unicode's rules know letters and punctuation, not words: they end a sentence after "Dr. " and inside "Node.JS". Here
//! boundaries after abbreviations and initials, within names of files and within short brackets and quotes are taken back,
//! and one is added before an identifier in lower case ("… is used. `pg_dump` writes …").

use unicode_segmentation::UnicodeSegmentation;

/// Brackets and quotes up to this length are never cut.
const KEPT_BYTES: usize = 200;

/// A sentence goes on after these.
const ALWAYS: &[&str] = &[
    "e.g.", "i.e.", "cf.", "vs.", "viz.", "resp.", "approx.", "ca.", "incl.", "excl.", "dr.", "mr.", "mrs.", "ms.",
    "prof.", "gen.", "hon.", "rev.", "st.", "dept.", "esp.", "z.b.", "d.h.", "bzw.", "ggf.", "vgl.",
];
/// A sentence goes on after these when a number or a letter of a list follows.
const BEFORE_NUMBER: &[&str] = &[
    "no.", "nos.", "nr.", "fig.", "figs.", "sec.", "sect.", "secs.", "eq.", "eqs.", "ch.", "chap.", "vol.", "art.",
    "pp.", "p.", "par.", "para.", "tab.", "tbl.", "ref.", "app.", "ed.", "v.", "ver.", "cl.", "jan.", "feb.", "mar.",
    "apr.", "jun.", "jul.", "max.", "min.", "avg.", "est.", "tel.", "ext.", "rm.", "bldg.", "op.", "add.", "al.",
    "aug.", "sep.", "sept.", "oct.", "nov.", "dec.",
];
/// Words that begin sentences rather than follow an initial.
const STARTERS: &[&str] = &[
    "A", "An", "As", "At", "But", "By", "For", "From", "He", "How", "However", "I", "If", "In", "It", "Its", "No",
    "Note", "On", "Or", "See", "She", "So", "That", "The", "Then", "There", "These", "They", "This", "Those", "To",
    "Use", "We", "What", "When", "Where", "While", "With", "You", "Your",
];

/// The sentences of a line of text as byte ranges, in order; together they are all of it.
pub(super) fn sentences(text: &str) -> Vec<(usize, usize)> {
    let kept = kept_spans(text);
    let mut found = Vec::new();
    let mut start = 0;
    let mut spans = kept.iter().peekable();
    for cut in candidates(text) {
        while spans.next_if(|(_, end)| *end <= cut).is_some() {}
        let inside = spans.peek().is_some_and(|(from, _)| *from < cut);
        if !inside && !goes_on(text, start, cut) {
            found.push((start, cut));
            start = cut;
        }
    }
    if start < text.len() {
        found.push((start, text.len()));
    }
    found
}

/// Where sentences may begin: Unicode's boundaries, and identifiers, figures and options after a full stop, which Unicode
/// takes for the middle of a sentence when a lower-case word follows.
fn candidates(text: &str) -> Vec<usize> {
    let mut cuts: Vec<usize> = text.split_sentence_bound_indices().map(|(at, _)| at).filter(|at| *at > 0).collect();
    let unicode = cuts.len();
    for (at, _) in text.match_indices(". ") {
        let word = text[at + 2..].split_whitespace().next().unwrap_or_default();
        let figure = word.starts_with(|c: char| c.is_numeric() || matches!(c, '£' | '$' | '€'));
        let option =
            word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '-'));
        if figure || option || is_identifier(word) {
            cuts.push(at + 2);
        }
    }
    if cuts.len() > unicode {
        cuts.sort_unstable();
        cuts.dedup();
    }
    cuts
}

/// A name of a program or a setting that keeps its lower case at the start of a sentence.
fn is_identifier(word: &str) -> bool {
    let word = word.trim_end_matches([',', '.', ';', ':', ')', '?', '!']);
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().any(|c| c == '_' || c == '(')
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '(' | ')' | '-'))
}

/// Whether the boundary at `cut` is none. `start` is where the sentence before it began.
fn goes_on(text: &str, start: usize, cut: usize) -> bool {
    let left = text[start..cut].trim_end();
    let right = &text[cut..];
    let Some(next) = right.chars().next() else {
        return false;
    };
    // Inside names of files, domains and versions there is no space. (Chinese and Japanese write none after a full stop.)
    if start + left.len() == cut && left.ends_with(['.', '!', '?', ':']) {
        return true;
    }
    let word = right.split_whitespace().next().unwrap_or_default();
    if matches!(next, ',' | ';' | ':' | ')' | ']' | '}') || (next.is_lowercase() && !is_identifier(word)) {
        return true;
    }
    let token = left.rsplit(char::is_whitespace).next().unwrap_or_default();
    let bare = token.trim_start_matches(['(', '[', '{', '"', '“', '‘', '\'', '«']);
    if !bare.ends_with('.') {
        return false;
    }
    // Dots that stand alone leave something out of the middle: "SELECT ... FROM ...".
    if bare.bytes().all(|byte| byte == b'.') {
        return true;
    }
    let lower = bare.to_lowercase();
    if ALWAYS.contains(&lower.as_str()) {
        return true;
    }
    let mut letters = word.chars();
    let single = letters.next().is_some_and(char::is_uppercase) && !letters.next().is_some_and(char::is_alphabetic);
    let numbered = next.is_numeric() || matches!(next, '§' | '#') || single;
    if BEFORE_NUMBER.contains(&lower.as_str()) {
        return numbered;
    }
    // The number of a list item.
    let label = bare.trim_end_matches('.');
    if token.len() == left.len() && (1..=3).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let first = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    is_initials(bare) && next.is_uppercase() && !STARTERS.contains(&first)
}

/// `J.`, `U.S.`
fn is_initials(token: &str) -> bool {
    let mut chars = token.chars();
    let mut any = false;
    while let Some(c) = chars.next() {
        if !c.is_uppercase() || chars.next() != Some('.') {
            return false;
        }
        any = true;
    }
    any
}

/// Short spans in brackets or quotes, outermost ones only, in order.
fn kept_spans(text: &str) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut close = |from: usize, end: usize| {
        if end - from <= KEPT_BYTES {
            while spans.last().is_some_and(|(start, _)| *start >= from) {
                spans.pop();
            }
            spans.push((from, end));
        }
    };
    let mut quote: Option<usize> = None;
    for (at, c) in text.char_indices() {
        let opener = match c {
            '(' | '[' | '{' | '“' | '«' => {
                // Text that opens and never closes must not cost time.
                if open.len() < 64 {
                    open.push((c, at));
                }
                continue;
            }
            ')' => '(',
            ']' => '[',
            '}' => '{',
            '”' => '“',
            '»' => '«',
            '"' => {
                match quote.take().filter(|from| at - from <= KEPT_BYTES) {
                    Some(from) => close(from, at + 1),
                    None => quote = Some(at),
                }
                continue;
            }
            _ => continue,
        };
        if let Some(index) = open.iter().rposition(|(c, _)| *c == opener) {
            let (_, from) = open[index];
            open.truncate(index);
            close(from, at + c.len_utf8());
        }
    }
    spans
}
