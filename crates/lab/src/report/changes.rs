//! What changed between two runs, load by load.

use crate::compare::{Comparison, Rules, compare_series};
use crate::run_file::{Environment, Run};

/// The loads that both have, with what changed. Loads are the same when they ask alike: as many people, or as many requests a second.
/// Of runs on different machines nothing is concluded: another processor changes more than another program does.
#[must_use]
pub fn changes(before: &Run, after: &Run) -> Vec<(String, Comparison)> {
    let doubt = different_machines(&before.environment, &after.environment);
    let pairs = before.levels.iter().filter_map(|one| {
        let other = after.levels.iter().find(|level| level.model == one.model)?;
        let compared = compare_series(&one.steady(), &other.steady(), &Rules::default());
        Some((one.name.clone(), doubt.iter().cloned().fold(compared, Comparison::without_verdicts)))
    });
    pairs.collect()
}

fn different_machines(before: &Environment, after: &Environment) -> Option<String> {
    let machine = |environment: &Environment| format!("{} ({} cores)", environment.processor, environment.cores);
    let [before, after] = [before, after].map(machine);
    (before != after).then(|| {
        format!(
            "No verdict: the run before was on {before}, the run after on {after}; what changed may be the machine."
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn runs_on_other_machines_are_not_judged() {
        let here = Environment::here("http://127.0.0.1:1", true, Value::Null);
        let elsewhere = Environment { target: "http://127.0.0.1:2".to_owned(), commit: None, ..here.clone() };
        assert_eq!(
            different_machines(&here, &elsewhere),
            None,
            "another port, and another program, on the same machine"
        );
        let other = Environment { processor: "Abacus".to_owned(), ..here.clone() };
        let note = different_machines(&here, &other).unwrap();
        assert!(
            note.starts_with("No verdict: the run before was on ") && note.contains("the run after on Abacus ("),
            "{note}"
        );
        let larger = Environment { cores: here.cores + 1, ..here.clone() };
        assert!(different_machines(&here, &larger).is_some());
    }
}
