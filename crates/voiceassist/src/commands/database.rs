//! `voiceassist lab database`: the speed of the databases, and what the store adds to it.

use std::path::PathBuf;

use anyhow::Context;
use store::measure::{CHUNKS, DatabaseSpeed, MESSAGES, MOST_OVERHEAD, QuerySpeed, measure_database};
use store::{DatabaseUrl, Settings};

use crate::output;
use crate::progress::Progress;

#[derive(clap::Args)]
pub(crate) struct Database {
    /// A new folder for the SQLite database.
    #[arg(long, value_name = "DIR", default_value = "target/bench-database")]
    directory: PathBuf,
    /// An empty PostgreSQL database, which is measured as well.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// How often each type of query is measured.
    #[arg(long, default_value_t = 2_000)]
    repetitions: usize,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

impl Database {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let sqlite = Settings { url: None, replica_urls: Vec::new(), ..settings.clone() };
        let mut measured = vec![self.measure(&sqlite).await.context("SQLite cannot be measured")?];
        if let Some(url) = &self.postgres {
            let postgres = Settings { url: Some(DatabaseUrl::new(url)), replica_urls: Vec::new(), ..settings };
            measured.push(self.measure(&postgres).await.context("PostgreSQL cannot be measured")?);
        }
        if self.json {
            return output::line(serde_json::to_string_pretty(&measured)?);
        }
        output::line(format_args!(
            "{MESSAGES} messages, {CHUNKS} chunks, {} repetitions; milliseconds",
            self.repetitions
        ))?;
        output::line(HEAD)?;
        measured.iter().flat_map(lines).try_for_each(output::line)
    }

    async fn measure(&self, settings: &Settings) -> anyhow::Result<DatabaseSpeed> {
        let mut progress: Option<(&str, Progress)> = None;
        let measured = measure_database(&self.directory, settings, self.repetitions, |doing, done, of| {
            if progress.as_ref().is_none_or(|(known, _)| *known != doing) {
                progress = Some((doing, Progress::new(doing, of as u64)));
            }
            if let Some((_, progress)) = &mut progress {
                progress.set(done as u64, String::new());
            }
        })
        .await?;
        if let Some((_, progress)) = progress {
            progress.finish();
        }
        Ok(measured)
    }
}

const HEAD: &str = "\
| query | database | P50 | P95 | P99 | target P95 | half of it | P95 bare | P50 bare | overhead | verdict |
|---|---|---|---|---|---|---|---|---|---|---|";

fn lines(measured: &DatabaseSpeed) -> impl Iterator<Item = String> {
    measured.queries.iter().map(|query| line(&measured.server, query))
}

fn line(server: &str, query: &QuerySpeed) -> String {
    let QuerySpeed { query: title, target_p95_ms: target, store, bare, overhead, .. } = query;
    format!(
        "| {title} | {server} | {:.3} | {:.3} | {:.3} | {target:.0} | {:.1} | {:.3} | {:.3} | {:.0} % | {} |",
        store.p50_ms,
        store.p95_ms,
        store.p99_ms,
        target / 2.0,
        bare.p95_ms,
        bare.p50_ms,
        overhead * 100.0,
        verdict(query)
    )
}

fn verdict(query: &QuerySpeed) -> String {
    match (query.is_fast(), query.is_thin()) {
        (true, true) => "met".to_owned(),
        (true, false) => format!("more than {:.0} % over bare", MOST_OVERHEAD * 100.0),
        (false, true) => "too slow".to_owned(),
        (false, false) => format!("too slow, and more than {:.0} % over bare", MOST_OVERHEAD * 100.0),
    }
}
