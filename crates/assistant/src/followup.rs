//! Follow-ups: a question that leans on the ones before it, made to stand alone.

use store::search::{is_stopword, words};

/// Words that begin a follow-up and carry nothing else.
const OPENINGS: &[&str] = &["and", "what about", "how about", "but", "or", "also", "then", "so"];
/// Words that stand for something said before.
const POINTERS: &[&str] =
    &["it", "its", "they", "them", "their", "this", "that", "these", "those", "there", "one", "ones"];
/// A question with more content words than this says what it is about.
const STANDS_ALONE_WORDS: usize = 5;

/// The question as it would be asked without the conversation; unchanged when it stands alone.
#[must_use]
pub(crate) fn stand_alone(message: &str, earlier: &[String]) -> String {
    let message = message.trim();
    let Some(previous) = earlier.last().map(|text| text.trim()) else { return message.to_owned() };
    let (opening, rest) = split_opening(message);
    if !leans_on_earlier(opening, rest) {
        return message.to_owned();
    }
    // "And for 200 users?" after a follow-up ("and for 100?") leans on what that one leant on.
    let previous = stand_alone(previous, earlier.get(..earlier.len() - 1).unwrap_or_default());
    substitute(&previous, rest).unwrap_or_else(|| format!("{} {rest}", previous.trim_end_matches(['?', '.', '!'])))
}

fn split_opening(message: &str) -> (Option<&str>, &str) {
    for opening in OPENINGS {
        let Some(head) = message.get(..opening.len()) else { continue };
        let rest = message.get(opening.len()..).unwrap_or_default();
        if head.eq_ignore_ascii_case(opening) && rest.starts_with([' ', ',']) {
            return (Some(head), rest.trim_start_matches([' ', ',']));
        }
    }
    (None, message)
}

fn leans_on_earlier(opening: Option<&str>, rest: &str) -> bool {
    let spoken: Vec<String> = words(rest).collect();
    let content = spoken.iter().filter(|word| !is_stopword(word)).count();
    let points = spoken.iter().any(|word| POINTERS.contains(&word.as_str()));
    (opening.is_some() && content < STANDS_ALONE_WORDS) || (points && content < STANDS_ALONE_WORDS - 1) || content == 0
}

/// Puts what the follow-up names in the place of its counterpart in the previous question: a number for the number
/// that stands before the same word (or for the only number), a name for the only name.
fn substitute(previous: &str, rest: &str) -> Option<String> {
    let old: Vec<&str> = previous.split_whitespace().collect();
    let new: Vec<&str> = rest.split_whitespace().collect();
    let numbers = |tokens: &[&str]| positions(tokens, is_number);
    let (old_numbers, new_numbers) = (numbers(&old), numbers(&new));
    if let [new_at] = new_numbers.as_slice() {
        let unit = new.get(new_at + 1).map(|word| bare(word));
        let same_unit = |at: &&usize| unit.is_some() && old.get(*at + 1).map(|word| bare(word)) == unit;
        let target = old_numbers.iter().find(same_unit).or(match old_numbers.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        return target.and_then(|at| replaced(&old, *at, new.get(*new_at)?));
    }
    let names = |tokens: &[&str], first: usize| -> Vec<usize> {
        positions(tokens, is_name).into_iter().filter(|at| *at >= first).collect()
    };
    // The first word of a question has a capital whether it is a name or not.
    match (names(&old, 1).as_slice(), names(&new, 0).as_slice()) {
        ([old_at], [new_at]) => replaced(&old, *old_at, new.get(*new_at)?),
        _ => None,
    }
}

fn replaced(tokens: &[&str], at: usize, by: &str) -> Option<String> {
    let old = *tokens.get(at)?;
    let ending: String =
        old.chars().rev().take_while(|c| "?.!,;:".contains(*c)).collect::<Vec<_>>().iter().rev().collect();
    let by = format!("{}{ending}", by.trim_end_matches(['?', '.', '!', ',', ';', ':']));
    let mut tokens = tokens.to_vec();
    *tokens.get_mut(at)? = &by;
    Some(tokens.join(" "))
}

fn positions(tokens: &[&str], is: fn(&str) -> bool) -> Vec<usize> {
    tokens.iter().enumerate().filter(|(_, token)| is(token)).map(|(at, _)| at).collect()
}

fn is_number(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

fn is_name(token: &str) -> bool {
    let mut letters = token.chars();
    letters.next().is_some_and(char::is_uppercase) && !is_stopword(&bare(token))
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(message: &str, earlier: &[&str]) -> String {
        stand_alone(message, &earlier.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    const P95: &str = "What is the P95 response time at 100 users?";

    #[test]
    fn a_number_takes_the_place_of_its_counterpart() {
        assert_eq!(follow("and for 200 users?", &[P95]), "What is the P95 response time at 200 users?");
        assert_eq!(follow("What about 500?", &[P95]), "What is the P95 response time at 500 users?");
    }

    #[test]
    fn a_follow_up_of_a_follow_up_reaches_the_question() {
        assert_eq!(
            follow("and 500 users?", &[P95, "and for 200 users?"]),
            "What is the P95 response time at 500 users?"
        );
    }

    #[test]
    fn a_name_takes_the_place_of_a_name() {
        let opening = "When does the Sheffield office open?";
        assert_eq!(follow("And Bristol?", &[opening]), "When does the Bristol office open?");
    }

    #[test]
    fn what_has_no_counterpart_is_added() {
        let joined = follow("and the error rate?", &[P95]);
        assert_eq!(joined, "What is the P95 response time at 100 users the error rate?");
        assert!(follow("Who approves it?", &["How do I claim a taxi?"]).contains("taxi"));
    }

    #[test]
    fn a_question_that_stands_alone_is_left_alone() {
        let fresh = "How many days of annual leave do new employees get?";
        assert_eq!(follow(fresh, &[P95]), fresh);
        assert_eq!(follow("and for 200 users?", &[]), "and for 200 users?");
    }
}
