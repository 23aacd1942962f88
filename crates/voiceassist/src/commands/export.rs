//! `voiceassist lab export`: the same workload for k6 or Locust.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use lab::export::{Drawing, K6, LOCUST};
use lab::load;
use lab::workload::Workload;

use crate::commands::playing::ACCOUNTS;
use crate::commands::target::TargetOptions;
use crate::output;
use crate::progress::Progress;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Export {
    /// Who plays it.
    #[arg(value_enum)]
    generator: Generator,
    #[command(flatten)]
    target: TargetOptions,
    /// A workload that is known (seed, smoke, stress, spike, soak) or the file of one.
    #[arg(long, value_name = "NAME", default_value = "seed")]
    workload: String,
    /// How many people there are. All come at once.
    #[arg(long, default_value_t = 50)]
    users: usize,
    /// How long they stay, in seconds.
    #[arg(long, default_value_t = 300.0)]
    seconds: f64,
    /// Fixes what everybody does and asks: the same as with `lab load`.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Upload nothing.
    #[arg(long)]
    no_uploads: bool,
    /// The folder of the script and of its plan. The plan holds access tokens: it is nobody else's.
    #[arg(long, value_name = "DIR", default_value = "target/lab/export")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Generator {
    K6,
    Locust,
}

impl Export {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        ensure!(self.target.is_running(), "--url must name a running server: the plan is for its people and documents");
        ensure!(self.seconds > 0.0 && self.seconds < 1e6, "--seconds must be above 0, and below a million");
        ensure!((1..=ACCOUNTS).contains(&self.users), "--users must be between 1 and {ACCOUNTS}");
        let workload = Workload::read(&self.workload)?;
        let target = self.target.open(settings).await?;
        let catalogue = self.target.catalogue(&target, &workload, self.seed).await?;
        let mut progress = Progress::new("accounts ", self.users as u64);
        let classes: Vec<_> = (0..self.users).map(|person| workload.class(person)).collect();
        let told = |done: usize| progress.set(done as u64, String::new());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and a million")]
        let seconds = self.seconds as u64 + 60;
        let token = target.token().await?;
        let people = load::invite(&target.gateways, &token, classes.into_iter(), seconds, told).await?;
        progress.finish();
        let drawing = Drawing {
            workload: &workload,
            catalogue: &catalogue,
            seconds: self.seconds,
            uploads: !self.no_uploads,
            seed: self.seed,
            nonce: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) << 32,
        };
        let plan = serde_json::to_string(&drawing.plan(&people))?;
        let (name, script) = match self.generator {
            Generator::K6 => ("k6.js", K6),
            Generator::Locust => ("locustfile.py", LOCUST),
        };
        std::fs::create_dir_all(&self.out).with_context(|| format!("cannot make {}", self.out.display()))?;
        for (file, text) in [(name, script), ("plan.json", &plan)] {
            let path = self.out.join(file);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            output::note(format_args!("wrote {}", path.display()));
        }
        let (base, script, users) = (target.base(), self.out.join(name).display().to_string(), self.users);
        match self.generator {
            Generator::K6 => output::line(format_args!("k6 run -e BASE={base} {script}")),
            Generator::Locust => output::line(format_args!(
                "locust --locustfile {script} --headless --users {users} --spawn-rate {users} --run-time {:.0}s --host {base}",
                self.seconds + 5.0
            )),
        }
    }
}
