//! Numbers and units.

use serde::{Deserialize, Serialize};

use crate::lexicon::lexicon;
use crate::words::{Shape, Word, is_number_ending};

/// A number, with its unit if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Measure {
    /// In digits; a version such as "15.2.1" as it is written.
    pub(crate) value: String,
    pub(crate) unit: Option<String>,
}

/// What a question says of numbers and units.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// In the order of the question.
    pub(crate) measures: Vec<Measure>,
    /// Sorted, each once, those of the measures included.
    pub(crate) units: Vec<String>,
    /// What each word is.
    pub(crate) read: Vec<Read>,
}

/// What a word is among numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Read {
    /// No number.
    #[default]
    Other,
    /// Of a number, or the unit of one.
    Measure,
    /// A unit by itself.
    Unit(&'static str),
}

/// Reads the numbers and units of a question.
pub(crate) fn read(words: &[Word]) -> Numbers {
    let mut numbers = Numbers { read: vec![Read::Other; words.len()], ..Numbers::default() };
    let mut waiting: Option<String> = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let value = value_at(words, at);
        if let Some((value, length)) = value {
            for read in numbers.read.iter_mut().skip(at).take(length) {
                *read = Read::Measure;
            }
            at += length;
            let unit = words.get(at).filter(|_| waiting.is_none()).and_then(|next| lexicon().unit(&next.text));
            let unit = unit.map(|unit| unit.name.to_owned());
            if let Some(unit) = &unit {
                numbers.units.push(unit.clone());
                if let Some(read) = numbers.read.get_mut(at) {
                    *read = Read::Measure;
                }
                at += 1;
            }
            numbers.measures.push(Measure { value, unit: unit.or(waiting.take()) });
            continue;
        }
        waiting = None;
        if let Some(unit) = lexicon().unit(&word.text).filter(|unit| !unit.beside_number && !word.quoted) {
            numbers.units.push(unit.name.to_owned());
            // A currency may stand before its number.
            waiting = value_at(words, at + 1).map(|_| unit.name.to_owned());
            if let Some(read) = numbers.read.get_mut(at) {
                *read = if waiting.is_some() { Read::Measure } else { Read::Unit(unit.name) };
            }
        }
        at += 1;
    }
    numbers.units.sort();
    numbers.units.dedup();
    numbers
}

/// Whether a number begins here.
pub(crate) fn begins(words: &[Word], at: usize) -> bool {
    value_at(words, at).is_some()
}

/// The number that begins here, and of how many words it is.
fn value_at(words: &[Word], at: usize) -> Option<(String, usize)> {
    let word = words.get(at).filter(|word| word.shape != Shape::Code)?;
    if let Some(value) = in_digits(&word.text) {
        let factor = words.get(at + 1).and_then(|next| lexicon().factor(&next.text));
        return Some(match (factor, value.parse::<f64>()) {
            (Some(factor), Ok(value)) => (shown(value * factor), 2),
            _ => (value, 1),
        });
    }
    let next = words.get(at + 1).map_or("", |next| next.text.as_str());
    // "One" is mostly a pronoun, and "second" mostly what is counted.
    let counted = lexicon().unit(next).is_some_and(|unit| !unit.beside_number) || lexicon().factor(next).is_some();
    if word.text == "one" && !counted {
        return None;
    }
    let (mut total, mut length, mut current) = (0.0, 0, None::<f64>);
    while let Some(word) = words.get(at + length) {
        if let Some(small) = lexicon().small_number(&word.text) {
            // "Twenty five" and "two hundred five", but not "five five".
            let room = match current {
                None => 100.0,
                Some(hundreds) if hundreds % 100.0 == 0.0 && hundreds + total > 0.0 => 100.0,
                Some(tens) if tens % 100.0 >= 20.0 && tens % 10.0 == 0.0 => 10.0,
                Some(_) => 0.0,
            };
            if small >= room {
                break;
            }
            current = Some(current.unwrap_or(0.0) + small);
        } else if let Some(factor) = lexicon().factor(&word.text).filter(|_| current.is_some() || length == 0) {
            let value = current.unwrap_or(1.0) * factor;
            if factor > 100.0 {
                total += value;
                current = Some(0.0);
            } else {
                current = Some(value);
            }
        } else {
            break;
        }
        length += 1;
    }
    (length > 0).then(|| (shown(total + current.unwrap_or(0.0)), length))
}

/// "10,000", "15.2", "v16", "10k", "2nd", "1990s". "1st" is the word "first".
fn in_digits(text: &str) -> Option<String> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let (number, ending) = text.split_at(end);
    if !number.starts_with(|c: char| c.is_ascii_digit())
        || !(ending.is_empty() || is_number_ending(ending))
        || text == "1st"
    {
        return None;
    }
    let number = number.replace(',', "");
    let factor = match ending {
        "k" => 1e3,
        "m" => 1e6,
        "bn" => 1e9,
        _ => 1.0,
    };
    match number.parse::<f64>() {
        Ok(value) if factor > 1.0 || !number.contains('.') => Some(shown(value * factor)),
        _ => Some(number),
    }
}

fn shown(value: f64) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measures(question: &str) -> Vec<(String, String)> {
        let measures = read(&crate::words::read(question)).measures;
        measures.into_iter().map(|measure| (measure.value, measure.unit.unwrap_or_default())).collect()
    }

    fn values(question: &str) -> Vec<String> {
        measures(question).into_iter().map(|(value, _)| value).collect()
    }

    #[test]
    fn words_and_digits_are_the_same_number() {
        assert_eq!(values("25, twenty five, twenty-fifth"), ["25", "25", "25"]);
        assert_eq!(values("10k, 10,000, ten thousand"), ["10000", "10000", "10000"]);
        assert_eq!(values("two hundred five, a hundred, 3rd, 1990s"), ["205", "100", "3", "1990"]);
    }

    #[test]
    fn versions_are_no_decimal_numbers() {
        assert_eq!(values("v16, 15.2, 15.20, 1.2.3"), ["16", "15.2", "15.20", "1.2.3"]);
    }

    #[test]
    fn one_is_a_number_only_where_it_counts() {
        assert_eq!(values("How does one open the one in the hall?"), Vec::<String>::new());
        assert_eq!(values("one day, one hundred"), ["1", "100"]);
    }

    #[test]
    fn units_stand_after_a_number_and_currencies_before_it_too() {
        let expected = [("5", "day"), ("30", "minute"), ("8", "pm"), ("7", "percent"), ("20", "dollar"), ("9", "euro")];
        let expected = expected.map(|(value, unit)| (value.to_owned(), unit.to_owned()));
        assert_eq!(measures("5 days, 30min, 8 pm, 7%, $20, EUR 9"), expected);
    }
}
