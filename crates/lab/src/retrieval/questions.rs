//! Reading questions with their expected answers.

use std::path::Path;

use crate::{Error, Result};

/// A question, and what is known of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// Where it is answered; `None` when the documents do not answer it.
    pub expected: Option<Expected>,
}

/// Where a question is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The name of the file.
    pub file: String,
    /// What the answer must contain.
    pub phrase: String,
}

/// Reads questions: one a line, `question<TAB>file<TAB>phrase`, both empty when the documents do not answer it. A
/// first line that names the columns is skipped.
pub fn read_questions(path: &Path) -> Result<Vec<Question>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: name.clone(), source })?;
    let mut questions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut columns = line.split('\t').map(str::trim);
        let question = columns.next().unwrap_or_default();
        let (file, phrase) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        let heading = index == 0 && question.eq_ignore_ascii_case("question");
        if heading || (question.is_empty() && file.is_empty()) {
            continue;
        }
        let wrong = |detail| Error::Question { path: name.clone(), line: index + 1, detail };
        let expected = match (is_blank(file), is_blank(phrase)) {
            (true, true) => None,
            (false, false) => Some(Expected { file: file.to_owned(), phrase: phrase.to_owned() }),
            (false, true) => return Err(wrong("the phrase is missing")),
            (true, false) => return Err(wrong("the file name is missing")),
        };
        if question.is_empty() {
            return Err(wrong("the question is missing"));
        }
        questions.push(Question { text: question.to_owned(), expected });
    }
    Ok(questions)
}

/// A dash is how some people leave a column empty.
fn is_blank(column: &str) -> bool {
    column.is_empty() || column == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Question>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_questions(file.path())
    }

    #[test]
    fn answerable_and_unanswerable_questions_are_told_apart() {
        let questions = read("question\tfile\tphrase\nHow long?\ta.md\t14 days\nWho won?\t\t\n").unwrap();
        let expected = Expected { file: "a.md".to_owned(), phrase: "14 days".to_owned() };
        assert_eq!(questions[0], Question { text: "How long?".to_owned(), expected: Some(expected) });
        assert_eq!(questions[1], Question { text: "Who won?".to_owned(), expected: None });
    }

    #[test]
    fn a_half_written_line_is_named() {
        let error = read("How long?\ta.md\t14 days\nHow far?\tb.md\t\n").unwrap_err().to_string();
        assert!(error.contains("line 2: the phrase is missing"), "{error}");
    }
}
