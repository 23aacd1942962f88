//! What all people of a run share.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::asking::Asked;
use super::checks::{Changes, Checks};
use super::gateways::{Content, Gateways};
use super::record::{Key, Phase, Records, Source};
use super::statistics::Statistics;
use super::{Failure, Measured, Status};
use crate::workload::{self, Catalogue, Class, Pacing, Rewording, Task, Workload};
use crate::{Error, Result};

/// How often an upload is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What a run is to do.
#[derive(Debug)]
pub struct Load {
    /// Where to.
    pub gateways: Arc<Gateways>,
    /// The access token of an administrator.
    pub admin: String,
    /// What is asked.
    pub catalogue: Arc<Catalogue>,
    /// Who does what.
    pub workload: Workload,
    /// When.
    pub pacing: Pacing,
    /// Tasks that begin in a second whoever still waits for an answer, in an open model; in a closed one, people think after each
    /// answer.
    pub tasks_per_second: Option<f64>,
    /// Where figures are told, if the load may read them.
    pub metrics: Option<Arc<Gateways>>,
    /// The share of the questions that were asked before, in other words.
    pub reworded_share: f64,
    /// How many of the questions, those first that are expected most, had been answered before the run.
    pub warmed: usize,
    /// Every so many hits of a tier, one is compared with a computed answer; 0 for never.
    pub check_every: u64,
    /// Whether documents are uploaded; administrators list them otherwise.
    pub uploads: bool,
    /// How long after the end uploads are waited for. What is not indexed then came faster than it could be embedded, and is
    /// deleted, so that it does not change the answers of the next run.
    pub patience: Duration,
    /// Whether what was uploaded stays. Deleting it removes answers from the cache, as uploading did.
    pub keep_uploads: bool,
    /// What everything by lot comes from.
    pub seed: u64,
    /// Makes the uploads of this run different from those of any other.
    pub nonce: u64,
}

pub(super) struct World {
    pub(super) load: Load,
    pub(super) began: Instant,
    /// When everybody of the first stage is there.
    pub(super) steady: Instant,
    /// Nothing begins after this.
    pub(super) end: Instant,
    pub(super) changes: Arc<Changes>,
    pub(super) checks: Mutex<Checks>,
    pub(super) notes: AtomicU64,
    present: AtomicUsize,
    records: Mutex<Records>,
    pub(super) before: workload::Asked,
    /// In which gateways the words of a question were answered, by their places.
    answered_in: Mutex<HashMap<String, HashSet<usize>>>,
    hits: [AtomicU64; 3],
    questions: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    uploads: Mutex<Vec<String>>,
    uploaded: AtomicU64,
    /// Held by who looks at an upload, in the order in which they were uploaded and are indexed: a hundred who look twice a second
    /// each would be a load of their own.
    looking: tokio::sync::Mutex<()>,
}

impl Load {
    /// What the caches of all gateways have counted until now.
    pub(super) async fn statistics(&self) -> Result<Statistics> {
        const PATH: &str = "/api/admin/cache";
        let mut sum = Statistics::default();
        for gateway in 0..self.gateways.urls().len() {
            let answer = self.gateways.send(gateway, Method::GET, PATH, &self.admin, Content::Nothing).await;
            let answer = answer.map_err(|failure| Error::Request { path: PATH.to_owned(), failure })?;
            let one: Statistics =
                serde_json::from_slice(&answer).map_err(|source| Error::Answer { path: PATH.to_owned(), source })?;
            sum += &one;
        }
        Ok(sum)
    }
}

impl World {
    pub(super) fn new(load: Load, began: Instant) -> Self {
        Self {
            before: workload::Asked::nothing(&load.catalogue),
            answered_in: Mutex::default(),
            steady: began + load.pacing.ramp(),
            end: began + load.pacing.total(),
            began,
            load,
            changes: Arc::default(),
            checks: Mutex::default(),
            notes: AtomicU64::new(0),
            present: AtomicUsize::new(0),
            records: Mutex::default(),
            hits: Default::default(),
            questions: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            uploads: Mutex::default(),
            uploaded: AtomicU64::new(0),
            looking: tokio::sync::Mutex::default(),
        }
    }

    /// Says which questions had been answered before, by none of these gateways.
    pub(super) fn warmed<'a>(&self, questions: impl Iterator<Item = &'a str>) {
        let mut answered_in = self.answered_in.lock().unwrap_or_else(PoisonError::into_inner);
        for question in questions {
            let asked = Asked { text: question.to_owned(), rewording: None, leans_on: None };
            answered_in.entry(asked.words()).or_default();
        }
    }

    pub(super) fn came(&self) {
        self.present.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn left(&self) {
        self.present.fetch_sub(1, Ordering::Relaxed);
    }

    /// Somebody went to work who wanted to then: what they are late by is the generator's doing.
    pub(super) fn woke(&self, due: Instant) {
        self.record(|records| records.woke(due.elapsed()));
    }

    pub(super) fn status(&self) -> Status {
        let hits = self.hits.iter().map(|hits| hits.load(Ordering::Relaxed)).sum();
        Status {
            elapsed: self.began.elapsed().min(self.end - self.began),
            total: self.end - self.began,
            people: self.present.load(Ordering::Relaxed),
            answered: self.answered.load(Ordering::Relaxed),
            hits,
            questions: self.questions.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            indexing: self.changes.pending(),
            p95: self.records.lock().unwrap_or_else(PoisonError::into_inner).last_p95(),
        }
    }

    /// Counts where the answer could have come from at the best.
    pub(super) fn could_come(&self, asked: &Asked, gateway: usize, due: Instant) {
        let source = self.repeats(asked, gateway);
        self.record(|records| records.could_come(self.phase(due), source));
    }

    /// Where a cache that is never full, and whose answers no change alters, has the answer to a question; from then on it has it
    /// in this gateway.
    pub(super) fn repeats(&self, asked: &Asked, gateway: usize) -> Source {
        let mut answered_in = self.answered_in.lock().unwrap_or_else(PoisonError::into_inner);
        let source = match answered_in.get(&asked.words()) {
            Some(gateways) if gateways.contains(&gateway) => Source::L1,
            Some(_) => Source::L2,
            None if asked.rewording.is_some() => Source::Rag,
            None => Source::Computed,
        };
        answered_in.entry(asked.words()).or_default().insert(gateway);
        source
    }

    /// Records an answer that was due then; whether it is to be checked.
    pub(super) fn answered(&self, (class, kind): (Class, Task), source: Source, due: Instant, sent: Instant) -> bool {
        let now = Instant::now();
        self.answered.fetch_add(1, Ordering::Relaxed);
        let key = Key { phase: self.phase(due), class, task: kind, source };
        self.record(|records| records.answered(key, now - self.began, now - due, now - sent));
        if !kind.is_question() {
            return false;
        }
        self.questions.fetch_add(1, Ordering::Relaxed);
        let [l1, l2, rag] = &self.hits;
        let hits = match source {
            Source::L1 => l1,
            Source::L2 => l2,
            Source::Rag => rag,
            Source::Computed | Source::Other => return false,
        };
        let before = hits.fetch_add(1, Ordering::Relaxed);
        before.checked_rem(self.load.check_every) == Some(0)
    }

    pub(super) fn failed(&self, kind: Task, due: Instant, failure: Failure) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.record(|records| records.failed((self.phase(due), kind, failure), self.began.elapsed()));
    }

    pub(super) fn worded(&self, rewording: Option<Rewording>, source: Source) {
        self.record(|records| records.worded(rewording, source));
    }

    pub(super) fn uploaded(&self, document_id: String) {
        self.uploaded.fetch_add(1, Ordering::Relaxed);
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).push(document_id);
    }

    /// Waits until a document that was uploaded then is found by its meaning, and records how long that took. It is deleted when
    /// that takes too long.
    pub(super) async fn indexed(&self, document_id: &str, uploaded: Instant) {
        #[derive(serde::Deserialize)]
        struct Document {
            status: String,
        }
        let path = format!("/api/documents/{document_id}");
        let _turn = self.looking.lock().await;
        let mut ticks = interval(LOOK_AGAIN);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while Instant::now() < self.end + self.load.patience {
            ticks.tick().await;
            let gateways = &self.load.gateways;
            let answer = gateways.send(gateways.turn(), Method::GET, &path, &self.load.admin, Content::Nothing).await;
            let document = answer.ok().and_then(|body| serde_json::from_slice::<Document>(&body).ok());
            match document.as_ref().map(|document| document.status.as_str()) {
                Some("ready") => {
                    self.record(|records| records.indexed(self.phase(uploaded), uploaded.elapsed()));
                    return;
                }
                Some("failed") => {
                    self.failed(Task::Upload, uploaded, Failure("unreadable".to_owned()));
                    return;
                }
                _ => {}
            }
        }
        self.record(Records::gave_up);
        self.forget(document_id).await;
    }

    /// Deletes what was uploaded.
    pub(super) async fn forget_uploads(&self) {
        let uploads = std::mem::take(&mut *self.uploads.lock().unwrap_or_else(PoisonError::into_inner));
        for id in uploads.iter().filter(|_| !self.load.keep_uploads) {
            self.forget(id).await;
        }
    }

    async fn forget(&self, document_id: &str) {
        let (path, gateways) = (format!("/api/documents/{document_id}"), &self.load.gateways);
        // One that stays is found by its title, and was asked for by nobody.
        let _ = gateways.send(gateways.turn(), Method::DELETE, &path, &self.load.admin, Content::Nothing).await;
    }

    /// The other question that the answer in a tier of a gateway under this one's name was computed for, if so.
    pub(super) async fn answers_another(&self, gateway: usize, question: &str) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Explanation {
            key: String,
            entries: Vec<Entry>,
        }
        #[derive(serde::Deserialize)]
        struct Entry {
            key: String,
            question: String,
        }
        let path = format!("/api/admin/cache/explain?q={}", super::gateways::escaped(question));
        let answer = self.load.gateways.send(gateway, Method::GET, &path, &self.load.admin, Content::Nothing).await;
        let Explanation { key, entries } = serde_json::from_slice(&answer.ok()?).ok()?;
        entries.into_iter().find(|entry| entry.key != key).map(|entry| entry.question)
    }

    /// What was measured until now; what the caches did is not among it.
    pub(super) fn measured(&self) -> Measured {
        let pacing = &self.load.pacing;
        Measured {
            records: self.records.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            checks: self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            statistics: <[Statistics; 2]>::default(),
            steady: pacing.steady_time().min(self.steady.elapsed()),
            ramp: pacing.ramp(),
            uploaded: usize::try_from(self.uploaded.load(Ordering::Relaxed)).unwrap_or_default(),
            complete: false,
        }
    }

    fn phase(&self, due: Instant) -> Phase {
        if self.load.pacing.is_steady(due - self.began) { Phase::Steady } else { Phase::Ramp }
    }

    fn record(&self, add: impl FnOnce(&mut Records)) {
        add(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
