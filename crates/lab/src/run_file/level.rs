//! One load on a server, as it was measured.

use serde::{Deserialize, Serialize};

use super::server::spread;
use super::{Distribution, ServerFigures};
use crate::compare::Stretch;
use crate::load::{Measured, Phase, Second, Source};
use crate::observe::{Moment, Observed};
use crate::workload::{Class, Pacing, Task};

/// A generator that is later than this, at the 99th percentile, measures itself. In milliseconds.
const MOST_LAG_MS: f64 = 100.0;

/// How a load makes its requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Model {
    /// So many people, each of whom waits for an answer, thinks, and goes on.
    Closed {
        /// How many.
        users: usize,
    },
    /// So many requests a second, whoever still waits for an answer.
    Open {
        /// How many.
        requests_per_second: f64,
    },
}

/// One load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Level {
    /// What it is called in reports.
    pub name: String,
    /// How requests are made.
    pub model: Model,
    /// When people came, thought and went.
    pub pacing: Pacing,
    /// How long the steady phase was, in seconds.
    pub steady_s: f64,
    /// When it began, in seconds from the beginning.
    pub steady_from_s: f64,
    /// Whether it came to its end.
    pub complete: bool,
    /// Why nothing can be concluded from it; empty where something can.
    pub invalid: Vec<String>,
    /// What was answered.
    pub tasks: Vec<TaskRecord>,
    /// What was not.
    pub failures: Vec<FailureCount>,
    /// Second by second, from the beginning.
    pub seconds: Vec<Second>,
    /// What was taken, second by second.
    pub moments: Vec<Moment>,
    /// What the server told of the steady phase.
    pub server: Option<ServerFigures>,
    /// How late the generator was, in microseconds.
    pub lag: Distribution,
    /// How long the server took to tell its figures, in microseconds.
    pub scrapes: Distribution,
    /// What became of the documents that were uploaded.
    pub uploads: Uploads,
    /// Connections that the generator opened.
    pub connections_opened: u64,
}

/// Requests of one kind that were answered, with their latencies in microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskRecord {
    /// When they were due.
    pub phase: Phase,
    /// Who asked.
    pub class: Class,
    /// What for.
    pub task: Task,
    /// Where the answers came from.
    pub source: Source,
    /// From the moment at which each was due.
    pub due: Distribution,
    /// From the moment at which it was sent.
    pub sent: Distribution,
}

/// Requests that failed alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// When they were due.
    pub phase: Phase,
    /// What for.
    pub task: Task,
    /// How they failed.
    pub failure: String,
    /// How many there were.
    pub count: u64,
}

/// Documents that were uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploads {
    /// How many.
    pub uploaded: usize,
    /// Those that were not found by their meaning until a minute after the end: they came faster than they could be embedded.
    pub unindexed: u64,
    /// How long it took until the others were, in microseconds.
    pub indexed: Distribution,
}

impl Level {
    /// What was measured of a load, complete or not.
    #[must_use]
    pub fn of(
        name: String,
        model: Model,
        pacing: Pacing,
        measured: &Measured,
        observed: &Observed,
        complete: bool,
        connections_opened: u64,
    ) -> Self {
        let records = &measured.records;
        let (steady_from_s, steady_s) = (measured.ramp.as_secs_f64(), measured.steady.as_secs_f64());
        let tasks = records.series.iter().map(|(key, series)| TaskRecord {
            phase: key.phase,
            class: key.class,
            task: key.task,
            source: key.source,
            due: Distribution::of(&series.due),
            sent: Distribution::of(&series.sent),
        });
        let failures = records.failures.iter().map(|((phase, task, failure), count)| FailureCount {
            phase: *phase,
            task: *task,
            failure: failure.0.clone(),
            count: *count,
        });
        let indexed = records.indexing.values().map(|series| Distribution::of(&series.due));
        let mut level = Self {
            name,
            model,
            pacing,
            steady_s,
            steady_from_s,
            complete,
            invalid: Vec::new(),
            tasks: tasks.collect(),
            failures: failures.collect(),
            seconds: records.seconds.clone(),
            moments: observed.moments.clone(),
            server: ServerFigures::between(observed, steady_from_s, steady_from_s + steady_s),
            lag: Distribution::of(&records.lag.due),
            scrapes: Distribution::of(&observed.scrape_us),
            uploads: Uploads {
                uploaded: measured.uploaded,
                unindexed: records.unindexed,
                indexed: indexed.fold(Distribution::default(), |mut sum, one| {
                    sum.add(&one);
                    sum
                }),
            },
            connections_opened,
        };
        level.invalid = level.why_invalid();
        level
    }

    fn why_invalid(&self) -> Vec<String> {
        let lag = self.lag.quantile_ms(0.99).filter(|lag| *lag > MOST_LAG_MS);
        let lag = lag.map(|lag| {
            format!("the generator was {lag:.0} ms late at the 99th percentile, more than {MOST_LAG_MS} ms")
        });
        let many =
            self.failures.iter().filter(|failure| failure.failure == "too many in hand").map(|of| of.count).sum();
        let many = Some(many).filter(|many: &u64| *many > 0);
        let many = many.map(|many| format!("{many} tasks were left out, because too many were in hand"));
        let cut = (!self.complete).then(|| "it was cut off".to_owned());
        [lag, many, cut].into_iter().flatten().collect()
    }

    /// Latencies of the steady phase of what is wanted, from the moment at which each request was due.
    #[must_use]
    pub fn due(&self, wanted: impl Fn(&TaskRecord) -> bool) -> Distribution {
        self.together(wanted, |record| &record.due)
    }

    /// The same from the moment at which it was sent.
    #[must_use]
    pub fn sent(&self, wanted: impl Fn(&TaskRecord) -> bool) -> Distribution {
        self.together(wanted, |record| &record.sent)
    }

    fn together(
        &self,
        wanted: impl Fn(&TaskRecord) -> bool,
        of: impl Fn(&TaskRecord) -> &Distribution,
    ) -> Distribution {
        let mut sum = Distribution::default();
        let fitting = self.tasks.iter().filter(|record| record.phase == Phase::Steady && wanted(record));
        fitting.for_each(|record| sum.add(of(record)));
        sum
    }

    /// The steady phase second by second, as it is compared. What the server told in between has no place in a second.
    #[must_use]
    pub fn steady(&self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        for (index, second) in self.seconds.iter().enumerate() {
            let begins = index as f64;
            if begins < self.steady_from_s || begins + 1.0 > self.steady_from_s + self.steady_s {
                continue;
            }
            let mut stretch = Stretch {
                seconds: 1.0,
                answered: second.due_us.values().sum(),
                failed: second.failed,
                latencies_us: second.due_us.clone(),
                ..Stretch::default()
            };
            let moment = self.moments.iter().find(|moment| moment.at_s > begins);
            if let Some(taken) = moment.and_then(|moment| moment.server) {
                // Moments last for a second, or a little more.
                stretch.figures.insert("cpu_seconds".to_owned(), taken.cpu_seconds / taken.seconds);
                stretch.peaks.insert("memory_bytes".to_owned(), taken.memory_bytes);
            }
            stretches.push(stretch);
        }
        stretches
    }

    /// Requests of the steady phase that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.iter().filter(|failure| failure.phase == Phase::Steady).map(|failure| failure.count).sum()
    }

    /// Requests answered in a second of the steady phase.
    #[must_use]
    pub fn requests_per_second(&self) -> f64 {
        self.due(|_| true).count() as f64 / self.steady_s.max(f64::MIN_POSITIVE)
    }

    /// Failed of all requests of the steady phase, in percent; nothing without requests.
    #[must_use]
    pub fn error_percent(&self) -> Option<f64> {
        let (failed, answered) = (self.failed() as f64, self.due(|_| true).count() as f64);
        (failed + answered > 0.0).then(|| 100.0 * failed / (failed + answered))
    }

    /// Of the moments of the steady phase: the least, the mean and the most; nothing where it was not observed.
    #[must_use]
    pub fn spread(&self, of: impl Fn(&Moment) -> Option<f64>) -> Option<[f64; 3]> {
        let (from, until) = (self.steady_from_s, self.steady_from_s + self.steady_s);
        spread(self.moments.iter().filter(|moment| moment.at_s > from && moment.at_s <= until).filter_map(of))
    }
}
