//! `voiceassist lab prepare`: documents and accounts for a running server, through its API.

use anyhow::ensure;
use lab::load;
use lab::workload::Workload;

use crate::commands::playing::ACCOUNTS;
use crate::commands::target::TargetOptions;
use crate::output;
use crate::progress::Progress;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Prepare {
    #[command(flatten)]
    target: TargetOptions,
    /// How many accounts are made, so that the first load need not.
    #[arg(long, default_value_t = 0)]
    accounts: usize,
}

impl Prepare {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        ensure!(
            self.target.is_running(),
            "--url must name a running server: one that is started here is gone afterwards"
        );
        ensure!(self.accounts <= ACCOUNTS, "--accounts must be {ACCOUNTS} at most: more people share them");
        let target = self.target.open(settings).await?;
        let token = target.token().await?;
        let mut progress = Progress::new("documents", 1);
        let told = |done: usize, of: usize| progress.set_of(done as u64, of as u64, String::new());
        let found = lab::prepare(&target.gateways, &token, self.target.documents(), told).await?;
        progress.finish();
        let workload = Workload::read("seed")?;
        let mut progress = Progress::new("accounts ", self.accounts as u64);
        let classes: Vec<_> = (0..self.accounts).map(|person| workload.class(person)).collect();
        let told = |done: usize| progress.set(done as u64, String::new());
        load::invite(&target.gateways, &token, classes.into_iter(), 0, told).await?;
        progress.finish();
        output::line(format_args!("{found} documents can be found, and {} accounts sign in", self.accounts))
    }
}
