//! `voiceassist lab cache`: how fast the tiers are, against what they stand on.

use std::path::PathBuf;

use anyhow::Context;
use cache::Latency;
use cache::measure::{
    L2Speed, MOST_L1_US, MOST_L2_RATIO, MOST_RAG_P95_US, measure_disk, measure_l1, measure_rag, measure_redis,
};
use coordination::{Coordination, RedisUrl};
use serde::Serialize;

use crate::output;
use crate::progress::Progress;

/// Its keys are nobody else's: what was measured is thrown away.
const PREFIX: &str = "voiceassist-lab:";

#[derive(clap::Args)]
pub(crate) struct CacheSpeed {
    /// Redis, which is measured as well. Keys of others stay as they are.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// A folder for the store on disk, which is made and removed.
    #[arg(long, value_name = "DIR", default_value = "target/bench-cache")]
    directory: PathBuf,
    /// How often everything is measured; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Lookups in L1 in each run.
    #[arg(long, default_value_t = 200_000)]
    hits: usize,
    /// Lookups in L2 in each run, and as many bare reads in turn with them.
    #[arg(long, default_value_t = 4_000)]
    repetitions: usize,
    /// Questions that are compared by meaning.
    #[arg(long, default_value_t = 100_000)]
    questions: usize,
    /// Components of their vectors.
    #[arg(long, default_value_t = 384)]
    dimensions: usize,
    /// Lookups by meaning in each run.
    #[arg(long, default_value_t = 1_000)]
    lookups: usize,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// A figure and what it is held to.
#[derive(Serialize)]
struct Row {
    what: &'static str,
    measured: f64,
    /// The most that it may be.
    most: f64,
    unit: &'static str,
    met: bool,
    /// Of each run.
    runs: Vec<f64>,
    detail: String,
}

impl CacheSpeed {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.runs > 0, "--runs must be at least 1");
        let rows = self.measure().await?;
        if self.json {
            output::line(serde_json::to_string_pretty(&rows)?)?;
        } else {
            self.print(&rows)?;
        }
        let missed = rows.iter().filter(|row| !row.met).count();
        anyhow::ensure!(missed == 0, "{missed} of {} targets were missed", rows.len());
        Ok(())
    }

    async fn measure(&self) -> anyhow::Result<Vec<Row>> {
        let (mut l1, mut disk, mut redis, mut rag) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let coordination = self.redis()?;
        let mut progress = Progress::new("measuring", 4 * self.runs as u64);
        let mut done = 0;
        let mut step = |what: &str| {
            progress.set(done, what.to_owned());
            done += 1;
        };
        for _ in 0..self.runs {
            step("L1");
            l1.push(measure_l1(self.hits).await.mean_ns / 1_000.0);
            step("L2 on disk");
            let speed = measure_disk(&self.directory, self.repetitions).await;
            let removed = std::fs::remove_dir_all(&self.directory);
            disk.push(speed.with_context(|| format!("the store in {} cannot be used", self.directory.display()))?);
            removed.with_context(|| format!("cannot remove {}", self.directory.display()))?;
            step("L2 in Redis");
            if let Some(coordination) = &coordination {
                redis.push(measure_redis(coordination, self.repetitions).await.context("Redis does not answer")?);
            }
            step("by meaning");
            rag.push(measure_rag(self.questions, self.dimensions, self.lookups).await);
        }
        progress.finish();
        let mut rows = vec![Row::new("L1 hit, mean", &l1, MOST_L1_US, "us", format!("{} hits", self.hits))];
        rows.push(Row::of_l2("L2 hit on disk, P50 by that of a bare read", &disk));
        if !redis.is_empty() {
            rows.push(Row::of_l2("L2 hit in Redis, P50 by that of a bare GET", &redis));
        }
        // The two sorts of lookup together would hide the slower one.
        let p95 = |of: fn(&cache::measure::RagSpeed) -> Latency| -> Vec<f64> {
            rag.iter().map(|speed| of(speed).p95_us).collect()
        };
        let detail = |of: fn(&cache::measure::RagSpeed) -> Latency| {
            let counts: Vec<String> = rag.iter().map(|speed| of(speed).count.to_string()).collect();
            format!("{} questions; lookups {}", self.questions, counts.join(", "))
        };
        rows.push(Row::new(
            "by meaning, a hit, P95",
            &p95(|speed| speed.hit),
            MOST_RAG_P95_US,
            "us",
            detail(|s| s.hit),
        ));
        rows.push(Row::new(
            "by meaning, a miss, P95",
            &p95(|speed| speed.miss),
            MOST_RAG_P95_US,
            "us",
            detail(|s| s.miss),
        ));
        Ok(rows)
    }

    fn redis(&self) -> anyhow::Result<Option<Coordination>> {
        let Some(url) = &self.redis else { return Ok(None) };
        let url = Some(RedisUrl::new(url));
        let settings =
            coordination::Settings { url, key_prefix: PREFIX.to_owned(), ..coordination::Settings::default() };
        Ok(Some(Coordination::start(&settings)?))
    }

    fn print(&self, rows: &[Row]) -> anyhow::Result<()> {
        output::line(format_args!("medians of {} runs; hits of L2 in turn with bare reads", self.runs))?;
        output::line("| what | measured | target | verdict | runs | of |")?;
        output::line("|---|---|---|---|---|---|")?;
        for Row { what, measured, most, unit, met, runs, detail } in rows {
            let runs: Vec<String> = runs.iter().map(|run| format!("{run:.3}")).collect();
            let verdict = if *met { "met" } else { "MISSED" };
            output::line(format_args!(
                "| {what} | {measured:.3} {unit} | at most {most} | {verdict} | {} | {detail} |",
                runs.join(", ")
            ))?;
        }
        Ok(())
    }
}

impl Row {
    fn new(what: &'static str, runs: &[f64], most: f64, unit: &'static str, detail: String) -> Self {
        let measured = median(runs);
        Self { what, measured, most, unit, met: measured <= most, runs: runs.to_vec(), detail }
    }

    fn of_l2(what: &'static str, speeds: &[L2Speed]) -> Self {
        let of = |read: fn(&L2Speed) -> f64| median(&speeds.iter().map(read).collect::<Vec<_>>());
        let (hit, bare) = (of(|speed| speed.hit.p50_us), of(|speed| speed.bare.p50_us));
        let (hit_p95, bare_p95) = (of(|speed| speed.hit.p95_us), of(|speed| speed.bare.p95_us));
        let detail = format!("P50 {hit:.0} us of {bare:.0} us bare, P95 {hit_p95:.0} of {bare_p95:.0}");
        let ratios: Vec<f64> = speeds.iter().map(|speed| speed.ratio).collect();
        Self::new(what, &ratios, MOST_L2_RATIO, "x", detail)
    }
}

/// The middle one, or the mean of the two middle ones.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get((sorted.len().max(1) - 1) / 2), sorted.get(sorted.len() / 2));
    low.zip(high).map_or(f64::NAN, |(low, high)| f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[5.0, 1.0, 3.0]) - 3.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 3.0, 9.0]) - 3.5).abs() < 1e-9);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_figure_above_its_target_is_missed() {
        let met = |runs: &[f64]| Row::new("a", runs, 1.3, "x", String::new()).met;
        assert!(met(&[1.2, 1.3, 9.0]) && !met(&[1.2, 1.31, 1.31]) && !met(&[]));
    }
}
