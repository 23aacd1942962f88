//! `voiceassist gateway`: the cluster profile's half that people talk to.

use anyhow::ensure;

use crate::output;
use crate::product::Product;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Gateway {}

impl Gateway {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        ensure!(
            settings.database.url.is_some(),
            "a gateway needs PostgreSQL, which it shares with its workers: set database.url; \
             without it, `voiceassist serve` does both in one process"
        );
        let product = Product::open(settings).await?;
        let listener = Product::listen(&product.settings.gateway.listen).await?;
        let address = product.start_gateway(listener, product.listen_for_metrics().await?).await?;
        output::line(format_args!("VoiceAssist answers on http://{address}\nStop it with Ctrl-C."))?;
        let stopped = product.stopped().await;
        product.shut_down().await;
        stopped
    }
}
