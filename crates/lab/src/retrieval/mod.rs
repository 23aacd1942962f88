//! The quality of search and answers on questions whose answers are known.

mod questions;
mod report;

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::{Client, Result};
pub use questions::{Expected, Question, read_questions};
pub use report::Report;

/// Passages asked for per question: enough for five documents where several passages are of one.
const PASSAGES: usize = 40;

/// What became of one question.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The question.
    pub question: Question,
    /// The place of the expected document among the documents found, from 1.
    pub rank: Option<usize>,
    /// Whether the answer contains the phrase.
    pub phrase_found: bool,
    /// Whether the documents answered.
    pub grounded: bool,
    /// The answer.
    pub answer: String,
}

/// Latencies of a run, in microseconds.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// From sending a question to having read its answer.
    pub answer: Histogram<u64>,
    /// As the server measured it.
    pub server: Histogram<u64>,
    /// Of embedding the question alone, where the caller could measure it.
    pub embedding: Histogram<u64>,
}

/// Asks every question once, one after the other. `embed_alone` measures the bare embedding of a question in the
/// same run, right before the question is asked; `progress` is told of each question done.
pub async fn run(
    client: &Client,
    questions: Vec<Question>,
    embed_alone: impl Fn(&str) -> Option<Duration>,
    mut progress: impl FnMut(&Outcome),
) -> Result<Report> {
    let mut latencies = Latencies { answer: histogram(), server: histogram(), embedding: histogram() };
    let mut outcomes = Vec::with_capacity(questions.len());
    for question in questions {
        let found = client.search(&question.text, PASSAGES).await?;
        if let Some(alone) = embed_alone(&question.text) {
            record(&mut latencies.embedding, alone);
        }
        let asked = Instant::now();
        let answer = client.ask(&question.text).await?;
        record(&mut latencies.answer, asked.elapsed());
        record(&mut latencies.server, Duration::from_secs_f64(answer.timings_ms.total.max(0.0) / 1000.0));
        let files = found.iter().map(|passage| passage.file_name.as_str());
        let outcome = Outcome {
            rank: question.expected.as_ref().and_then(|expected| rank_of(&expected.file, files)),
            phrase_found: question.expected.as_ref().is_some_and(|expected| contains(&answer.text, &expected.phrase)),
            grounded: answer.grounded,
            answer: answer.text,
            question,
        };
        progress(&outcome);
        outcomes.push(outcome);
    }
    Ok(Report::new(outcomes, latencies))
}

/// The place of a file among the distinct files of the passages, from 1.
fn rank_of<'a>(file: &str, found: impl Iterator<Item = &'a str>) -> Option<usize> {
    let mut seen: Vec<&str> = Vec::new();
    for name in found {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen.iter().position(|name| *name == file).map(|place| place + 1)
}

/// Whether `text` contains `phrase`, white space folded.
fn contains(text: &str, phrase: &str) -> bool {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    folded(text).contains(&folded(phrase))
}

fn histogram() -> Histogram<u64> {
    // Three significant digits, and one microsecond to one minute, are bounds that the constructor accepts.
    #[expect(clippy::expect_used, reason = "constant arguments that are valid")]
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("valid bounds")
}

fn record(histogram: &mut Histogram<u64>, duration: Duration) {
    histogram.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_several_passages_counts_once() {
        let found = ["a.html", "a.html", "b.html", "a.html", "c.html"];
        assert_eq!(rank_of("c.html", found.into_iter()), Some(3));
        assert_eq!(rank_of("d.html", found.into_iter()), None);
    }

    #[test]
    fn phrases_match_across_line_breaks_but_not_by_halves() {
        assert!(contains("the default is\n 4MB [1]", "default is 4MB"));
        assert!(!contains("the default is 4MB", "default is 64MB"));
    }
}
