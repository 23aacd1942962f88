//! What the documents are about, found by the API: their titles, and the headings of passages.

use std::collections::HashSet;
use std::path::Path;

use crate::{Client, Error, Result};

/// Headings that stand in many documents and name nothing.
const EMPTY: &[&str] = &[
    "abstract",
    "acknowledgments",
    "appendix",
    "arguments",
    "author",
    "authors",
    "background",
    "compatibility",
    "contents",
    "description",
    "diagnostics",
    "environment",
    "example",
    "examples",
    "exit status",
    "files",
    "history",
    "index",
    "introduction",
    "name",
    "note",
    "notes",
    "options",
    "outputs",
    "overview",
    "parameters",
    "preface",
    "references",
    "return value",
    "returns",
    "see also",
    "summary",
    "synopsis",
    "usage",
];
/// Passages that are looked at for each title.
const PASSAGES: usize = 20;
/// A subject of more words is a sentence.
const MOST_WORDS: usize = 6;
/// Headings that are looked for at most, for each title that is searched.
const ENOUGH: usize = 4_000;

/// The subjects of all documents that the client may read, each once: titles first, then headings. `progress` is told how many
/// of how many titles were looked up.
pub async fn subjects(client: &Client, mut progress: impl FnMut(u64, u64)) -> Result<Vec<String>> {
    let mut titles = client.document_titles().await?;
    titles.sort_unstable();
    let mut found = Found::default();
    for title in &titles {
        found.add(title);
    }
    for (done, title) in titles.iter().enumerate() {
        if found.subjects.len() >= ENOUGH {
            break;
        }
        progress(done as u64, titles.len() as u64);
        for passage in client.search(title, PASSAGES).await? {
            passage.heading_path.rsplit(" > ").take(1).for_each(|heading| found.add(heading));
        }
    }
    Ok(found.subjects)
}

/// The questions of a file: the first column of each line but the first, which is the head.
pub fn question_lines(path: &Path) -> Result<Vec<String>> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|source| Error::Read { path: path.display().to_string(), source })?;
    let questions = text.lines().skip(1).filter_map(|line| line.split('\t').next()).map(str::trim);
    Ok(questions.filter(|question| !question.is_empty()).map(str::to_owned).collect())
}

/// A title or heading as one names it in a question; `None` when it names nothing.
#[must_use]
pub fn subject(heading: &str) -> Option<String> {
    let heading = heading.split(['\u{2014}', '\u{2013}', '|', '(']).next().unwrap_or_default();
    let words: Vec<&str> = heading.split_whitespace().skip_while(|word| is_numbering(word)).collect();
    let text = words.join(" ").trim_matches(|letter: char| ".,:;?!\"'-".contains(letter)).to_owned();
    let names = text.chars().filter(|letter| letter.is_alphabetic()).count() > 2;
    let fits = (1..=MOST_WORDS).contains(&words.len()) && text.len() <= 60;
    (names && fits && !EMPTY.contains(&text.to_lowercase().as_str())).then_some(text)
}

/// "53.2.", "F.12.", "Chapter", "5)".
fn is_numbering(word: &str) -> bool {
    let bare = word.trim_end_matches(['.', ')', ':']);
    let parts = || bare.split('.');
    let numbered = bare.len() < word.len() || bare.contains('.');
    matches!(word, "Chapter" | "Appendix" | "Part" | "Section")
        || (numbered
            && parts().all(|part| {
                part.len() == 1 || part.chars().all(|digit| digit.is_ascii_digit() || "IVXL".contains(digit))
            }))
}

#[derive(Default)]
struct Found {
    subjects: Vec<String>,
    known: HashSet<String>,
}

impl Found {
    fn add(&mut self, heading: &str) {
        if let Some(subject) = subject(heading).filter(|subject| self.known.insert(subject.to_lowercase())) {
            self.subjects.push(subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_remarks_are_left_out() {
        for (heading, expected) in [
            ("53.2. Message Flow", Some("Message Flow")),
            ("F.12. earthdistance", Some("earthdistance")),
            ("Chapter 5. Data Definition", Some("Data Definition")),
            ("CREATE INDEX \u{2014} define a new index", Some("CREATE INDEX")),
            ("Who may travel first class?", Some("Who may travel first class")),
            ("See Also", None),
            ("Notes", None),
            ("1.2.", None),
            ("How the planner uses statistics when it must choose", None),
        ] {
            assert_eq!(subject(heading).as_deref(), expected, "{heading}");
        }
    }

    #[test]
    fn each_subject_is_there_once() {
        let mut found = Found::default();
        for heading in ["Index Types", "11.2. Index types", "Notes", "GiST Indexes"] {
            found.add(heading);
        }
        assert_eq!(found.subjects, ["Index Types", "GiST Indexes"]);
    }
}
