//! The figures of a retrieval run, as a table and as JSON.

use std::fmt;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::{Latencies, Outcome};

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Report {
    outcomes: Vec<Outcome>,
    latencies: Latencies,
}

impl Report {
    pub(super) fn new(outcomes: Vec<Outcome>, latencies: Latencies) -> Self {
        Self { outcomes, latencies }
    }

    /// Share of answerable questions whose document is among the first `k`.
    #[must_use]
    pub fn hit_at(&self, k: usize) -> Option<f64> {
        self.share_of_answerable(|outcome| outcome.rank.is_some_and(|rank| rank <= k))
    }

    /// Mean reciprocal rank of the expected document, 0 where it was not found.
    #[must_use]
    pub fn mrr(&self) -> Option<f64> {
        let answerable: Vec<&Outcome> = self.answerable().collect();
        let sum: f64 = answerable.iter().filter_map(|outcome| outcome.rank).map(|rank| 1.0 / rank as f64).sum();
        (!answerable.is_empty()).then(|| sum / answerable.len() as f64)
    }

    /// Share of answerable questions whose answer contains the phrase.
    #[must_use]
    pub fn phrase_in_answer(&self) -> Option<f64> {
        self.share_of_answerable(|outcome| outcome.phrase_found)
    }

    /// Share of answerable questions that were not answered.
    #[must_use]
    pub fn wrongly_abstained(&self) -> Option<f64> {
        self.share_of_answerable(|outcome| !outcome.grounded)
    }

    /// Share of unanswerable questions that were, rightly, not answered.
    #[must_use]
    pub fn rightly_abstained(&self) -> Option<f64> {
        let unanswerable = self.outcomes.iter().filter(|outcome| outcome.question.expected.is_none());
        share(unanswerable, |outcome| !outcome.grounded)
    }

    /// The median time to an answer over the median time of embedding the question alone, as the server
    /// measures the answer.
    #[must_use]
    pub fn answer_over_embedding(&self) -> Option<f64> {
        let (answer, embedding) = (&self.latencies.server, &self.latencies.embedding);
        (!embedding.is_empty()).then(|| answer.value_at_quantile(0.5) as f64 / embedding.value_at_quantile(0.5) as f64)
    }

    /// What became of each question.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The figures under the names that scripts rely on.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "questions": self.outcomes.len(),
            "answerable": self.answerable().count(),
            "hit_at_1": self.hit_at(1),
            "hit_at_5": self.hit_at(5),
            "mrr": self.mrr(),
            "phrase_in_answer": self.phrase_in_answer(),
            "wrongly_abstained": self.wrongly_abstained(),
            "rightly_abstained": self.rightly_abstained(),
            "latency_ms": percentiles(&self.latencies.answer),
            "server_ms": percentiles(&self.latencies.server),
            "embedding_ms": percentiles(&self.latencies.embedding),
            "answer_over_embedding": self.answer_over_embedding(),
        })
    }

    fn answerable(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.question.expected.is_some())
    }

    fn share_of_answerable(&self, holds: impl Fn(&Outcome) -> bool) -> Option<f64> {
        share(self.answerable(), holds)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answerable = self.answerable().count();
        let unanswerable = self.outcomes.len() - answerable;
        writeln!(f, "{answerable} questions that the documents answer")?;
        row(f, "right document first (hit@1)", self.hit_at(1))?;
        row(f, "right document in the first five (hit@5)", self.hit_at(5))?;
        row(f, "mean reciprocal rank", self.mrr())?;
        row(f, "phrase in the answer", self.phrase_in_answer())?;
        row(f, "wrongly abstained", self.wrongly_abstained())?;
        writeln!(f, "{unanswerable} questions that they do not answer")?;
        row(f, "rightly abstained", self.rightly_abstained())?;
        writeln!(f, "latency in ms{:33}P50      P95      P99", "")?;
        latency(f, "answer, seen by the client", &self.latencies.answer)?;
        latency(f, "answer, inside the server", &self.latencies.server)?;
        latency(f, "embedding the question alone", &self.latencies.embedding)?;
        row(f, "answer over embedding, medians", self.answer_over_embedding())
    }
}

fn share<'a>(outcomes: impl Iterator<Item = &'a Outcome>, holds: impl Fn(&Outcome) -> bool) -> Option<f64> {
    let (mut all, mut held) = (0_u32, 0_u32);
    for outcome in outcomes {
        all += 1;
        held += u32::from(holds(outcome));
    }
    (all > 0).then(|| f64::from(held) / f64::from(all))
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: Option<f64>) -> fmt::Result {
    match value {
        Some(value) => writeln!(f, "  {name:42} {value:6.3}"),
        None => writeln!(f, "  {name:42} not measured"),
    }
}

fn latency(f: &mut fmt::Formatter<'_>, name: &str, histogram: &Histogram<u64>) -> fmt::Result {
    if histogram.is_empty() {
        return writeln!(f, "  {name:42} not measured");
    }
    let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    writeln!(f, "  {name:42} {:6.2}   {:6.2}   {:6.2}", ms(0.5), ms(0.95), ms(0.99))
}

fn percentiles(histogram: &Histogram<u64>) -> Value {
    if histogram.is_empty() {
        return Value::Null;
    }
    let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    json!({ "p50": ms(0.5), "p95": ms(0.95), "p99": ms(0.99), "max": histogram.max() as f64 / 1000.0 })
}
