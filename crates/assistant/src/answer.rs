//! Putting selected quotes together into a text with citations.

use crate::select::{Quote, Selection};
use crate::types::Citation;

/// An answer in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The text so far.
    pub(crate) text: String,
    /// Whether any part was answered.
    pub(crate) grounded: bool,
    /// What the text rests on so far.
    pub(crate) citations: Vec<Citation>,
}

const NOT_FOUND: &str = "The documents do not answer this question.";
const PART_NOT_FOUND: &str = "The documents do not answer this part.";

impl Draft {
    /// Adds the answer to a part, and returns the text that was added.
    pub(crate) fn add(&mut self, heading: Option<&str>, selection: &Selection) -> String {
        let before = self.text.len();
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        if let Some(heading) = heading {
            self.text.push_str(&as_question(heading));
            self.text.push('\n');
        }
        if selection.grounded {
            self.grounded = true;
            self.quote(&selection.quotes);
        } else {
            self.text.push_str(if heading.is_some() { PART_NOT_FOUND } else { NOT_FOUND });
        }
        self.text.get(before..).unwrap_or_default().to_owned()
    }

    /// Sentences that follow each other in a document make a paragraph; rows, items and code stand on lines of
    /// their own.
    fn quote(&mut self, quotes: &[Quote]) {
        let mut previous: Option<&Quote> = None;
        for quote in quotes {
            let flows = previous.is_some_and(|before| {
                before.is_sentence() && quote.is_sentence() && before.passage.document_id == quote.passage.document_id
            });
            if previous.is_some() {
                self.text.push(if flows { ' ' } else { '\n' });
            }
            let number = self.cite(quote);
            self.text.push_str(&quote.text);
            self.text.extend([" [", &number.to_string(), "]"]);
            previous = Some(quote);
        }
    }

    /// The number of the citation for a quote; the same quote is cited once.
    fn cite(&mut self, quote: &Quote) -> usize {
        let same = |citation: &Citation| {
            citation.document_id == quote.passage.document_id
                && (citation.start, citation.end) == (quote.start, quote.end)
        };
        if let Some(place) = self.citations.iter().position(same) {
            return place + 1;
        }
        self.citations.push(Citation {
            document_id: quote.passage.document_id,
            title: quote.passage.title.clone(),
            chunk_id: quote.passage.chunk_id,
            quote: quote.text.clone(),
            start: quote.start,
            end: quote.end,
            score: quote.score,
        });
        self.citations.len()
    }
}

/// A part as a heading of its answer: with a capital, and a question mark.
fn as_question(part: &str) -> String {
    let mut letters = part.trim_end_matches(['?', '.', ' ']).chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}?", letters.as_str())
}
