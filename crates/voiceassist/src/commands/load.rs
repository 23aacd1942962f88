//! `voiceassist lab load`: a workload on a server, one load after the other, into a run file.

use std::path::PathBuf;

use anyhow::ensure;
use lab::report::summary;
use lab::run_file::{Model, Run};
use lab::workload::{Pacing, Workload};

use crate::commands::playing::Playing;
use crate::commands::target::{Target, TargetOptions};
use crate::output;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct LoadCommand {
    #[command(flatten)]
    target: TargetOptions,
    /// A workload that is known (seed, smoke, stress, spike, soak) or the file of one.
    #[arg(long, value_name = "NAME", default_value = "seed")]
    workload: String,
    /// How many people there are, one load after the other; a workload with stages has its own.
    #[arg(long, value_name = "COUNTS", value_delimiter = ',')]
    users: Vec<usize>,
    /// Requests a second, whoever still waits for an answer, one load after the other.
    #[arg(long, value_name = "RATES", value_delimiter = ',')]
    rates: Vec<f64>,
    /// How long everybody is there, in minutes before the time scale.
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<f64>,
    /// How many people come in a minute, before the time scale.
    #[arg(long, value_name = "COUNT")]
    ramp_per_minute: Option<f64>,
    /// Divides the ramp and the steady phase, and stands on the report. People think as long as they do.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time_scale: f64,
    /// Fixes what everybody does and asks.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Upload nothing.
    #[arg(long)]
    no_uploads: bool,
    /// The run file. One of the same server that is there already keeps its baseline and its edges.
    #[arg(long, value_name = "FILE", default_value = "target/lab/run.json")]
    out: PathBuf,
}

impl LoadCommand {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        ensure!(self.time_scale > 0.0 && self.time_scale.is_finite(), "--time-scale must be above 0");
        ensure!(self.users.iter().all(|users| *users > 0), "--users must be above 0");
        ensure!(self.rates.iter().all(|rate| *rate > 0.0), "--rates must be above 0");
        let workload = Workload::read(&self.workload)?;
        let models = self.models(&workload)?;
        let target = self.target.open(settings).await?;
        let measured = self.measure(&target, workload, &models).await;
        if let (Err(_), Some(log)) = (&measured, target.log()) {
            output::note(format_args!("The end of the server's log:\n{log}"));
        }
        let run = measured?;
        output::line(summary(&Run { baseline: None, ..run }, &slo::Levels::built_in()?))?;
        output::note(format_args!("wrote {}", self.out.display()));
        Ok(())
    }

    fn models(&self, workload: &Workload) -> anyhow::Result<Vec<Model>> {
        let open = self.rates.iter().map(|rate| Model::Open { requests_per_second: *rate });
        if workload.stages.is_empty() {
            let users: &[usize] = if self.users.is_empty() && self.rates.is_empty() { &[50] } else { &self.users };
            return Ok(users.iter().map(|users| Model::Closed { users: *users }).chain(open).collect());
        }
        ensure!(self.users.is_empty(), "{} has stages of its own: leave --users out", self.workload);
        let users = workload.stages.iter().map(|stage| stage.users).max().unwrap_or_default();
        Ok(std::iter::once(Model::Closed { users }).chain(open).collect())
    }

    async fn measure(&self, target: &Target, workload: Workload, models: &[Model]) -> anyhow::Result<Run> {
        let catalogue = self.target.catalogue(target, &workload, self.seed).await?;
        let mut run = target.run(&self.out, workload.clone(), self.seed).await?;
        run.time_scale = self.time_scale;
        run.levels.clear();
        let mut playing = Playing::new(target, workload, catalogue, self.seed, !self.no_uploads).await?;
        for model in models {
            let pacing = self.pacing(&playing.workload, *model);
            let level = playing.play(*model, pacing, |so_far| {
                run.levels.push(so_far);
                // If it cannot be written now, the end says so.
                drop(run.write(&self.out));
                run.levels.pop();
            });
            let level = level.await?;
            let complete = level.complete;
            run.levels.push(level);
            run.write(&self.out)?;
            if !complete {
                break;
            }
        }
        playing.end().await?;
        run.end();
        run.write(&self.out)?;
        Ok(run)
    }

    /// Ramp and steady phase are as much shorter as the time scale says; nobody thinks faster.
    fn pacing(&self, workload: &Workload, model: Model) -> Pacing {
        let users = match model {
            Model::Closed { users } => users,
            Model::Open { .. } => 0,
        };
        let mut pacing = workload.pacing(users, self.minutes, self.ramp_per_minute, 1.0);
        for stage in &mut pacing.stages {
            // An open load is there within a tenth of its time.
            if users == 0 {
                stage.ramp_s = stage.hold_s / 10.0;
            }
            stage.ramp_s /= self.time_scale;
            stage.hold_s /= self.time_scale;
        }
        pacing
    }
}
