//! `voiceassist lab saturate`: as many requests as a server answers, to one address.

use std::time::Duration;

use anyhow::ensure;
use lab::Saturation;
use lab::report::number;

use crate::output;

#[derive(clap::Args)]
pub(crate) struct Saturate {
    /// A running server, such as `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    url: String,
    /// What is asked for, by anybody.
    #[arg(long, default_value = "/health")]
    path: String,
    /// How many requests are in hand at any time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
}

impl Saturate {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        ensure!(self.seconds > 0.0 && self.seconds.is_finite(), "--seconds must be above 0, not {}", self.seconds);
        ensure!(self.connections > 0, "--connections must be above 0");
        let saturation = Saturation::of_path(&self.url, &self.path, self.connections)?;
        let burst = saturation.burst(Duration::from_secs_f64(self.seconds)).await?;
        let at = |share| number(burst.latencies.value_at_quantile(share) as f64 / 1_000.0);
        output::line(format_args!(
            "{:.0} answers a second, P50 {} ms, P99 {} ms, {} failed",
            burst.rate(),
            at(0.5),
            at(0.99),
            burst.failed
        ))
    }
}
