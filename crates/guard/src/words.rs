//! The words of a question: split, contractions written out, phrases replaced.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::lexicon::lexicon;
use crate::phrases;

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// In lower case, or in a place where everybody writes a capital.
    Plain,
    /// Capitalised inside a sentence, or in capitals: a name.
    Name,
    /// As programs and machines write: `work_mem`, `--force`, `index.html`, `H1B`.
    Code,
}

/// A word.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// In lower case, without accents.
    pub(crate) text: String,
    /// As it is written.
    pub(crate) written: String,
    pub(crate) shape: Shape,
    /// Inside quotation marks.
    pub(crate) quoted: bool,
    /// A sentence begins here.
    pub(crate) first: bool,
    /// A comma or the like stands before it.
    pub(crate) paused: bool,
}

/// Splits a question into its words.
pub(crate) fn read(question: &str) -> Vec<Word> {
    let straight: String = question.nfkc().map(straighten).collect();
    let straight = capitalised(&straight);
    let mut reader = Reader { words: Vec::new(), quoted: None, first: true, paused: false };
    straight.split_whitespace().for_each(|chunk| reader.chunk(chunk));
    forget_titles(&mut reader.words);
    phrases::replace(reader.words)
}

/// Whether the first letter is a capital says nothing, so it always is.
fn capitalised(question: &str) -> String {
    let first = question.find(char::is_alphanumeric).unwrap_or_default();
    let (before, rest) = question.split_at(first);
    let mut letters = rest.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    before.chars().chain(first).chain(letters).collect()
}

fn straighten(c: char) -> char {
    match c {
        '’' | '‘' | 'ʼ' | '´' => '\'',
        '“' | '”' | '«' | '»' | '„' => '"',
        '–' | '—' | '‑' | '−' => '-',
        c => c,
    }
}

struct Reader {
    words: Vec<Word>,
    quoted: Option<char>,
    first: bool,
    paused: bool,
}

impl Reader {
    /// Takes what stands between two spaces.
    fn chunk(&mut self, chunk: &str) {
        let mut core = chunk;
        while let Some(c) = core.chars().next().filter(|c| !is_inner(*c) && !opens_code(*c, core)) {
            self.mark(c, true);
            core = core.get(c.len_utf8()..).unwrap_or_default();
        }
        let kept = core.trim_end_matches(|c| !is_inner(c) && !matches!(c, '%' | '+' | '#'));
        let kept =
            if kept.ends_with(['+', '#']) && !is_language(kept) { kept.trim_end_matches(['+', '#']) } else { kept };
        let (core, closing) = core.split_at(kept.len());
        if !core.is_empty() {
            self.core(core);
        }
        closing.chars().for_each(|c| self.mark(c, false));
    }

    /// Takes a mark before (`opening`) or after a word.
    fn mark(&mut self, c: char, opening: bool) {
        match c {
            '"' | '`' | '\'' => {
                self.quoted = match self.quoted {
                    Some(open) if open == c => None,
                    // An apostrophe after a word ends nothing that was not begun.
                    None if opening || c != '\'' => Some(c),
                    quoted => quoted,
                }
            }
            '.' | '?' | '!' => self.first = true,
            ',' | ';' | ':' | '(' | ')' | '/' => self.paused = true,
            '$' => self.push("dollar", Shape::Plain),
            '€' => self.push("euro", Shape::Plain),
            '£' => self.push("gbp", Shape::Plain),
            '₹' => self.push("rupee", Shape::Plain),
            '&' => self.push("and", Shape::Plain),
            '<' => self.push("less-than", Shape::Plain),
            '>' => self.push("more-than", Shape::Plain),
            _ => {}
        }
    }

    fn core(&mut self, core: &str) {
        // "U.S" and "a.m" are one word.
        if core.contains('.')
            && core.split('.').all(|letter| letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_alphabetic()))
        {
            return self.word(&core.replace('.', ""));
        }
        let owned = core.strip_suffix("'s").unwrap_or(core);
        if is_code(owned) {
            return self.push(owned, Shape::Code);
        }
        let mut rest = core;
        while let Some(start) = rest.find(is_wordy) {
            let (between, word_on) = rest.split_at(start);
            if start > 0 || rest.len() < core.len() {
                between.chars().for_each(|c| self.mark(c, false));
            }
            let end = part_end(word_on);
            let (part, after) = word_on.split_at(end);
            self.part(part);
            rest = after;
        }
        if rest.starts_with('%') {
            self.push("percent", Shape::Plain);
        }
    }

    /// Takes a word without marks inside but apostrophes.
    fn part(&mut self, part: &str) {
        let (base, ending) = part.rsplit_once('\'').unwrap_or((part, ""));
        let lower = fold(base);
        match fold(ending).as_str() {
            "t" if lower.ends_with('n') => {
                let verb = match lower.as_str() {
                    "can" => "can",
                    "won" => "will",
                    "shan" => "shall",
                    other => other.strip_suffix('n').unwrap_or(other),
                };
                self.push(verb, Shape::Plain);
                self.push("not", Shape::Plain);
            }
            "s" if is_contracted(&lower) => {
                self.word(base);
                self.push("is", Shape::Plain);
            }
            "s" | "" => self.word(base),
            "re" => self.two(base, "are"),
            "ve" => self.two(base, "have"),
            "ll" => self.two(base, "will"),
            "d" => self.two(base, "would"),
            "m" => self.two(base, "am"),
            _ => self.word(&part.replace('\'', "")),
        }
    }

    fn two(&mut self, base: &str, second: &str) {
        self.word(base);
        self.push(second, Shape::Plain);
    }

    fn word(&mut self, written: &str) {
        if let Some(words) = lexicon().contraction(&fold(written)) {
            words.split_whitespace().for_each(|word| self.push(word, Shape::Plain));
            return;
        }
        let capital = written.chars().next().is_some_and(char::is_uppercase);
        let all_capitals = written.chars().count() > 1 && !written.chars().any(char::is_lowercase);
        let name = (capital && !self.first && written != "I") || (all_capitals && capital);
        // A number and its unit written together: "30min", "3rd", "10k".
        let digits = written.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
        match written.split_at_checked(digits) {
            Some((number, unit)) if digits > 0 && lexicon().unit(&fold(unit)).is_some() => {
                self.push(number, Shape::Plain);
                self.push(unit, Shape::Plain);
            }
            _ => self.push(written, if name { Shape::Name } else { Shape::Plain }),
        }
    }

    fn push(&mut self, written: &str, shape: Shape) {
        self.words.push(Word {
            text: fold(written),
            written: written.to_owned(),
            shape,
            quoted: self.quoted.is_some(),
            first: std::mem::take(&mut self.first),
            paused: std::mem::take(&mut self.paused),
        });
    }
}

/// Words after which `'s` is "is" and no possessive.
fn is_contracted(word: &str) -> bool {
    matches!(
        word,
        "what" | "who" | "how" | "where" | "when" | "why" | "which" | "that" | "there" | "here" | "it" | "he" | "she"
    )
}

fn is_wordy(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether a character at the edge of a chunk belongs to its word.
fn is_inner(c: char) -> bool {
    is_wordy(c) || c == '_'
}

/// Whether a mark at the beginning belongs to a flag, a path or a name such as `.env`.
fn opens_code(c: char, core: &str) -> bool {
    let mut after = core.chars().skip(1);
    let next = after.next();
    match c {
        '-' => next.is_some_and(|c| c == '-' || c.is_ascii_alphabetic()),
        '/' | '.' | '~' | '@' => next.is_some_and(|c| c.is_alphanumeric() || c == '/'),
        _ => false,
    }
}

fn is_language(core: &str) -> bool {
    core.ends_with("++") || core.strip_suffix('#').is_some_and(|name| name.len() == 1)
}

/// Whether programs write like this.
fn is_code(core: &str) -> bool {
    if core.starts_with(['-', '/', '.', '~', '@']) || is_language(core) || core.contains("::") || core.contains('@') {
        return true;
    }
    let bytes = core.as_bytes();
    let around = |at: usize| (bytes.get(at.wrapping_sub(1)).copied(), bytes.get(at + 1).copied());
    let inner = core.bytes().enumerate().any(|(at, byte)| match (byte, around(at)) {
        (b'_', (Some(_), Some(_))) => true,
        // `index.html`, but no "end.Next", no "e.g", no "15.2".
        (b'.', (Some(before), Some(after))) => {
            before.is_ascii_alphanumeric() && after.is_ascii_lowercase() && core.split('.').all(|part| part.len() > 1)
        }
        // `fooBar`.
        (upper, (Some(before), _)) => upper.is_ascii_uppercase() && before.is_ascii_lowercase(),
        _ => false,
    });
    inner || is_mixed(core)
}

/// Letters and digits in one word, as in "H1B" and "530d", that are no number with its unit or ending.
fn is_mixed(core: &str) -> bool {
    let letters = core.bytes().any(|byte| byte.is_ascii_alphabetic());
    let digits = core.bytes().any(|byte| byte.is_ascii_digit());
    if !letters || !digits || !core.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let rest = core.trim_start_matches(|c: char| c.is_ascii_digit());
    let counted = rest.len() < core.len() && (lexicon().unit(&fold(rest)).is_some() || is_number_ending(&fold(rest)));
    let version = core.strip_prefix(['v', 'V']).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    !counted && !version
}

/// Endings of written numbers: ordinals, thousands, millions, decades.
pub(crate) fn is_number_ending(ending: &str) -> bool {
    matches!(ending, "st" | "nd" | "rd" | "th" | "k" | "m" | "bn" | "s" | "x")
}

/// Where the word at the start ends, in bytes: a dot or comma between digits and an apostrophe between letters are inside.
fn part_end(text: &str) -> usize {
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        let inside = match c {
            '.' | ',' => before.is_ascii_digit() && next.is_ascii_digit(),
            '\'' => before.is_alphabetic() && next.is_alphabetic(),
            c => is_wordy(c),
        };
        if !inside {
            return at;
        }
        before = c;
    }
    text.len()
}

/// In lower case and without accents: people leave them out when they type.
fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// Where nearly every word has a capital, capitals tell nothing.
fn forget_titles(words: &mut [Word]) {
    let long = || words.iter().filter(|word| word.text.len() > 3 && word.shape != Shape::Code);
    let (all, capital) = (long().count(), long().filter(|word| word.written.starts_with(char::is_uppercase)).count());
    let shouted = words.len() > 1 && words.iter().all(|word| !word.written.contains(char::is_lowercase));
    if (all > 3 && capital * 10 >= all * 8) || shouted {
        for word in words.iter_mut().filter(|word| word.shape == Shape::Name) {
            word.shape = Shape::Plain;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &str) -> Vec<String> {
        read(question).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn contractions_are_written_out() {
        assert_eq!(
            texts("Why can't it? I'm sure they'll"),
            ["why", "can", "not", "it", "i", "am", "sure", "they", "will"]
        );
        assert_eq!(texts("Whats Anna's dont"), ["what", "is", "anna", "do", "not"]);
    }

    #[test]
    fn phrases_are_read_as_other_words_and_the_longest_wins() {
        assert_eq!(texts("Could you tell me what time we log in?"), ["when", "we", "login"]);
        assert_eq!(
            texts("What's the best way to turn the alarm off?"),
            ["how", "to", "best", "switch-off", "the", "alarm"]
        );
    }

    #[test]
    fn code_stays_in_one_piece_and_prose_does_not() {
        let code = |question: &str| read(question).iter().filter(|word| word.shape == Shape::Code).count();
        assert_eq!(code("Is work_mem in /etc/pg.conf or std::env, --force, C++, H1B, fooBar, a@b.org?"), 8);
        assert_eq!(code("Is it on/off, pass-through, 3rd, 10k, 8pm, v2, U.S., e.g. end.Next?"), 0);
    }

    #[test]
    fn capitals_name_only_inside_a_sentence() {
        let names = |question: &str| -> Vec<String> {
            read(question).into_iter().filter(|word| word.shape == Shape::Name).map(|word| word.written).collect()
        };
        assert_eq!(names("Anna asks. Does Berta live in the UK?"), ["Berta", "UK"]);
        assert!(names("What Is The Best Hotel For Families").is_empty());
        assert!(names("WHERE IS THE EXIT").is_empty());
    }
}
