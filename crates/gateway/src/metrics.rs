//! What this process counts of requests, questions and people. `telemetry::names` says what each figure means.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use assistant::{Answer, CacheTier, Mode, Timings};
use hdrhistogram::Histogram;
use telemetry::{Count, Family, MEASURED, Source, Teller, Times, names};
use tokio::sync::Semaphore;

/// Where an answer came from: a tier of the cache, or none.
const SOURCES: [&str; 4] = ["l1", "l2", "rag", "computed"];
const MODES: [&str; 2] = ["simple", "complex"];
/// Phases of a question, in their order.
const PHASES: [&str; 5] = ["cache", "embed", "retrieve", "answer", "store"];

/// Why a request was not answered though nothing was wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shed {
    /// Too many requests were in hand.
    Requests,
    /// Too many files were being received.
    Uploads,
    /// It took too long.
    TimedOut,
}

/// What became of an attempt to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SignIn {
    Accepted,
    Refused,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Received {
    New,
    Known,
    Refused,
}

/// Method, route with placeholders, status.
pub(crate) type Route = (String, String, u16);

/// The gateway's figures.
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Family<Route, Times>,
    overhead: Family<String, Times>,
    shed: Family<Shed, Count>,
    rate_limited: Count,
    answers: Family<(&'static str, &'static str, bool), Count>,
    phases: Family<&'static str, Times>,
    sign_ins: Family<SignIn, Count>,
    feedback: Family<bool, Count>,
    uploads: Family<Received, Count>,
    permits: Arc<Semaphore>,
    most_permits: usize,
}

impl Metrics {
    /// Figures of a gateway with these permits for requests. `routes` are its routes with their methods.
    pub(crate) fn new(permits: Arc<Semaphore>, routes: impl IntoIterator<Item = (String, String)>) -> Self {
        let answers = MODES
            .iter()
            .flat_map(|mode| SOURCES.iter().flat_map(|source| [(*mode, *source, true), (*mode, *source, false)]));
        Self {
            requests: Family::of(routes.into_iter().map(|(method, route)| (method, route, 200))),
            overhead: Family::default(),
            shed: Family::of([Shed::Requests, Shed::Uploads, Shed::TimedOut]),
            rate_limited: Count::default(),
            answers: Family::of(answers),
            phases: Family::of(PHASES),
            sign_ins: Family::of([SignIn::Accepted, SignIn::Refused]),
            feedback: Family::of([true, false]),
            uploads: Family::of([Received::New, Received::Known, Received::Refused]),
            most_permits: permits.available_permits(),
            permits,
        }
    }

    /// A request was answered.
    pub(crate) fn answered_request(&self, method: &str, route: &str, status: u16, took: Duration, waited: Duration) {
        if !MEASURED {
            return;
        }
        self.requests.with(&(method.to_owned(), route.to_owned(), status)).record(took);
        self.overhead.with(&route.to_owned()).record(took.saturating_sub(waited));
    }

    pub(crate) fn shed(&self, why: Shed) {
        self.shed.with(&why).add_one();
    }

    pub(crate) fn rate_limited(&self) {
        self.rate_limited.add_one();
    }

    /// A question was answered.
    pub(crate) fn answered_question(&self, answer: &Answer) {
        if !MEASURED {
            return;
        }
        let mode = match answer.mode {
            Mode::Simple => "simple",
            Mode::Complex => "complex",
        };
        let source = match answer.cache.tier {
            Some(CacheTier::L1) => "l1",
            Some(CacheTier::L2) => "l2",
            Some(CacheTier::Rag) => "rag",
            None => "computed",
        };
        self.answers.with(&(mode, source, answer.grounded)).add_one();
        let Timings { total: _, cache, embed, retrieve, answer, store } = answer.timings_ms;
        for (phase, ms) in PHASES.into_iter().zip([cache, embed, retrieve, answer, store]) {
            // What did not take place would only drown the times of what did.
            if ms > 0.0 {
                self.phases.with(&phase).record(Duration::from_secs_f64(ms / 1_000.0));
            }
        }
    }

    pub(crate) fn signed_in(&self, outcome: SignIn) {
        self.sign_ins.with(&outcome).add_one();
    }

    pub(crate) fn rated(&self, is_good: bool) {
        self.feedback.with(&is_good).add_one();
    }

    pub(crate) fn received(&self, outcome: Received) {
        self.uploads.with(&outcome).add_one();
    }
}

impl Metrics {
    /// How long requests took until now, in microseconds.
    pub(crate) fn request_times(&self) -> Vec<(Route, Histogram<u32>)> {
        self.requests.all().into_iter().map(|(route, times)| (route, times.histogram())).collect()
    }

    /// Requests in hand.
    pub(crate) fn in_flight(&self) -> usize {
        self.most_permits.saturating_sub(self.permits.available_permits())
    }

    /// What is remembered over time, by names of its own.
    pub(crate) fn totals(&self) -> Vec<(String, f64)> {
        let mut totals: BTreeMap<String, f64> = BTreeMap::new();
        let mut add = |name: &str, count: u64| *totals.entry(name.to_owned()).or_default() += count as f64;
        for ((_, source, grounded), count) in self.answers.all() {
            add("answers", count.get());
            add(&format!("answers_{source}"), count.get());
            add("answers_grounded", if grounded { count.get() } else { 0 });
        }
        for (is_good, count) in self.feedback.all() {
            add(if is_good { "feedback_up" } else { "feedback_down" }, count.get());
        }
        for (outcome, count) in self.sign_ins.all() {
            add(if outcome == SignIn::Accepted { "sign_ins" } else { "sign_ins_refused" }, count.get());
        }
        self.shed.all().iter().for_each(|(_, count)| add("shed", count.get()));
        add("uploads", self.uploads.with(&Received::New).get());
        totals.into_iter().collect()
    }
}

impl Source for Metrics {
    fn tell(&self, teller: &mut Teller<'_, '_>) -> fmt::Result {
        let requests: Vec<_> = self
            .request_times()
            .into_iter()
            .map(|((method, route, status), times)| ([method, route, status.to_string()], times))
            .collect();
        let counts = requests.iter().map(|(labels, histogram)| (labels.clone(), histogram.len() as f64));
        teller.numbers(&names::HTTP_REQUESTS, counts)?;
        teller.times(&names::HTTP_DURATION, 1e-6, requests)?;
        teller.one(&names::HTTP_IN_FLIGHT, self.in_flight() as f64)?;
        teller.one(&names::HTTP_IN_FLIGHT_MAX, self.most_permits as f64)?;
        teller.numbers(
            &names::HTTP_SHED,
            counted(&self.shed, |why| match why {
                Shed::Requests => "requests",
                Shed::Uploads => "uploads",
                Shed::TimedOut => "timed_out",
            }),
        )?;
        teller.numbers(&names::RATE_LIMITED, [(["login".to_owned()], self.rate_limited.get() as f64)])?;
        let overhead = self.overhead.all().into_iter().map(|(route, times)| ([route], times.histogram()));
        teller.times(&names::OVERHEAD, 1e-6, overhead)?;
        let answers = self.answers.all().into_iter().map(|((mode, source, grounded), count)| {
            ([mode.to_owned(), source.to_owned(), grounded.to_string()], count.get() as f64)
        });
        teller.numbers(&names::ANSWERS, answers)?;
        let phases = self.phases.all().into_iter().map(|(phase, times)| ([phase.to_owned()], times.histogram()));
        teller.times(&names::QUESTION_PHASE, 1e-6, phases)?;
        teller.numbers(
            &names::SIGN_INS,
            counted(&self.sign_ins, |outcome| match outcome {
                SignIn::Accepted => "accepted",
                SignIn::Refused => "refused",
            }),
        )?;
        teller.numbers(&names::FEEDBACK, counted(&self.feedback, |is_good| if *is_good { "up" } else { "down" }))?;
        teller.numbers(
            &names::UPLOADS,
            counted(&self.uploads, |outcome| match outcome {
                Received::New => "new",
                Received::Known => "known",
                Received::Refused => "refused",
            }),
        )
    }
}

fn counted<K: Ord + Clone>(family: &Family<K, Count>, name: impl Fn(&K) -> &'static str) -> Vec<([String; 1], f64)> {
    family.all().into_iter().map(|(key, count)| ([name(&key).to_owned()], count.get() as f64)).collect()
}
