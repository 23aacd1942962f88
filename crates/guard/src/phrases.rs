//! Phrases that are read as other words: politeness is dropped, "what time" is "when", "turn off" is one verb.

use crate::lexicon::lexicon;
use crate::words::{Shape, Word};

/// Replaces the phrases of a question.
pub(crate) fn replace(words: Vec<Word>) -> Vec<Word> {
    let mut replaced = Vec::with_capacity(words.len());
    let mut begins = false;
    let mut words = words.into_iter();
    while let Some(head) = words.as_slice().first() {
        let rest = words.as_slice();
        let fits = |from: &[&str]| {
            rest.len() >= from.len()
                && from
                    .iter()
                    .zip(rest)
                    .all(|(phrase, word)| *phrase == word.text && !word.quoted && word.shape != Shape::Code)
                && rest.iter().take(from.len()).skip(1).all(|word| !word.first)
        };
        begins |= head.first;
        if let Some(phrase) = lexicon().phrases(&head.text).iter().find(|phrase| fits(&phrase.from)) {
            let name = rest.iter().take(phrase.from.len()).any(|word| word.shape == Shape::Name);
            for text in &phrase.to {
                let (text, written) = ((*text).to_owned(), (*text).to_owned());
                let shape = if name { Shape::Name } else { Shape::Plain };
                replaced.push(Word { text, written, shape, first: std::mem::take(&mut begins), ..head.clone() });
            }
            words.by_ref().take(phrase.from.len()).for_each(drop);
        } else {
            replaced.extend(words.next().map(|head| Word { first: std::mem::take(&mut begins), ..head }));
        }
    }
    join_split_verbs(&mut replaced);
    replaced
}

/// "Turn the alarm off" is "turn off the alarm".
fn join_split_verbs(words: &mut Vec<Word>) {
    let is_verb = |word: &Word| matches!(word.text.as_str(), "turn" | "switch" | "turned" | "switched");
    let Some(verb) = words.iter().position(is_verb) else { return };
    let ends = |at: usize| words.get(at + 1).is_none_or(|next| next.first);
    let particle = (verb + 2..words.len().min(verb + 6))
        .find(|at| ends(*at) && words.get(*at).is_some_and(|word| matches!(word.text.as_str(), "on" | "off")));
    let Some(particle) = particle.map(|at| words.remove(at)) else { return };
    if let Some(verb) = words.get_mut(verb) {
        verb.text = format!("switch-{}", particle.text);
    }
}
