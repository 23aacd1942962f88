//! What is kept of an answer, and under which name.

use cache::{Key, Value};
use knowledge::{Alteration, Basis, Change};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::answer::Draft;
use crate::classify::Plan;
use crate::types::{Citation, Mode};

/// How answers are made. Another way of making them must not find what this one made: raise the number when the same documents
/// give another answer to the same question.
const ANSWERER: &str = "extractive 4";

/// An answer without what is the asker's own: the ids, the timings, and remarks about the present state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CachedAnswer {
    pub(crate) text: String,
    pub(crate) grounded: bool,
    pub(crate) citations: Vec<Citation>,
    /// What the search for each part rests on.
    bases: Vec<Basis>,
    /// The documents that are cited.
    sources: Vec<Uuid>,
}

impl CachedAnswer {
    pub(crate) fn new(draft: Draft, bases: Vec<Basis>) -> Self {
        let mut sources: Vec<Uuid> = draft.citations.iter().map(|citation| citation.document_id).collect();
        sources.sort_unstable();
        sources.dedup();
        Self { text: draft.text, grounded: draft.grounded, citations: draft.citations, bases, sources }
    }
}

impl Value for CachedAnswer {
    type Change = Change;

    fn altered_by(&self, change: &Change) -> Option<&'static str> {
        self.bases.iter().find_map(|basis| basis.altered_by(change)).map(Alteration::name)
    }

    fn sources(&self) -> &[Uuid] {
        &self.sources
    }

    fn is_negative(&self) -> bool {
        !self.grounded
    }

    fn change_bytes(change: &Change) -> usize {
        change.bytes()
    }
}

/// What an answer depends on beside the documents and who may read them.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Of which library of documents, by which model and which answerer.
    maker: String,
}

impl Context {
    /// `model` is the embedding model's name and version.
    pub(crate) fn new(library: Uuid, model: Option<&str>) -> Self {
        Self { maker: format!("{library} {} {ANSWERER}", model.unwrap_or("words")) }
    }

    /// The name of the answer to a plan for a reader: nil for everybody who has no private documents.
    pub(crate) fn key(&self, plan: &Plan, reader: Uuid) -> Key {
        let asked = plan.parts.iter().filter(|_| plan.has_headings()).map(|part| &part.asked);
        Key::builder("answer")
            .part("maker", &self.maker)
            .part("reader", &reader)
            .part("mode", plan.mode.name())
            .list("queries", plan.parts.iter().map(|part| &part.query))
            .list("headings", asked)
            .finish()
    }

    /// What two questions must have in common for one's answer to be the other's.
    pub(crate) fn of(&self, mode: Mode) -> String {
        format!("{} {}", self.maker, mode.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::plan;
    use crate::types::ModeRequest;

    #[test]
    fn everything_that_an_answer_depends_on_is_in_its_name() {
        let (library, other_library, anna) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let (context, asked) = (Context::new(library, Some("model 1")), "How long is the trial?");
        let auto = |question| plan(question, ModeRequest::Auto);
        let name = context.key(&auto(asked), Uuid::nil());
        assert_eq!(name, Context::new(library, Some("model 1")).key(&auto(asked), Uuid::nil()));
        let others = [
            ("library", Context::new(other_library, Some("model 1")).key(&auto(asked), Uuid::nil())),
            ("model", Context::new(library, Some("model 2")).key(&auto(asked), Uuid::nil())),
            ("no model", Context::new(library, None).key(&auto(asked), Uuid::nil())),
            ("reader", context.key(&auto(asked), anna)),
            ("mode", context.key(&plan(asked, ModeRequest::Complex), Uuid::nil())),
            ("question", context.key(&auto("How long was the trial?"), Uuid::nil())),
        ];
        for (what, other) in others {
            assert_ne!(name, other, "{what}");
        }
        // The same searches under other headings, and the same words in other parts.
        let parts = "How long is the trial, and how long does it take?";
        let said_otherwise = Plan {
            parts: auto(parts)
                .parts
                .into_iter()
                .map(|part| crate::classify::Part { asked: part.query.clone(), ..part })
                .collect(),
            ..auto(parts)
        };
        assert!(auto(parts).parts.len() > 1);
        assert_ne!(context.key(&auto(parts), Uuid::nil()), context.key(&said_otherwise, Uuid::nil()));
        assert_ne!(context.of(Mode::Simple), context.of(Mode::Complex));
        assert_ne!(context.of(Mode::Simple), Context::new(library, Some("model 2")).of(Mode::Simple));
    }
}
