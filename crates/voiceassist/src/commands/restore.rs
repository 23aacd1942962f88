//! `voiceassist restore`: everything out of one file.

use std::path::PathBuf;

use anyhow::Context;
use telemetry::TracesSettings;

use super::transfer::{Place, Watcher, tell};
use crate::output;
use crate::settings::Settings;

/// The configured database must be empty, and nobody may serve it meanwhile. The whole file is checked before anything is
/// written, and each table's count and checksum are compared in the end. Interrupted, the same command goes on where it
/// was. Sessions are restored too: who was signed in when the backup was made is signed in.
#[derive(clap::Args)]
pub(crate) struct Restore {
    /// A file that `voiceassist backup` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Restore {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        telemetry::init(&settings.logs, &TracesSettings::default())?;
        let place = Place::configured(&settings);
        let target = place.open(&settings).await?;
        let _lock = target.lock_for_serving()?;
        let mut watcher = Watcher::default();
        let restored = store::transfer::restore(&self.file, &target, &mut |step| watcher.see(step)).await;
        watcher.finish();
        tell(&restored.with_context(|| format!("cannot restore {} into {place}", self.file.display()))?)?;
        output::line(format_args!("{place} now holds what {} holds.", self.file.display()))
    }
}
