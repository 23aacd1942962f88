//! The figures of a run, as tables and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::sweep::{Counts, Judgement, ratio, thresholds};
use super::{Contradiction, Looked, Pair};

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) max_false_hit_rate: f64,
    pub(super) safe: Option<f32>,
    pub(super) threshold: Option<f32>,
    pub(super) corrected: bool,
    pub(super) calibration: Vec<Looked>,
    pub(super) reporting: Vec<Looked>,
    pub(super) contradictions: Vec<(Contradiction, Judgement)>,
    pub(super) paraphrases: Vec<(Pair, Judgement)>,
}

impl Report {
    /// The lowest threshold of the calibration half that keeps the bound; `None` if none does.
    #[must_use]
    pub fn safe_threshold(&self) -> Option<f32> {
        self.safe
    }

    /// The threshold that the figures are for: the one that was set, or the safe one, or 1.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold.unwrap_or(1.0)
    }

    /// Hits of the reporting half at a threshold.
    #[must_use]
    pub fn counts(&self, threshold: f32) -> Counts {
        counts(&self.reporting, |looked| looked.same, |judgement| judgement.is_hit(threshold))
    }

    /// Contradictions that were hit.
    pub fn hit_contradictions(&self) -> impl Iterator<Item = &Contradiction> {
        let threshold = self.threshold();
        self.contradictions.iter().filter(move |(_, judgement)| judgement.is_hit(threshold)).map(|(one, _)| one)
    }

    /// The share of the paraphrases that were hit; `None` without paraphrases.
    #[must_use]
    pub fn paraphrases_hit(&self) -> Option<f64> {
        let threshold = self.threshold();
        let hit = self.paraphrases.iter().filter(|(_, judgement)| judgement.is_hit(threshold)).count();
        ratio(hit, self.paraphrases.len())
    }

    /// Labelled pairs of both halves that were hit though they are not the same question.
    pub fn false_hits(&self) -> impl Iterator<Item = &Looked> {
        let threshold = self.threshold();
        let all = self.calibration.iter().chain(&self.reporting);
        all.filter(move |looked| !looked.same && looked.judgement.is_hit(threshold))
    }

    /// Paraphrases that were not hit, with the reason.
    pub fn missed_paraphrases(&self) -> impl Iterator<Item = (&Pair, &'static str)> {
        let threshold = self.threshold();
        let missed = self.paraphrases.iter().filter(move |(_, judgement)| !judgement.is_hit(threshold));
        missed.map(|(pair, judgement)| (pair, reason(judgement)))
    }

    /// The figures under the names that scripts rely on.
    #[must_use]
    pub fn json(&self) -> Value {
        let threshold = self.threshold();
        let table = thresholds()
            .filter(|threshold| *threshold >= 0.7)
            .map(|threshold| row_json(threshold, &self.counts(threshold)));
        json!({
            "max_false_hit_rate": self.max_false_hit_rate,
            "safe_threshold": self.safe,
            "threshold": threshold,
            "labels_corrected": self.corrected,
            "calibration": row_json(threshold, &counts(&self.calibration, |l| l.same, |j| j.is_hit(threshold))),
            "reporting": row_json(threshold, &self.counts(threshold)),
            "reporting_as_labelled": row_json(threshold, &counts(&self.reporting, |l| l.labelled, |j| j.is_hit(threshold))),
            "reporting_by_vectors_alone": row_json(threshold, &counts(&self.reporting, |l| l.same, |j| j.is_near(threshold))),
            "by_threshold": table.collect::<Vec<_>>(),
            "refusals": self.refusals().into_iter().map(|(reason, (same, different))| {
                json!({ "reason": reason, "same": same, "different": different })
            }).collect::<Vec<_>>(),
            "contradictions": { "pairs": self.contradictions.len(), "hits": self.hit_contradictions().count() },
            "paraphrases": { "pairs": self.paraphrases.len(), "hit_share": self.paraphrases_hit() },
        })
    }

    /// Pairs of the reporting half that vectors alone would have hit and the texts did not allow, by reason: of the same
    /// questions, and of different ones.
    fn refusals(&self) -> BTreeMap<&'static str, (usize, usize)> {
        let threshold = self.threshold();
        let mut refusals = BTreeMap::new();
        let near = self.reporting.iter().filter(|looked| looked.judgement.is_near(threshold));
        for looked in near.filter(|looked| !looked.judgement.is_hit(threshold)) {
            let count: &mut (usize, usize) = refusals.entry(reason(&looked.judgement)).or_default();
            *if looked.same { &mut count.0 } else { &mut count.1 } += 1;
        }
        refusals
    }

    fn write_pairs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threshold = self.threshold();
        let labels = if self.corrected { "corrected labels" } else { "labels as given" };
        let (one, other) = (self.calibration.len(), self.reporting.len());
        writeln!(
            f,
            "{} labelled pairs: {one} to choose the threshold on, {other} to report on; {labels}",
            one + other
        )?;
        match self.safe {
            Some(safe) => writeln!(
                f,
                "lowest threshold that keeps the false-hit rate below {}: {safe:.3}",
                self.max_false_hit_rate
            )?,
            None => writeln!(f, "no threshold keeps the false-hit rate below {}", self.max_false_hit_rate)?,
        }
        writeln!(f, "at {threshold:.3}{:28}   hits  precision  recall  false-hit rate  95 % bound", "")?;
        let rows = [
            ("calibration half", counts(&self.calibration, |l| l.same, |j| j.is_hit(threshold))),
            ("reporting half", self.counts(threshold)),
            ("reporting half, labels as given", counts(&self.reporting, |l| l.labelled, |j| j.is_hit(threshold))),
            ("reporting half, vectors alone", counts(&self.reporting, |l| l.same, |j| j.is_near(threshold))),
        ];
        for (name, counts) in rows {
            row(f, &format!("  {name:34}"), &counts)?;
        }
        writeln!(f, "reporting half, by threshold{:11}hits  precision  recall  false-hit rate  95 % bound", "")?;
        for threshold in (14..20_u8).map(|step| f32::from(step) / 20.0).chain([0.96, 0.97, 0.98, 0.99]) {
            row(f, &format!("  {threshold:<34.2}"), &self.counts(threshold))?;
        }
        writeln!(f, "refused in the reporting half though near{:8}of the same  of different", "")?;
        for (reason, (same, different)) in self.refusals() {
            writeln!(f, "  {reason:46} {same:11}  {different:12}")?;
        }
        Ok(())
    }

    fn write_contradictions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threshold = self.threshold();
        let mut kinds: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
        for (one, judgement) in &self.contradictions {
            let kind = kinds.entry(&one.kind).or_default();
            kind.0 += 1;
            kind.1 += usize::from(judgement.is_near(threshold));
            kind.2 += usize::from(judgement.is_hit(threshold));
        }
        writeln!(f, "{} contradictions{:26}pairs  vectors alone  hits", self.contradictions.len(), "")?;
        for (kind, (pairs, near, hits)) in kinds {
            writeln!(f, "  {kind:40} {pairs:5}  {near:13}  {hits:4}")?;
        }
        self.hit_contradictions().try_for_each(|one| writeln!(f, "  HIT {}: {} / {}", one.kind, one.pair.a, one.pair.b))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.calibration.is_empty() || !self.reporting.is_empty() {
            self.write_pairs(f)?;
        }
        if !self.contradictions.is_empty() {
            self.write_contradictions(f)?;
        }
        if let Some(hit) = self.paraphrases_hit() {
            writeln!(f, "{} paraphrases, share hit {hit:.3}", self.paraphrases.len())?;
        }
        Ok(())
    }
}

fn counts(looked: &[Looked], same: impl Fn(&Looked) -> bool, hit: impl Fn(&Judgement) -> bool) -> Counts {
    Counts::of(looked.iter().map(|looked| (&looked.judgement, same(looked))), hit)
}

fn reason(judgement: &Judgement) -> &'static str {
    judgement.score.err().unwrap_or("similarity")
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, counts: &Counts) -> fmt::Result {
    let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let rate = counts.false_hit_rate().map_or("-".to_owned(), |rate| format!("{rate:.4}"));
    writeln!(
        f,
        "{name} {:6}  {:>9}  {:>6}  {rate:>14}  {:10.4}",
        counts.right + counts.wrong,
        shown(counts.precision()),
        shown(counts.recall()),
        counts.false_hit_bound(),
    )
}

fn row_json(threshold: f32, counts: &Counts) -> Value {
    json!({
        "threshold": threshold,
        "same": counts.same,
        "different": counts.different,
        "hits": counts.right + counts.wrong,
        "false_hits": counts.wrong,
        "precision": counts.precision(),
        "recall": counts.recall(),
        "false_hit_rate": counts.false_hit_rate(),
        "false_hit_rate_upper_95": counts.false_hit_bound(),
    })
}
