//! The tiers of the cache.

use super::super::Contradiction;
use super::super::document::{Document, Loaded, Section};
use super::super::label::{Label, has_word};
use super::super::number::{Unit, shown};

/// The headings of the tiers, from the first that is asked.
pub(super) const TIERS: [(&str, &str); 3] = [("L1", "l1 cache"), ("L2", "l2 cache"), ("RAG", "rag cache")];
/// The row of hit rates.
pub(super) const HIT_RATE: &str = "hit rate";

/// Every lookup is a hit or a miss.
pub(super) fn hits_and_misses(document: &Document) -> Vec<Contradiction> {
    let of_tier = |heading: &str| -> Vec<Contradiction> {
        let hits = document.by_column(heading, HIT_RATE);
        let wrong = |missed: Loaded| {
            let hit = hits
                .iter()
                .find(|hit| hit.users == missed.users && hit.place.heading == missed.place.heading)?
                .quantity;
            // Both are rounded.
            let room = hit.step + missed.quantity.step;
            let sum = hit.middle() + missed.quantity.middle();
            if hit.unit != Unit::Percent || (sum - 100.0).abs() <= room {
                return None;
            }
            let title =
                format!("{} % of misses beside {} % of hits", shown(missed.quantity.middle()), shown(hit.middle()));
            let detail = format!("consistent would be {} %", shown(100.0 - hit.middle()));
            Some(Contradiction { place: missed.place, title, detail })
        };
        document.by_column(heading, "miss rate").into_iter().filter_map(wrong).collect()
    };
    TIERS.into_iter().flat_map(|(_, heading)| of_tier(heading)).collect()
}

/// Tiers are asked one after the other, so that a hit rate means nothing without what it is a share of.
pub(super) fn denominators(document: &Document) -> Vec<Contradiction> {
    let rates: Vec<(&str, &str, Vec<Loaded>)> = TIERS
        .into_iter()
        .map(|(tier, heading)| (tier, heading, document.by_column(heading, HIT_RATE)))
        .filter(|(.., rates)| !rates.is_empty())
        .collect();
    // A single tier has only one possible denominator.
    if rates.len() < 2
        || document
            .below("cache performance")
            .filter(|section| section.heading().to_lowercase() == "cache performance")
            .any(states_denominator)
    {
        return Vec::new();
    }
    let first: Option<Vec<f64>> =
        rates.iter().map(|(.., rates)| rates.first().map(|rate| rate.quantity.middle() / 100.0)).collect();
    let missed: f64 = first.unwrap_or_default().iter().map(|rate| 1.0 - rate).product();
    rates
        .into_iter()
        .filter(|(_, heading, _)| !document.below(heading).any(states_denominator))
        .filter_map(|(tier, _, rates)| {
            let rate = rates.into_iter().next()?;
            let title = format!(
                "{} % of what? The tiers are chained: if each rate is of the lookups that reach the tier, {} % are served",
                shown(rate.quantity.middle()),
                shown(100.0 * (1.0 - missed))
            );
            let detail = format!("consistent would be a row \"Lookups\" or a line \"Denominator: ...\" for {tier}");
            Some(Contradiction { place: rate.place, title, detail })
        })
        .collect()
}

fn states_denominator(section: &Section) -> bool {
    let says = |text: &str| ["denominator", "denominators", "lookups"].into_iter().any(|word| has_word(text, word));
    let counts = |label: &Label| says(&label.text) || label.bare == "requests";
    section.lines.iter().any(|line| says(&line.text))
        || section.tables.iter().flat_map(|table| &table.rows).any(|row| counts(&row.label))
}
