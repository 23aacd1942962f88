//! The figures of a run under load, for people.

use std::collections::BTreeMap;
use std::fmt;

use super::report::{LatencyRow, Report, name};
use super::seed::SeedRow;
use crate::load::Source;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [simple, parts] = self.distinct;
        writeln!(
            f,
            "{} users over {} gateways, time scale {} (thinking 3-10 s, ramp {} a minute, {} minutes steady, all divided by it)",
            self.users, self.gateways, self.time_scale, self.ramp_per_minute, self.steady_minutes
        )?;
        writeln!(
            f,
            "{simple} different questions and {parts} with several parts, Zipf exponent 1, {} reworded; seed {}; {} documents \
             uploaded meanwhile, {} of them not indexed a minute after the end",
            percent(self.reworded_share),
            self.seed,
            self.uploaded,
            self.unindexed
        )?;
        writeln!(
            f,
            "steady {:.1} s: {:.1} requests/s, {:.1} questions/s; {} failed requests in the whole run\n",
            self.steady_s, self.throughput, self.questions_per_second, self.failed
        )?;
        self.write_tiers(f)?;
        self.write_latencies(f)?;
        self.write_rewordings(f)?;
        self.write_checks(f)
    }
}

impl Report {
    fn write_tiers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| tier | lookups that reached it | hits | rate of them | rate of all questions | in the ramp | at best | seed | verdict |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
        for row in &self.tiers {
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                row.tier,
                row.lookups,
                row.hits,
                percent(row.rate),
                percent(row.rate_of_questions),
                percent(row.rate_in_ramp),
                percent(row.at_best),
                percent(row.target),
                verdict(row.met)
            )?;
        }
        let [steady, ramp] = self.chained_rate;
        writeln!(
            f,
            "| any | {} | | {} | {} | {} | | | |\n\
             At best: the rate of a cache that is never full, whose answers no change alters, and that knows every rewording.\n",
            self.statistics[1].questions,
            percent(steady),
            percent(steady),
            percent(ramp)
        )
    }

    fn write_latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| milliseconds from when it was due | count | P50 | P95 | P99 | max | P95 from sending |")?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for row in &self.latencies {
            let LatencyRow { of, count, p50_ms, p95_ms, p99_ms, max_ms, sent_p95_ms } = row;
            writeln!(
                f,
                "| {of} | {count} | {p50_ms:.1} | {p95_ms:.1} | {p99_ms:.1} | {max_ms:.0} | {sent_p95_ms:.1} |"
            )?;
        }
        if let Some(SeedRow { p50_ms, p95_ms, p99_ms, throughput, users, .. }) = &self.of_seed {
            writeln!(
                f,
                "| the seed at {users} users ({throughput} requests/s) | | {p50_ms} | {p95_ms} | {p99_ms} | | |"
            )?;
        }
        writeln!(f)
    }

    fn write_rewordings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = [Source::L1, Source::L2, Source::Rag, Source::Computed].map(|source| name(&source));
        writeln!(f, "| questions standing alone | {} |", sources.join(" | "))?;
        writeln!(f, "|---|---|---|---|---|")?;
        for (row, counts) in &self.rewordings {
            let counts = sources.each_ref().map(|source| counts.get(source).copied().unwrap_or_default().to_string());
            writeln!(f, "| {row} | {} |", counts.join(" | "))?;
        }
        writeln!(f, "similar questions that were not the same: {}", counts(&self.guards))?;
        writeln!(f, "answers that a change may have altered: {}\n", counts(&self.statistics[1].alterations))
    }

    fn write_checks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = &self.checks;
        writeln!(
            f,
            "{} answers compared with computed ones: {} of exact questions equal, {} more once no document was on its way, {} \
             MISMATCHES; of answers to other wordings {} equal, {} not; {} could not be computed",
            checks.compared(),
            checks.equal,
            checks.equal_when_quiet,
            checks.mismatches.len(),
            checks.by_meaning_equal,
            checks.by_meaning_other,
            checks.failed
        )?;
        checks
            .mismatches
            .iter()
            .try_for_each(|mismatch| writeln!(f, "  {}: {}", name(&mismatch.source), mismatch.question))?;
        self.failures.iter().try_for_each(|(what, count)| writeln!(f, "  FAILED {count} times: {what}"))
    }
}

fn counts(of: &BTreeMap<String, u64>) -> String {
    let counts: Vec<String> =
        of.iter().filter(|(_, count)| **count > 0).map(|(why, count)| format!("{why} {count}")).collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

fn verdict(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "-",
    }
}
