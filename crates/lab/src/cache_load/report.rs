//! The figures of a run under load, as tables and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::seed::{SeedRow, seed_row};
use crate::load::{Checks, Measured, Phase, Records, Series, Source, Statistics, TierStatistics};
use crate::workload::Pacing;

/// What a run measured, in the names that scripts rely on. Rates are shares from 0 to 1.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Virtual users.
    pub users: usize,
    /// Gateways that they were spread over.
    pub gateways: usize,
    /// How many times faster than people they were.
    pub time_scale: f64,
    /// Users who came in a minute, before the scale.
    pub ramp_per_minute: f64,
    /// Minutes with everybody there, before the scale.
    pub steady_minutes: f64,
    /// What everything by lot came from.
    pub seed: u64,
    /// Different questions with one part, and with several.
    pub distinct: [usize; 2],
    /// Share of the questions standing alone that were reworded.
    pub reworded_share: Option<f64>,
    /// How long everybody was there, in seconds.
    pub steady_s: f64,
    /// Requests a second in the steady phase.
    pub throughput: f64,
    /// Questions a second in the steady phase.
    pub questions_per_second: f64,
    /// What each tier did in the steady phase.
    pub tiers: Vec<TierRow>,
    /// Hits of any tier, of all questions, in the steady phase; and in the ramp.
    pub chained_rate: [Option<f64>; 2],
    /// Latencies of the steady phase, in milliseconds.
    pub latencies: Vec<LatencyRow>,
    /// Of questions standing alone, as in the catalogue or by kind of rewording: how many came from where.
    pub rewordings: BTreeMap<String, BTreeMap<String, u64>>,
    /// Why similar questions were not the same, in the steady phase.
    pub guards: BTreeMap<String, u64>,
    /// Failed requests of the whole run, by kind and reason.
    pub failures: BTreeMap<String, u64>,
    /// All of them.
    pub failed: u64,
    /// Answers that were compared.
    pub checks: Checks,
    /// Documents that were uploaded meanwhile.
    pub uploaded: usize,
    /// Those of them that were still not found by their meaning a minute after the end.
    pub unindexed: u64,
    /// How much later than due requests were sent, in milliseconds: median, 95th and 99th percentile of latencies from when they
    /// were due, less those from when they were sent.
    pub lag_p95_ms: f64,
    /// What the seed says for so many users.
    pub of_seed: Option<SeedRow>,
    /// Everything that the caches counted: in the ramp, and in the steady phase.
    pub statistics: [Statistics; 2],
}

/// What one tier did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TierRow {
    /// Its name.
    pub tier: &'static str,
    /// Lookups that reached it.
    pub lookups: u64,
    /// Those that it answered.
    pub hits: u64,
    /// Of the lookups that reached it.
    pub rate: Option<f64>,
    /// Of all questions.
    pub rate_of_questions: Option<f64>,
    /// Of the lookups that reached it while people were still coming.
    pub rate_in_ramp: Option<f64>,
    /// The rate of a cache that is never full, whose answers no change alters, and that knows every rewording: more cannot be
    /// had of these questions.
    pub at_best: Option<f64>,
    /// What it is held to: the seed's rate.
    pub target: Option<f64>,
    /// Whether it was reached; `None` without a target.
    pub met: Option<bool>,
}

/// Latencies of one kind of request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyRow {
    /// Of what.
    pub of: String,
    /// How many.
    pub count: u64,
    /// From the moment at which they were due.
    pub p50_ms: f64,
    /// Likewise.
    pub p95_ms: f64,
    /// Likewise.
    pub p99_ms: f64,
    /// Likewise.
    pub max_ms: f64,
    /// From the moment at which they were sent.
    pub sent_p95_ms: f64,
}

impl Report {
    /// The report of a run with so many users.
    #[must_use]
    pub fn new(
        users: usize,
        gateways: usize,
        pacing: &Pacing,
        seed: u64,
        distinct: [usize; 2],
        run: &Measured,
    ) -> Self {
        let of_seed = seed_row(users);
        let [ramp, steady] = &run.statistics;
        let all = run.records.together(Phase::Steady, |_| true);
        let questions = run.records.together(Phase::Steady, |key| key.task.is_question());
        let steady_s = run.steady.as_secs_f64();
        Self {
            users,
            gateways,
            time_scale: pacing.time_scale,
            ramp_per_minute: 60.0 * users as f64 / pacing.stages.first().map_or(0.0, |stage| stage.ramp_s),
            steady_minutes: pacing.stages.iter().map(|stage| stage.hold_s).sum::<f64>() / 60.0,
            seed,
            distinct,
            reworded_share: run.records.reworded_share(),
            steady_s,
            throughput: all.due.len() as f64 / steady_s,
            questions_per_second: questions.due.len() as f64 / steady_s,
            tiers: tiers(ramp, steady, of_seed.as_ref(), &run.records),
            chained_rate: [steady.chained_rate(), ramp.chained_rate()],
            lag_p95_ms: ms(all.due.value_at_quantile(0.95)) - ms(all.sent.value_at_quantile(0.95)),
            latencies: latencies(run),
            rewordings: rewordings(run),
            guards: steady.guards.clone(),
            failures: failures(run),
            failed: run.records.failed_requests(),
            checks: run.checks.clone(),
            uploaded: run.uploaded,
            unindexed: run.records.unindexed,
            of_seed,
            statistics: run.statistics.clone(),
        }
    }

    /// Whether no request failed and no answer from the cache was wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.failed == 0 && self.checks.failed == 0 && self.checks.mismatches.is_empty()
    }
}

fn tiers(ramp: &Statistics, steady: &Statistics, seed: Option<&SeedRow>, records: &Records) -> Vec<TierRow> {
    let mut reaching: u64 =
        records.at_best.iter().filter(|((phase, _), _)| *phase == Phase::Steady).map(|(_, n)| n).sum();
    let mut row = |tier, source, of_ramp: &TierStatistics, of_steady: &TierStatistics, target: Option<f64>| {
        let at_best = records.at_best.get(&(Phase::Steady, source)).copied().unwrap_or_default();
        let rate_at_best = (reaching > 0).then(|| at_best as f64 / reaching as f64);
        reaching -= at_best;
        let rate = of_steady.rate();
        TierRow {
            tier,
            lookups: of_steady.lookups,
            hits: of_steady.hits,
            rate,
            rate_of_questions: (steady.questions > 0).then(|| of_steady.hits as f64 / steady.questions as f64),
            rate_in_ramp: of_ramp.rate(),
            at_best: rate_at_best,
            target,
            met: target.map(|target| rate.is_some_and(|rate| rate >= target)),
        }
    };
    vec![
        row("l1", Source::L1, &ramp.l1, &steady.l1, seed.map(|seed| seed.l1)),
        row("l2", Source::L2, &ramp.l2, &steady.l2, seed.map(|seed| seed.l2)),
        row("rag", Source::Rag, &ramp.rag, &steady.rag, seed.map(|seed| seed.rag)),
    ]
}

fn latencies(run: &Measured) -> Vec<LatencyRow> {
    let records = &run.records;
    let mut rows = vec![
        LatencyRow::of("all requests", &records.together(Phase::Steady, |_| true)),
        LatencyRow::of("all questions", &records.together(Phase::Steady, |key| key.task.is_question())),
    ];
    for source in [Source::L1, Source::L2, Source::Rag, Source::Computed] {
        let name = format!("questions from {}", name(&source));
        rows.push(LatencyRow::of(&name, &records.together(Phase::Steady, |key| key.source == source)));
    }
    let mut kinds: Vec<_> =
        records.series.keys().filter(|key| key.phase == Phase::Steady).map(|key| key.task).collect();
    kinds.dedup();
    rows.extend(kinds.into_iter().map(|kind| {
        LatencyRow::of(&name(&kind).replace('_', " "), &records.together(Phase::Steady, |key| key.task == kind))
    }));
    if let Some(series) = records.indexing.get(&Phase::Steady) {
        rows.push(LatencyRow::of("an upload, until it is found by its meaning", series));
    }
    rows.retain(|row| row.count > 0);
    rows
}

impl LatencyRow {
    fn of(what: &str, series: &Series) -> Self {
        let at = |quantile| ms(series.due.value_at_quantile(quantile));
        Self {
            of: what.to_owned(),
            count: series.due.len(),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: ms(series.due.max()),
            sent_p95_ms: ms(series.sent.value_at_quantile(0.95)),
        }
    }
}

fn rewordings(run: &Measured) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut table: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for ((rewording, source), count) in &run.records.rewordings {
        let row = rewording.as_ref().map_or("as it stands".to_owned(), name);
        *table.entry(row).or_default().entry(name(source)).or_default() += count;
    }
    table
}

fn failures(run: &Measured) -> BTreeMap<String, u64> {
    let mut table = BTreeMap::new();
    for ((phase, kind, failure), count) in &run.records.failures {
        *table.entry(format!("{} of {} in the {} phase", failure, name(kind), name(phase))).or_default() += count;
    }
    table
}

/// As it is written in JSON.
pub(super) fn name(of: &impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn statistics(questions: u64, hits: [u64; 3]) -> Statistics {
        let [l1, l2, rag] = hits;
        let tier = |lookups, hits| TierStatistics { lookups, hits, ..TierStatistics::default() };
        Statistics {
            questions,
            l1: tier(questions, l1),
            l2: tier(questions - l1, l2),
            rag: tier(questions - l1 - l2, rag),
            ..Statistics::default()
        }
    }

    fn report(users: usize, hits: [u64; 3]) -> Report {
        let mut records = Records::default();
        for (source, count) in [(Source::L1, 60), (Source::L2, 20), (Source::Rag, 5), (Source::Computed, 15)] {
            records.at_best.insert((Phase::Steady, source), count);
            records.at_best.insert((Phase::Ramp, source), 1);
        }
        let run = Measured {
            records,
            checks: Checks::default(),
            statistics: [statistics(100, [10, 10, 10]), statistics(1_000, hits)],
            steady: Duration::from_secs(10),
            ramp: Duration::from_secs(1),
            uploaded: 0,
            complete: true,
        };
        {
            let pacing = crate::workload::Workload::read("seed").unwrap().pacing(users, None, None, 1.0);
            Report::new(users, 2, &pacing, 1, [3, 1], &run)
        }
    }

    #[test]
    fn each_tier_is_judged_by_what_reached_it() {
        let report = report(50, [850, 105, 24]);
        let rates: Vec<(Option<f64>, Option<bool>)> = report.tiers.iter().map(|row| (row.rate, row.met)).collect();
        assert_eq!(rates, [(Some(0.85), Some(true)), (Some(0.7), Some(true)), (Some(24.0 / 45.0), Some(false))]);
        assert_eq!(report.tiers[1].rate_of_questions, Some(0.105));
        let at_best: Vec<Option<f64>> = report.tiers.iter().map(|row| row.at_best).collect();
        assert_eq!(at_best, [Some(0.6), Some(0.5), Some(0.25)]);
        assert_eq!(report.chained_rate, [Some(0.979), Some(0.3)]);
        assert!(
            report.to_string().contains("| l2 | 150 | 105 | 70.0 % | 10.5 % | 11.1 % | 50.0 % | 70.0 % | met |"),
            "{report}"
        );
    }

    #[test]
    fn another_number_of_users_has_no_target() {
        assert!(report(70, [1, 1, 1]).tiers.iter().all(|row| row.target.is_none() && row.met.is_none()));
    }

    #[test]
    fn a_failed_request_or_a_wrong_answer_is_not_sound() {
        let sound = report(50, [1, 1, 1]);
        assert!(sound.is_sound());
        assert!(!Report { failed: 1, ..sound.clone() }.is_sound());
        let mismatch = crate::load::Mismatch { question: String::new(), source: Source::L1 };
        let checks = Checks { mismatches: vec![mismatch], ..Checks::default() };
        assert!(!Report { checks, ..sound }.is_sound());
    }
}
