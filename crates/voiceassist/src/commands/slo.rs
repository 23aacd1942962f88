//! `voiceassist slo`: what the service levels are, and what is derived from them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::DateTime;
use slo::Levels;
use slo::dashboards::Dashboard;
use slo::history::History;
use slo::standing::Standing;
use store::{Clock, Store};

use crate::output;
use crate::settings::Settings;

#[derive(clap::Subcommand)]
pub(crate) enum Slo {
    /// Say how the product has stood to its levels of late; fails when one of them is broken. It works beside a running server.
    Status(Status),
    /// Write Prometheus' alert rules to the standard output.
    Alerts(Given),
    /// Write Grafana's dashboards into a folder.
    Dashboards(Dashboards),
    /// Say whether a file of levels can be used.
    Check(Given),
}

#[derive(clap::Args)]
pub(crate) struct Given {
    /// The levels; those that the program was built with unless given.
    #[arg(long, value_name = "FILE")]
    levels: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Status {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    given: Given,
}

#[derive(clap::Args)]
pub(crate) struct Dashboards {
    /// The folder.
    folder: PathBuf,
    #[command(flatten)]
    given: Given,
}

impl Slo {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        match self {
            Self::Status(status) => status.run(&settings).await,
            Self::Alerts(given) => output::line(::slo::prometheus_rules(&given.read()?)?.trim_end()),
            Self::Dashboards(dashboards) => dashboards.write(),
            Self::Check(given) => {
                let levels = given.read()?;
                output::line(format_args!(
                    "{} load levels, {} endpoints, {} alerts, {} rates of burning: all of it can be used",
                    levels.load_levels.len(),
                    levels.endpoints.len(),
                    levels.alerts.len(),
                    levels.error_budget.burns.len()
                ))
            }
        }
    }
}

impl Status {
    async fn run(&self, settings: &Settings) -> anyhow::Result<()> {
        anyhow::ensure!(
            settings.database.url.is_some() || settings.data_dir.exists(),
            "there is no data directory {}; set data_dir to that of the server",
            settings.data_dir.display()
        );
        let store = Store::open(&settings.data_dir, &settings.database, Clock::System).await?;
        let mut history = History::default();
        for slot in store.slots_since(DateTime::UNIX_EPOCH).await? {
            history.put_told(slot.resolution, slot.start, slot.process, &slot.data);
        }
        let standing = Standing::of(&self.given.read()?, &history, store.clock().now());
        if self.json {
            output::line(serde_json::to_string_pretty(&standing)?)?;
        } else {
            output::line(table(&standing).trim_end())?;
        }
        anyhow::ensure!(standing.status != slo::Status::Fail, "a service level is broken");
        Ok(())
    }
}

/// How it stands, for people.
fn table(standing: &Standing) -> String {
    let mut rows = vec![format!("{:<22} {:>12} {:>12}  {:<8}", "last hour", "measured", "target", "status")];
    for figure in &standing.figures {
        let measured = figure.measured.map_or("-".to_owned(), |value| format!("{value:.2} {}", figure.unit));
        let target = format!("{} {}", figure.target, figure.unit);
        let critical = if figure.is_critical { "  critical" } else { "" };
        rows.push(format!(
            "{:<22} {measured:>12} {target:>12}  {:<8}{critical}",
            figure.name,
            figure.status.to_string()
        ));
    }
    rows.push(String::new());
    rows.push(format!("{:<22} {:>12} {:>12}  {:<8}", "error budget", "requests", "left", "status"));
    for budget in &standing.budgets {
        let left = budget.left.map_or("-".to_owned(), |left| format!("{:.1} %", 100.0 * left));
        let name = format!("{} {} %, {}", budget.name, budget.percent, budget.window);
        let burns = budget.severity.map_or("", |severity| severity.name());
        rows.push(format!(
            "{name:<22} {:>12} {left:>12}  {:<8}  {burns}",
            budget.counted.total,
            budget.status.to_string()
        ));
    }
    rows.join("\n")
}

impl Dashboards {
    fn write(&self) -> anyhow::Result<()> {
        let levels = self.given.read()?;
        std::fs::create_dir_all(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))?;
        for dashboard in Dashboard::all(&levels) {
            let path = self.folder.join(dashboard.file);
            let text = format!("{}\n", serde_json::to_string_pretty(&dashboard.json())?);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            output::line(format_args!("{}: {} panels", path.display(), dashboard.panels.len()))?;
        }
        Ok(())
    }
}

impl Given {
    fn read(&self) -> anyhow::Result<Levels> {
        match &self.levels {
            None => Ok(Levels::built_in()?),
            Some(file) => {
                let text = std::fs::read_to_string(file).with_context(|| cannot_read(file))?;
                Ok(Levels::read(&file.display().to_string(), &text)?)
            }
        }
    }
}

fn cannot_read(file: &Path) -> String {
    format!("cannot read {}; name a file such as slo.toml with --levels", file.display())
}
