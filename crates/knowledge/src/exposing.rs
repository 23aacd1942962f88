//! What the time of documents is spent on.

use std::fmt;
use std::time::Instant;

use telemetry::{Family, Source, Teller, Times, names};

use crate::Knowledge;

/// A phase of a document's ingestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Reading its bytes and cutting its text into chunks.
    Parse,
    /// Storing the text and indexing its words.
    Index,
    /// Computing vectors.
    Embed,
    /// Storing them.
    Store,
}

const PHASES: [(Phase, &str); 4] =
    [(Phase::Parse, "parse"), (Phase::Index, "index"), (Phase::Embed, "embed"), (Phase::Store, "store")];

/// How long phases took.
#[derive(Debug)]
pub(crate) struct IngestionTimes(Family<Phase, Times>);

impl Default for IngestionTimes {
    fn default() -> Self {
        Self(Family::of(PHASES.map(|(phase, _)| phase)))
    }
}

impl IngestionTimes {
    /// Does `work`, and counts how long it takes; a failure as well.
    pub(crate) async fn during<T>(&self, phase: Phase, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        self.0.with(&phase).record(began.elapsed());
        done
    }
}

impl Source for Knowledge {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let phases = self.ingestion.0.all().into_iter().map(|(phase, times)| {
            let name = PHASES.iter().find(|(of, _)| *of == phase).map_or("", |(_, name)| name);
            ([name.to_owned()], times.histogram())
        });
        teller.times(&names::INGESTION_PHASE, 1e-6, phases)
    }
}
