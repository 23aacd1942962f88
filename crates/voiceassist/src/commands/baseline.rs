//! `voiceassist lab baseline`: one person on a server that has nothing else to do.

use std::path::PathBuf;

use lab::baseline::{self, Extent};
use lab::report::summary;
use lab::run_file::{BaselineRecord, Distribution, Run};
use lab::workload::Workload;

use crate::commands::target::TargetOptions;
use crate::output;
use crate::progress::Progress;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct BaselineCommand {
    #[command(flatten)]
    target: TargetOptions,
    /// How often what costs little is asked for; other requests are fewer.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    requests: usize,
    /// Fixes what is asked.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The run file. One that is there already gets the baseline beside its loads.
    #[arg(long, value_name = "FILE", default_value = "target/lab/run.json")]
    out: PathBuf,
}

impl BaselineCommand {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let target = self.target.open(settings).await?;
        let workload = Workload::read("seed")?;
        let catalogue = self.target.catalogue(&target, &workload, self.seed).await?;
        let whole = Extent::default();
        let extent = Extent {
            light: self.requests,
            heavy: whole.heavy.min(self.requests),
            // Each is a megabyte.
            uploads: whole.uploads.min(1 + self.requests / 250),
            ..whole
        };
        let mut progress = Progress::new("baseline ", 7);
        let mut parts = 0;
        let told = |part: &'static str| {
            progress.set(parts, part.to_owned());
            parts += 1;
        };
        let measured =
            baseline::measure(&target.gateways, &target.credentials, target.process, &catalogue, extent, told).await?;
        progress.finish();
        let mut run = target.run(&self.out, workload, self.seed).await?;
        let endpoints = measured.rows.iter().map(|(endpoint, latencies)| (*endpoint, Distribution::of(latencies)));
        run.baseline = Some(BaselineRecord {
            idle: measured.idle,
            connections: measured.connections,
            cache_bytes: measured.cache_bytes,
            endpoints: endpoints.collect(),
        });
        run.end();
        run.write(&self.out)?;
        output::line(summary(&Run { levels: Vec::new(), ..run }, &slo::Levels::built_in()?))?;
        output::note(format_args!("wrote {}", self.out.display()));
        Ok(())
    }
}
