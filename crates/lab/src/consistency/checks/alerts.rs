//! Alerts that fire when nothing is wrong.

use super::super::Contradiction;
use super::super::document::{Document, Line, Section};
use super::super::label::has_word;
use super::super::number::{Quantity, Unit, shown};
use super::super::runs::runs;
use super::super::verdict::{Bound, Status};
use super::cache::{HIT_RATE, TIERS};
use super::pool::POOL;

/// Where the rules stand.
const RULES: &str = "alerting rules";
/// Words that name a tier.
const SCOPES: [&str; 6] = ["l1", "l2", "rag", "semantic", "redis", "memory"];

fn rules(document: &Document) -> impl Iterator<Item = (&Section, &Line, Quantity)> {
    document.below(RULES).flat_map(|section| section.lines.iter().map(move |line| (section, line))).filter_map(
        |(section, line)| {
            let limit = Quantity::find(&line.text, Unit::Percent)?;
            limit.sign.is_some().then_some((section, line, limit))
        },
    )
}

/// A rule for the hit rate of no tier in particular fires for every tier that is meant to hit less.
pub(super) fn cache_scope(document: &Document) -> Vec<Contradiction> {
    let unscoped = rules(document).filter(|(_, line, _)| {
        let text = line.text.to_lowercase();
        text.contains(HIT_RATE) && !SCOPES.iter().any(|scope| has_word(&text, scope))
    });
    unscoped
        .filter_map(|(section, line, limit)| {
            let below = tiers_below(document, limit.least);
            if below.is_empty() {
                return None;
            }
            let title = format!("no tier is named, and below {} % are {}", shown(limit.least), below.join(" and "));
            let detail = "consistent would be a rule for L1 alone, or one for each tier with its own limit".to_owned();
            Some(Contradiction { place: section.place(line), title, detail })
        })
        .collect()
}

fn tiers_below(document: &Document, limit: f64) -> Vec<String> {
    let of_tier = |(tier, heading): (&str, &str)| {
        let rates = document.by_column(heading, HIT_RATE);
        let below: Vec<String> = rates
            .iter()
            .filter(|rate| rate.quantity.most < limit)
            .map(|rate| format!("{} % at {} users", shown(rate.quantity.most), rate.users))
            .collect();
        (!below.is_empty()).then(|| format!("{tier} ({})", below.join(", ")))
    };
    TIERS.into_iter().filter_map(of_tier).collect()
}

/// A rule that pages for a full pool does so at a load whose verdict on the pool is not FAIL.
pub(super) fn pool_limit(document: &Document) -> Vec<Contradiction> {
    let critical =
        rules(document).filter(|(_, line, _)| has_word(&line.group, "critical") && has_word(&line.text, "pool"));
    let runs = runs(document);
    let is_accepted = |users: u32| {
        let mut verdicts = runs.iter().filter(|run| run.users == users).filter_map(|run| run.status("db connections"));
        verdicts.any(|status| status != Status::Fail)
    };
    critical
        .filter_map(|(section, line, limit)| {
            let bound = Bound::of(limit, &line.text).filter(|bound| !bound.is_upper())?;
            let used =
                document.by_column(POOL, "utilization").into_iter().chain(document.by_column(POOL, "utilisation"));
            let paging = used.filter(|used| used.quantity.most > bound.limit && is_accepted(used.users));
            let loads: Vec<String> =
                paging.map(|used| format!("{} % at {} users", shown(used.quantity.most), used.users)).collect();
            if loads.is_empty() {
                return None;
            }
            let title =
                format!("pages above {} %, though {} has no verdict of FAIL", shown(bound.limit), loads.join(", "));
            let detail =
                "consistent would be a verdict of FAIL at that load, or a higher limit, or a larger pool".to_owned();
            Some(Contradiction { place: section.place(line), title, detail })
        })
        .collect()
}
