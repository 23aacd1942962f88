//! What this process counts of jobs. `telemetry::names` says what each figure means.

use std::fmt;
use std::time::Duration;

use store::values::JobKind;
use telemetry::{Count, Family, Source, Teller, Times, names};

/// What became of a job that a lane had in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// It is done, or has more to do when it is its turn again.
    Worked,
    /// It will be tried again.
    Postponed,
    /// It was given up.
    Failed,
}

const OUTCOMES: [(Outcome, &str); 3] =
    [(Outcome::Worked, "worked"), (Outcome::Postponed, "postponed"), (Outcome::Failed, "failed")];
const KINDS: [&str; 2] = ["ingest", "embed"];

/// The worker's figures.
#[derive(Debug)]
pub struct Figures {
    turns: Family<&'static str, Times>,
    outcomes: Family<(&'static str, Outcome), Count>,
}

impl Default for Figures {
    fn default() -> Self {
        let outcomes = KINDS.into_iter().flat_map(|kind| OUTCOMES.map(|(outcome, _)| (kind, outcome)));
        Self { turns: Family::of(KINDS), outcomes: Family::of(outcomes) }
    }
}

impl Figures {
    /// A lane worked on jobs of a kind for so long.
    pub(crate) fn worked(&self, kind: JobKind, took: Duration) {
        self.turns.with(&name(kind)).record(took);
    }

    /// So many jobs ended a turn so.
    pub(crate) fn ended(&self, kind: JobKind, outcome: Outcome, jobs: usize) {
        self.outcomes.with(&(name(kind), outcome)).add(jobs as u64);
    }
}

impl Source for Figures {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let outcomes = self.outcomes.all().into_iter().map(|((kind, outcome), count)| {
            let outcome = OUTCOMES.iter().find(|(of, _)| *of == outcome).map_or("", |(_, name)| name);
            ([kind.to_owned(), outcome.to_owned()], count.get() as f64)
        });
        teller.numbers(&names::JOBS_DONE, outcomes)?;
        let turns = self.turns.all().into_iter().map(|(kind, times)| ([kind.to_owned()], times.histogram()));
        teller.times(&names::JOB_DURATION, 1e-6, turns)
    }
}

const fn name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Ingest => KINDS[0],
        JobKind::Embed => KINDS[1],
    }
}
