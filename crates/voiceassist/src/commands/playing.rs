//! Playing a workload on a server: accounts, the load itself, and what is observed meanwhile.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lab::load::{self, Load, Measured, Person, Status};
use lab::observe::Observer;
use lab::run_file::{Level, Model};
use lab::workload::{Catalogue, Pacing, Workload};

use crate::commands::target::Target;
use crate::progress::Progress;

/// So many accounts at most make the requests; more people share them, each with conversations of their own.
pub(crate) const ACCOUNTS: usize = 200;
const PATIENCE: Duration = Duration::from_secs(30);
/// Seconds after which what was measured is told.
const TOLD_EVERY: u64 = 10;

/// What stays the same over the loads of a run.
pub(crate) struct Playing<'a> {
    pub(crate) target: &'a Target,
    pub(crate) workload: Workload,
    pub(crate) catalogue: Arc<Catalogue>,
    /// An administrator's access token.
    pub(crate) token: String,
    pub(crate) seed: u64,
    pub(crate) uploads: bool,
    /// How long after the end of a load documents are waited for.
    pub(crate) patience: Duration,
    /// The accounts that there are already.
    people: Vec<Person>,
}

impl<'a> Playing<'a> {
    pub(crate) async fn new(
        target: &'a Target,
        workload: Workload,
        catalogue: Catalogue,
        seed: u64,
        uploads: bool,
    ) -> anyhow::Result<Self> {
        let (catalogue, token) = (Arc::new(catalogue), target.token().await?);
        Ok(Self { target, workload, catalogue, token, seed, uploads, patience: PATIENCE, people: Vec::new() })
    }

    /// One load. `so_far` is told now and then what was measured until then.
    pub(crate) async fn play(
        &mut self,
        model: Model,
        pacing: Pacing,
        mut so_far: impl FnMut(Level),
    ) -> anyhow::Result<Level> {
        let (name, users, rate) = match model {
            Model::Closed { users } => (format!("{users} users"), users, None),
            Model::Open { requests_per_second } => {
                let tasks = requests_per_second / self.workload.requests_per_task();
                (format!("{requests_per_second} requests a second"), ACCOUNTS, Some(tasks))
            }
        };
        let people = self.invite(users, pacing.total().as_secs() + 60).await?;
        let observer = Observer::start(self.target.subject());
        let before = self.target.gateways.opened();
        let record = |measured: &Measured| {
            let opened = self.target.gateways.opened() - before;
            Level::of(name.clone(), model, pacing.clone(), measured, &observer.so_far(), measured.complete, opened)
        };
        let mut progress = Progress::new("seconds  ", pacing.total().as_secs());
        let load = self.load(pacing.clone(), rate);
        let stop = async { drop(tokio::signal::ctrl_c().await) };
        let measured = load::run(load, people, stop, |status, measured| {
            progress.set(status.elapsed.as_secs(), format!("{name}: {}", said(status)));
            if status.elapsed.as_secs() % TOLD_EVERY == TOLD_EVERY - 1 {
                so_far(record(&measured()));
            }
        })
        .await?;
        progress.finish();
        Ok(record(&measured))
    }

    /// Nobody of them can sign in any more.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        let ids: Vec<String> = self.people.iter().map(|person| person.id().to_owned()).collect();
        Ok(load::dismiss(&self.target.gateways, &self.token, &ids).await?)
    }

    async fn invite(&mut self, users: usize, seconds: u64) -> anyhow::Result<Vec<Person>> {
        let wanted = users.min(ACCOUNTS);
        if self.people.len() < wanted {
            let classes: Vec<_> = (0..wanted).map(|person| self.workload.class(person)).collect();
            let mut progress = Progress::new("signing in", wanted as u64);
            let told = |done: usize| progress.set(done as u64, String::new());
            self.people = load::invite(&self.target.gateways, &self.token, classes.into_iter(), seconds, told).await?;
            progress.finish();
        }
        // The classes repeat, and so do the accounts.
        let again = (0..users).filter_map(|number| Some(self.people.get(number % wanted.max(1))?.again(number)));
        Ok(again.collect())
    }

    fn load(&self, pacing: Pacing, tasks_per_second: Option<f64>) -> Load {
        let nonce = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) << 32;
        Load {
            gateways: Arc::clone(&self.target.gateways),
            admin: self.token.clone(),
            catalogue: Arc::clone(&self.catalogue),
            workload: self.workload.clone(),
            pacing,
            tasks_per_second,
            metrics: self.target.metrics.clone(),
            reworded_share: self.workload.questions.reworded_share,
            warmed: 0,
            check_every: 0,
            uploads: self.uploads,
            patience: self.patience,
            keep_uploads: false,
            seed: self.seed,
            nonce,
        }
    }
}

/// What somebody who watches wants to know.
fn said(status: Status) -> String {
    let rate = status.answered as f64 / status.elapsed.as_secs_f64().max(1.0);
    let cached = 100.0 * status.hits as f64 / status.questions.max(1) as f64;
    format!(
        "{} people, {rate:.0}/s, P95 {}, {cached:.0} % from the cache, {} failed",
        status.people,
        status.p95.map_or("-".to_owned(), |p95| format!("{:.0} ms", 1_000.0 * p95.as_secs_f64())),
        status.failed
    )
}
