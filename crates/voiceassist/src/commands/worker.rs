//! `voiceassist worker`: the cluster profile's half that indexes documents.

use anyhow::ensure;

use crate::output;
use crate::product::Product;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Worker {}

impl Worker {
    pub(crate) async fn run(self, mut settings: Settings) -> anyhow::Result<()> {
        ensure!(
            settings.database.url.is_some(),
            "a worker needs PostgreSQL, which it shares with the gateways: set database.url; \
             without it, `voiceassist serve` does both in one process"
        );
        // Its lanes need a handful, and nobody waits for the first.
        settings.database.min_connections = 0;
        let mut product = Product::open(settings).await?;
        let metrics = product.listen_for_metrics().await?;
        product.start_worker()?;
        product.tell_metrics(metrics, product.exposition())?;
        output::line("VoiceAssist indexes documents.\nStop it with Ctrl-C.")?;
        let stopped = product.stopped().await;
        product.shut_down().await;
        stopped
    }
}
