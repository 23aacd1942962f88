//! How much there is of everything, counted in the background, so that a look at a dashboard costs nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use serde::Serialize;
use store::Store;
use store::census::Census;
use store::values::{DocumentStatus, JobKind, JobState, Role};
use telemetry::{Source, Teller, names};
use tokio::time::{MissedTickBehavior, interval};

/// How old the counts may be.
const EVERY: Duration = Duration::from_secs(5);

const STATUSES: [DocumentStatus; 5] = [
    DocumentStatus::Queued,
    DocumentStatus::Processing,
    DocumentStatus::Searchable,
    DocumentStatus::Ready,
    DocumentStatus::Failed,
];
const KINDS: [JobKind; 2] = [JobKind::Ingest, JobKind::Embed];
const STATES: [JobState; 3] = [JobState::Queued, JobState::Running, JobState::Failed];
const ROLES: [Role; 2] = [Role::User, Role::Admin];

/// How much there is of everything, for programs and pages.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counts {
    /// By status.
    documents: BTreeMap<String, u64>,
    /// By state.
    jobs: BTreeMap<String, u64>,
    /// By role, without those that are disabled.
    users: BTreeMap<String, u64>,
}

/// The last census.
#[derive(Debug, Default)]
pub(crate) struct Counted(RwLock<Census>);

impl Counted {
    /// Counts for ever.
    pub(crate) async fn keep(&self, store: &Store) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = store.try_out_connection().await {
                tracing::warn!(%error, "there is no connection to the database at this moment");
            }
            match store.census().await {
                Ok(census) => *self.0.write().unwrap_or_else(PoisonError::into_inner) = census,
                Err(error) => tracing::warn!(%error, "cannot count documents, jobs and accounts; the last counts stay"),
            }
        }
    }

    /// The last counts, by the names that the API has.
    pub(crate) fn counts(&self) -> Counts {
        let Census { documents, jobs, accounts } = self.last();
        let mut counts = Counts::default();
        for (status, count) in documents {
            *counts.documents.entry(name(status)).or_default() += count;
        }
        for (_, state, count) in jobs {
            *counts.jobs.entry(name(state)).or_default() += count;
        }
        for (role, count) in accounts {
            *counts.users.entry(name(role)).or_default() += count;
        }
        counts
    }

    /// Jobs that wait for a worker.
    pub(crate) fn jobs_waiting(&self) -> u64 {
        self.last().jobs.iter().filter(|(_, state, _)| *state == JobState::Queued).map(|(.., count)| count).sum()
    }

    fn last(&self) -> Census {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Source for Counted {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let Census { documents, jobs, accounts } = self.last();
        let count = |found: Option<u64>| found.unwrap_or_default() as f64;
        let documents = STATUSES.map(|status| {
            ([name(status)], count(documents.iter().find(|(of, _)| *of == status).map(|(_, count)| *count)))
        });
        teller.numbers(&names::DOCUMENTS, documents)?;
        let jobs = KINDS.into_iter().flat_map(|kind| STATES.map(|state| (kind, state))).map(|(kind, state)| {
            let found = jobs.iter().find(|(of, is, _)| (*of, *is) == (kind, state)).map(|(.., count)| *count);
            ([name(kind), name(state)], count(found))
        });
        teller.numbers(&names::JOBS, jobs)?;
        let accounts = ROLES
            .map(|role| ([name(role)], count(accounts.iter().find(|(of, _)| *of == role).map(|(_, count)| *count))));
        teller.numbers(&names::USERS, accounts)
    }
}

/// As the API writes it.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
