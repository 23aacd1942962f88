//! A question, its answer, and how the two are told apart from others.

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::record::Source;
use crate::workload::{Lot, Rewording, Sort};

use super::world::World;

/// A question as somebody asks it.
pub(super) struct Asked {
    pub(super) text: String,
    pub(super) rewording: Option<Rewording>,
    /// The question before it, where it means nothing without that one.
    pub(super) leans_on: Option<String>,
}

/// What everybody reads of an answer.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) conversation_id: String,
    pub(super) message_id: String,
    cache: CacheUse,
}

#[derive(Deserialize)]
struct CacheUse {
    tier: Option<Source>,
}

/// What must be the same, whether it was computed now or before.
#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Shown {
    answer: String,
    grounded: bool,
    citations: Vec<Value>,
}

/// An answer that came, and what is needed to check it.
pub(super) struct Received {
    pub(super) told: Told,
    pub(super) body: Vec<u8>,
    /// Which gateway answered.
    pub(super) gateway: usize,
    /// Documents that had been changed when it was sent for.
    pub(super) mark: super::checks::Mark,
    pub(super) sent: Instant,
}

impl Told {
    pub(super) fn source(&self) -> Source {
        self.cache.tier.unwrap_or(Source::Computed)
    }
}

impl World {
    /// The next question, by its popularity or in other words.
    pub(super) fn next_question(&self, sort: Sort, lot: &mut Lot) -> Asked {
        let (text, rewording) = self.before.next(&self.load.catalogue, sort, self.load.reworded_share, lot);
        Asked { text, rewording, leans_on: None }
    }
}

impl Asked {
    /// What two questions have in common that are answered alike by their very words: typing counts for nothing.
    pub(super) fn words(&self) -> String {
        let all = [self.leans_on.as_deref().unwrap_or_default(), &self.text];
        let words = all.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
        words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::load::{Gateways, Load};
    use crate::workload::{Catalogue, Pacing};

    #[test]
    fn answers_are_the_same_when_everything_shown_is() {
        let shown = |text: &str, end: u32| -> Shown {
            let answer = serde_json::json!({
                "conversation_id": "1", "message_id": "2", "answer": text, "grounded": true,
                "citations": [{"document_id": "d", "quote": "q", "start": 0, "end": end}],
                "mode": "simple", "cache": {"tier": "l2", "age_ms": 5, "similarity": null}, "timings_ms": {"total": 1.0},
            });
            serde_json::from_value(answer).unwrap()
        };
        assert_eq!(shown("a", 1), shown("a", 1));
        assert_ne!(shown("a", 1), shown("b", 1));
        assert_ne!(shown("a", 1), shown("a", 2));
    }

    fn world() -> World {
        let subjects: Vec<String> = (0..300).map(|number| format!("part {number}")).collect();
        let load = Load {
            gateways: Arc::new(Gateways::new(&[]).unwrap()),
            admin: String::new(),
            catalogue: Arc::new(Catalogue::build(&subjects, &[], 3_000, 1.0, 1)),
            workload: crate::workload::Workload::read("seed").unwrap(),
            pacing: Pacing::steady(1, 1.0),
            tasks_per_second: None,
            metrics: None,
            reworded_share: 0.31,
            warmed: 0,
            check_every: 0,
            uploads: false,
            patience: std::time::Duration::ZERO,
            keep_uploads: false,
            seed: 1,
            nonce: 0,
        };
        World::new(load, Instant::now())
    }

    #[test]
    fn a_repeated_question_could_have_come_from_the_cache() {
        let (world, ask) = (world(), |text: &str, rewording, leans_on: Option<&str>| Asked {
            text: text.to_owned(),
            rewording,
            leans_on: leans_on.map(str::to_owned),
        });
        let repeats = |asked: &Asked, gateway| world.repeats(asked, gateway);
        assert_eq!(repeats(&ask("How is it?", None, None), 0), Source::Computed);
        assert_eq!(repeats(&ask("how is it", None, None), 0), Source::L1);
        assert_eq!(repeats(&ask("How is it?", None, None), 1), Source::L2);
        assert_eq!(repeats(&ask("Hi, how is it?", Some(Rewording::Polite), None), 1), Source::Rag);
        assert_eq!(repeats(&ask("Hi, how is it?", Some(Rewording::Polite), None), 1), Source::L1);
        assert_eq!(repeats(&ask("How is it?", None, Some("What is a view?")), 1), Source::Computed);
        assert_eq!(repeats(&ask("How is it?", None, Some("What is a view?")), 1), Source::L1);
        world.warmed(["What is a table?"].into_iter());
        assert_eq!(repeats(&ask("What is a table?", None, None), 1), Source::L2);
    }

    #[test]
    fn an_answer_tells_its_tier() {
        let told = |tier: Option<&str>| -> Told {
            let answer = serde_json::json!({"conversation_id": "1", "message_id": "2", "cache": {"tier": tier}});
            serde_json::from_value(answer).unwrap()
        };
        assert_eq!((told(Some("rag")).source(), told(None).source()), (Source::Rag, Source::Computed));
    }
}
