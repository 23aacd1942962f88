//! Simple or complex: whether a question has one part or several.

use store::search::{is_stopword, words};

use crate::followup;
use crate::types::{Mode, ModeRequest};

/// A question, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// How it is treated.
    pub(crate) mode: Mode,
    /// What is asked.
    pub(crate) parts: Vec<Part>,
}

impl Plan {
    /// Whether the answer says what each of its parts answers: several parts are announced; a simple question was just asked.
    pub(crate) fn has_headings(&self) -> bool {
        self.mode == Mode::Complex && self.parts.len() > 1
    }
}

/// A part of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// As it was asked.
    pub(crate) asked: String,
    /// As it is searched for: standing alone.
    pub(crate) query: String,
}

/// More parts than this make no answer that anybody reads.
const MAX_PARTS: usize = 6;
/// Words with which a question begins.
const INTERROGATIVES: &[&str] = &[
    "how", "why", "what", "when", "where", "which", "who", "whom", "whose", "is", "are", "does", "do", "can", "should",
];
/// What stands between the sides of a comparison.
const COMPARISONS: &[&str] =
    &[" compared with ", " compared to ", " compare with ", " compare to ", " versus ", " vs. ", " vs "];

/// Decides how to treat a question, and takes it apart if it is complex.
pub(crate) fn plan(question: &str, request: ModeRequest) -> Plan {
    let text = question.trim().to_owned();
    let whole = || Plan { mode: Mode::Simple, parts: vec![Part { asked: text.clone(), query: text.clone() }] };
    if request == ModeRequest::Simple {
        return whole();
    }
    let parts = parts(question);
    if parts.len() > 1 {
        return Plan { mode: Mode::Complex, parts };
    }
    match request {
        ModeRequest::Complex => Plan { mode: Mode::Complex, ..whole() },
        _ => whole(),
    }
}

fn parts(question: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for sentence in question.split_inclusive(['?', ';', '\n']) {
        let sentence = sentence.trim().trim_end_matches([';', '?', '.']).trim();
        for clause in clauses(sentence) {
            let pieces = sides(&clause).unwrap_or_else(|| vec![clause]);
            // What says nothing by itself ("and how do I change it") leans on the part before it.
            for piece in pieces {
                let earlier: Vec<String> = parts.iter().map(|part| part.query.clone()).collect();
                let query = followup::stand_alone(&piece, &earlier);
                let says_something = words(&query).any(|word| !is_stopword(&word));
                if says_something && !earlier.contains(&query) {
                    parts.push(Part { asked: piece, query });
                }
            }
        }
    }
    parts.truncate(MAX_PARTS);
    parts
}

/// Splits at "and" (or a comma) before a word that begins a question: "what is X, how is it set, and why".
fn clauses(sentence: &str) -> Vec<String> {
    let tokens: Vec<&str> = sentence.split_whitespace().collect();
    if let Some(both) = why_and_how(&tokens) {
        return both;
    }
    let mut clauses: Vec<Vec<&str>> = vec![Vec::new()];
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before)).copied().unwrap_or_default();
        let joined = before.eq_ignore_ascii_case("and") || before.ends_with(',');
        let long_enough = clauses.last().is_some_and(|clause| clause.len() > 2);
        if joined && long_enough && is_interrogative(token) {
            if before.eq_ignore_ascii_case("and")
                && let Some(clause) = clauses.last_mut().filter(|clause| clause.last() == Some(&before))
            {
                clause.pop();
            }
            clauses.push(Vec::new());
        }
        if let Some(clause) = clauses.last_mut() {
            clause.push(token);
        }
    }
    clauses.iter().map(|clause| clause.join(" ").trim_end_matches(',').to_owned()).collect()
}

/// "Why and how does X work" asks two things of the same X.
fn why_and_how(tokens: &[&str]) -> Option<Vec<String>> {
    let [first, and, second, rest @ ..] = tokens else { return None };
    let both = is_interrogative(first) && and.eq_ignore_ascii_case("and") && is_interrogative(second);
    both.then(|| [first, second].iter().map(|word| format!("{word} {}", rest.join(" "))).collect())
}

/// The sides of a comparison; "the difference between A and B" asks about A and about B.
fn sides(clause: &str) -> Option<Vec<String>> {
    let lower = clause.to_ascii_lowercase();
    for comparison in COMPARISONS {
        if let Some(at) = lower.find(comparison) {
            let (left, right) = (clause.get(..at)?, clause.get(at + comparison.len()..)?);
            return Some(vec![left.trim().to_owned(), right.trim().to_owned()]);
        }
    }
    for opening in ["difference between ", "differences between ", "compare "] {
        let Some(at) = lower.find(opening) else { continue };
        let compared = clause.get(at + opening.len()..)?;
        let and = compared.to_ascii_lowercase().find(" and ")?;
        let (left, right) = (compared.get(..and)?, compared.get(and + " and ".len()..)?);
        return Some(vec![left.trim().to_owned(), right.trim().to_owned()]);
    }
    None
}

fn is_interrogative(word: &str) -> bool {
    INTERROGATIVES.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(question: &str) -> Plan {
        plan(question, ModeRequest::Auto)
    }

    fn queries(question: &str) -> Vec<String> {
        auto(question).parts.into_iter().map(|part| part.query).collect()
    }

    #[test]
    fn one_question_is_simple() {
        let question = "How do I set and reset a parameter for one session?";
        assert_eq!(auto(question).mode, Mode::Simple);
        assert_eq!(queries(question), [question]);
    }

    #[test]
    fn several_questions_are_parts() {
        let question = "How long is the trial, and who can extend it? What does the Team plan cost?";
        let leaning = "How long is the trial who can extend it";
        assert_eq!(queries(question), ["How long is the trial", leaning, "What does the Team plan cost"]);
        assert_eq!(auto(question).parts[1].asked, "who can extend it");
    }

    #[test]
    fn why_and_how_ask_twice_about_the_same() {
        let both = ["Why does vacuum freeze rows", "how does vacuum freeze rows"];
        assert_eq!(queries("Why and how does vacuum freeze rows?"), both);
    }

    #[test]
    fn the_sides_of_a_comparison_are_parts() {
        let question = "What is the difference between hash joins and merge joins?";
        assert_eq!(queries(question), ["hash joins", "merge joins"]);
        assert_eq!(auto("the P95 at 200 users versus the rollback limit").mode, Mode::Complex);
    }

    #[test]
    fn the_request_decides_over_the_form() {
        let two = "What is a tablespace? How is one dropped?";
        assert_eq!(plan(two, ModeRequest::Simple).parts.len(), 1);
        assert_eq!(plan("What is a tablespace?", ModeRequest::Complex).mode, Mode::Complex);
    }
}
