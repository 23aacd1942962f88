//! `voiceassist backup`: everything into one file.

use std::path::PathBuf;

use anyhow::Context;
use telemetry::TracesSettings;

use super::transfer::{Place, Watcher, tell};
use crate::output;
use crate::settings::Settings;

/// The server may go on working: the backup holds everything as it was when it began. It can be restored into SQLite and
/// into PostgreSQL, whichever it came from. It holds the sessions and the signing key too: keep it as safe as the
/// database.
#[derive(clap::Args)]
pub(crate) struct Backup {
    /// The file to write. An older backup of this name is replaced once the new one is complete.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Backup {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        telemetry::init(&settings.logs, &TracesSettings::default())?;
        let place = Place::configured(&settings);
        let source = place.open_existing(&settings).await?;
        let mut watcher = Watcher::default();
        let saved = store::transfer::backup(&source, &self.file, &mut |step| watcher.see(step)).await;
        watcher.finish();
        tell(&saved.with_context(|| format!("cannot back {place} up"))?)?;
        output::line(format_args!("{} holds all of {place}.", self.file.display()))
    }
}
