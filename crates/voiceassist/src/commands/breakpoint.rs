//! `voiceassist lab breakpoint`: how far a load can be raised until a target breaks.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use lab::edge::{self, Search, Tried};
use lab::report::number;
use lab::run_file::{Edge, Level, Model};
use lab::workload::{Pacing, Stage, Workload};
use slo::{Levels, Status};

use crate::commands::playing::Playing;
use crate::commands::target::{Target, TargetOptions};
use crate::output;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Breakpoint {
    #[command(flatten)]
    target: TargetOptions,
    /// What is raised; both, one after the other, unless one is named.
    #[arg(long, value_enum)]
    raise: Option<Raise>,
    /// The first load.
    #[arg(long, default_value_t = 100.0)]
    from: f64,
    /// No greater load is tried.
    #[arg(long, default_value_t = 20_000.0)]
    most: f64,
    /// How long each load is there, in seconds.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// How often the edge is looked for again.
    #[arg(long, default_value_t = 1)]
    repetitions: usize,
    /// Fixes what everybody does and asks.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Upload nothing.
    #[arg(long)]
    no_uploads: bool,
    /// The run file. One of the same server that is there already gets the edges beside its loads.
    #[arg(long, value_name = "FILE", default_value = "target/lab/run.json")]
    out: PathBuf,
}

/// What is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Raise {
    /// People, who think after each answer.
    Users,
    /// Requests a second, whoever still waits.
    Rate,
}

impl Breakpoint {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        ensure!(self.from >= 1.0 && self.most >= self.from, "--from must be 1 at least, and --most no less");
        ensure!(self.seconds > 0.0 && self.seconds.is_finite(), "--seconds must be above 0");
        let target = self.target.open(settings).await?;
        let workload = Workload::read("seed")?;
        let catalogue = self.target.catalogue(&target, &workload, self.seed).await?;
        let mut run = target.run(&self.out, workload.clone(), self.seed).await?;
        run.edges.clear();
        let mut playing = Playing::new(&target, workload, catalogue, self.seed, !self.no_uploads).await?;
        // Beyond the edge, documents come faster than they can be embedded: nobody waits for them.
        playing.patience = Duration::ZERO;
        let raised = self.raise.map_or(vec![Raise::Users, Raise::Rate], |one| vec![one]);
        for raise in raised {
            let edge = self.edge(&mut playing, raise, &target).await?;
            output::line(said(&edge))?;
            run.edges.push(edge);
            run.write(&self.out)?;
        }
        playing.end().await?;
        run.end();
        run.write(&self.out)?;
        output::note(format_args!("wrote {}", self.out.display()));
        Ok(())
    }

    async fn edge(&self, playing: &mut Playing<'_>, raise: Raise, target: &Target) -> anyhow::Result<Edge> {
        let levels = Levels::built_in()?;
        let search = Search { from: self.from, most: self.most, precision: 0.1, repetitions: self.repetitions };
        let of = if raise == Raise::Users { "users" } else { "requests_per_second" };
        edge::find(of, search, async |load: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "loads are whole numbers above 0"
            )]
            let model = match raise {
                Raise::Users => Model::Closed { users: load as usize },
                Raise::Rate => Model::Open { requests_per_second: load },
            };
            // People who came all at once think before they do anything: within ten seconds all have begun.
            let users = if let Model::Closed { users } = model { users } else { 0 };
            let stages = vec![Stage { users, ramp_s: 10.0, hold_s: self.seconds }];
            let pacing = Pacing { stages, ..Pacing::steady(0, 0.0) };
            let level = playing.play(model, pacing, drop).await?;
            ensure!(level.complete, "stopped");
            let tried = judged(&level, &levels);
            output::note(format_args!("{}: {}", level.name, tried.said));
            if let (Some(_), Some(log)) = (&tried.broken, target.log()) {
                output::note(log);
            }
            Ok(tried)
        })
        .await
    }
}

/// The first target of the response times, or the share of errors, that a load breaks.
fn judged(level: &Level, levels: &Levels) -> Tried {
    let due = level.due(|_| true);
    let of = &levels.response_time;
    let figures = [
        ("error rate", "%", levels.production.error_percent.target, level.error_percent()),
        ("P50", " ms", of.p50_ms.target, due.quantile_ms(0.5)),
        ("P95", " ms", of.p95_ms.target, due.quantile_ms(0.95)),
        ("P99", " ms", of.p99_ms.target, due.quantile_ms(0.99)),
    ];
    let broken = figures.into_iter().find_map(|(what, unit, target, measured)| {
        let range = measured.and_then(|value| slo::Range::try_from(value).ok());
        let (target, measured) = (target?, measured.unwrap_or_default());
        let is_broken = Status::of(range, target) != Status::Pass;
        is_broken.then(|| format!("{what} {}{unit}, {target}{unit}", number(measured)))
    });
    let invalid = level.invalid.first().cloned();
    let said = format!(
        "{} requests a second, P50 {} ms, P95 {} ms, P99 {} ms, {} failed: {}",
        number(level.requests_per_second()),
        number(due.quantile_ms(0.5).unwrap_or_default()),
        number(due.quantile_ms(0.95).unwrap_or_default()),
        number(due.quantile_ms(0.99).unwrap_or_default()),
        level.failed(),
        broken.as_ref().or(invalid.as_ref()).map_or("held", String::as_str),
    );
    Tried { broken: broken.or(invalid), resource: resource(level), said }
}

/// What was used up most.
fn resource(level: &Level) -> String {
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let server = level.spread(|moment| Some(moment.server?.cpu_percent())).map_or(0.0, |[_, mean, _]| mean);
    let generator = level.spread(|moment| Some(moment.generator?.cpu_percent())).map_or(0.0, |[_, mean, _]| mean);
    let pool = level.server.as_ref().and_then(|server| Some((server.pool_active?[2], server.pool_most?)));
    let mut said =
        format!("CPU: server {} and generator {} of {} %", number(server), number(generator), number(100.0 * cores));
    if let Some((most, limit)) = pool.filter(|(most, limit)| most >= limit) {
        said = format!("{said}; database connections: {} of {}", number(most), number(limit));
    }
    said
}

fn said(edge: &Edge) -> String {
    let list = |values: &[f64]| values.iter().map(|value| number(*value)).collect::<Vec<_>>().join(", ");
    format!(
        "{}: held {}, broken {}; {}; {}",
        edge.of.replace('_', " "),
        list(&edge.held),
        if edge.broken.is_empty() { "nowhere".to_owned() } else { format!("at {}", list(&edge.broken)) },
        edge.target.join("; "),
        edge.resource.join("; ")
    )
}
