//! `voiceassist lab cache-load`: how well the cache works while people use running gateways.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use lab::cache_load::Report;
use lab::load::{self, Credentials, Gateways, Load, Person};
use lab::workload::{self, Catalogue, Sort, Workload};

use crate::output;
use crate::progress::Progress;

/// Another number for every run.
fn nonce() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) << 32
}

#[derive(clap::Args)]
pub(crate) struct CacheLoad {
    /// A running gateway; requests go to all that are given, in turn.
    #[arg(long, value_name = "URL", required = true)]
    gateway: Vec<String>,
    /// How many people there are; several numbers are measured one after the other.
    #[arg(long, value_name = "COUNT", default_value = "50")]
    users: Vec<usize>,
    /// How long everybody is there, in minutes before the time scale.
    #[arg(long, value_name = "MINUTES", default_value_t = 30.0)]
    minutes: f64,
    /// How many times faster than people they are. It divides thinking, the ramp and the minutes, and stands on the report.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time_scale: f64,
    /// How many people come in a minute, before the time scale.
    #[arg(long, value_name = "COUNT", default_value_t = 10.0)]
    ramp_per_minute: f64,
    /// Fixes what everybody does and asks.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The address of an administrator, in whose name accounts are made and figures read.
    #[arg(long, default_value = "admin@localhost")]
    email: String,
    /// The administrator's password.
    #[arg(long, env = "VOICEASSIST_LAB_PASSWORD", hide_env_values = true)]
    password: String,
    /// Tab-separated, the question first, one line of head: questions that are asked beside those about titles and headings.
    #[arg(long, value_name = "FILE")]
    questions: Vec<PathBuf>,
    /// How many different questions with one part there are.
    #[arg(long, value_name = "COUNT", default_value_t = 3_000)]
    distinct: usize,
    /// The share of the questions that were asked before, in other words. Source of the default: Gill et al., "`MeanCache`" (2024).
    #[arg(long, value_name = "SHARE", default_value_t = 0.31)]
    reworded: f64,
    /// How many of the questions, those first that are expected most, were answered before the run by `voiceassist cache warm`.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    warmed: usize,
    /// Compare one of so many hits of each tier with a computed answer; 0 for none.
    #[arg(long, value_name = "COUNT", default_value_t = 25)]
    check_every: u64,
    /// Upload nothing, to see what invalidation costs.
    #[arg(long)]
    no_uploads: bool,
    /// Do not delete in the end what was uploaded. Deleting removes answers from the cache, as uploading does.
    #[arg(long)]
    keep_uploads: bool,
    /// Write all questions into a file for `voiceassist cache warm`, those first that are expected most, and ask nothing.
    #[arg(long, value_name = "FILE")]
    write_questions: Option<PathBuf>,
    /// Write the reports into a file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl CacheLoad {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        for (option, value) in
            [("minutes", self.minutes), ("time-scale", self.time_scale), ("ramp-per-minute", self.ramp_per_minute)]
        {
            anyhow::ensure!(value > 0.0 && value.is_finite(), "--{option} must be above 0, not {value}");
        }
        anyhow::ensure!(
            (0.0..=1.0).contains(&self.reworded),
            "--reworded must be between 0 and 1, not {}",
            self.reworded
        );
        let gateways = Arc::new(Gateways::new(&self.gateway)?);
        let credentials = Credentials { email: self.email.clone(), password: self.password.clone() };
        let (admin, _) = load::sign_in(&gateways, &credentials).await.context("the administrator cannot sign in")?;
        let catalogue = Arc::new(self.catalogue(&admin).await?);
        if let Some(file) = &self.write_questions {
            let mut lines = catalogue.by_expectation(Workload::read("seed")?.parts_share()).join("\n");
            lines.push('\n');
            std::fs::write(file, lines).with_context(|| format!("cannot write {}", file.display()))?;
            return output::line(format_args!("wrote {}", file.display()));
        }
        let mut reports = Vec::new();
        for users in &self.users {
            let report = self.measure(*users, &gateways, &admin, &catalogue).await?;
            output::line(report.to_string().trim_end())?;
            reports.push(report);
        }
        if let Some(file) = &self.json {
            let written = std::fs::write(file, serde_json::to_string_pretty(&reports)?);
            written.with_context(|| format!("cannot write {}", file.display()))?;
        }
        anyhow::ensure!(reports.iter().all(Report::is_sound), "requests failed, or answers from the cache were wrong");
        Ok(())
    }

    async fn catalogue(&self, admin: &str) -> anyhow::Result<Catalogue> {
        let mut given = Vec::new();
        for file in &self.questions {
            given.extend(workload::question_lines(file)?);
        }
        let first = self.gateway.first().map(String::as_str).unwrap_or_default();
        let client = lab::Client::new(first, admin)?;
        let mut progress = Progress::new("headings ", 1);
        let subjects = workload::subjects(&client, |done, of| progress.set_of(done, of, String::new())).await?;
        progress.finish();
        let catalogue =
            Catalogue::build(&subjects, &given, self.distinct, Workload::read("seed")?.questions.exponent, self.seed);
        if catalogue.count(Sort::Simple) == 0 || catalogue.count(Sort::Parts) == 0 {
            return Err(lab::Error::NoQuestions.into());
        }
        Ok(catalogue)
    }

    async fn measure(
        &self,
        users: usize,
        gateways: &Arc<Gateways>,
        admin: &str,
        catalogue: &Arc<Catalogue>,
    ) -> anyhow::Result<Report> {
        let workload = Workload::read("seed")?;
        let pacing = workload.pacing(users, Some(self.minutes), Some(self.ramp_per_minute), self.time_scale);
        let seconds = pacing.total().as_secs() + 1;
        let classes: Vec<_> = (0..users).map(|person| workload.class(person)).collect();
        let mut progress = Progress::new("signing in", users as u64);
        let told = |done: usize| progress.set(done as u64, String::new());
        let people = load::invite(gateways, admin, classes.into_iter(), seconds, told).await?;
        progress.finish();
        let ids: Vec<String> = people.iter().map(|person: &Person| person.id().to_owned()).collect();
        let load = Load {
            gateways: Arc::clone(gateways),
            admin: admin.to_owned(),
            catalogue: Arc::clone(catalogue),
            workload,
            pacing: pacing.clone(),
            tasks_per_second: None,
            metrics: None,
            reworded_share: self.reworded,
            warmed: self.warmed,
            check_every: self.check_every,
            uploads: !self.no_uploads,
            patience: std::time::Duration::from_mins(1),
            keep_uploads: self.keep_uploads,
            seed: self.seed,
            nonce: nonce(),
        };
        let mut progress = Progress::new("seconds  ", pacing.total().as_secs());
        let measured = load::run(load, people, std::future::pending(), |status, _| {
            let rate = 100.0 * status.hits as f64 / status.questions.max(1) as f64;
            let message = format!(
                "{} people, {} answered, {rate:.0} % from the cache, {} failed, {} being indexed",
                status.people, status.answered, status.failed, status.indexing
            );
            progress.set(status.elapsed.as_secs(), message);
        })
        .await;
        progress.finish();
        load::dismiss(gateways, admin, &ids).await?;
        let distinct = [Sort::Simple, Sort::Parts].map(|sort| catalogue.count(sort));
        Ok(Report::new(users, gateways.urls().len(), &pacing, self.seed, distinct, &measured?))
    }
}
