//! `voiceassist migrate`: everything from one database into another.

use anyhow::{Context, ensure};
use telemetry::TracesSettings;

use super::transfer::{Place, Watcher, tell};
use crate::output;
use crate::settings::Settings;

/// Sessions are copied too: people stay signed in. Jobs that were in hand wait for a worker of the target. Each table's
/// count and checksum are compared in the end. Interrupted, the same command goes on where it was.
///
/// Nobody may serve the source or the target meanwhile. A data directory is locked; of a PostgreSQL database, stop the
/// gateways and the workers.
#[derive(clap::Args)]
pub(crate) struct Migrate {
    /// Where everything is: `sqlite://` and a data directory, or `postgres://user:password@host/database`.
    #[arg(long, value_name = "URL")]
    from: Place,
    /// Where everything is to be: the same forms. It must be empty.
    #[arg(long, value_name = "URL")]
    to: Place,
}

impl Migrate {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        ensure!(self.from != self.to, "the source and the target are the same");
        telemetry::init(&settings.logs, &TracesSettings::default())?;
        let source = self.from.open_existing(&settings).await?;
        let _source_lock = source.lock_for_serving()?;
        let target = self.to.open(&settings).await?;
        let _target_lock = target.lock_for_serving()?;
        let mut watcher = Watcher::default();
        let moved = store::transfer::copy(&source, &target, &mut |step| watcher.see(step)).await;
        watcher.finish();
        tell(&moved.with_context(|| format!("cannot copy {} to {}", self.from, self.to))?)?;
        output::line(format_args!("{} now holds the same as {}.", self.to, self.from))
    }
}
