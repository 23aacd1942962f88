//! `voiceassist lab cache-accuracy`: how well the cache tells the same question from one that only looks like it.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context;
use guard::{Policy, Signature};
use knowledge::embed::Model;
use lab::cache_accuracy::{self, Judgement, Pair, Questions, Report};

use crate::output;
use crate::progress::Progress;

/// Questions that are embedded between two looks at the progress.
const BATCH: usize = 64;

#[derive(clap::Args)]
pub(crate) struct CacheAccuracy {
    /// Tab-separated: 1 for the same question and 0 for different ones, question, question. One half chooses the
    /// threshold, the other is reported on.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Tab-separated: pair as `--misses` shows it, label, reason. These labels replace those of the pairs.
    #[arg(long, value_name = "FILE", requires = "pairs")]
    corrections: Option<PathBuf>,
    /// Tab-separated: kind, question, question, which must not be taken for the same. May be given several times.
    #[arg(long, value_name = "FILE")]
    contradictions: Vec<PathBuf>,
    /// Tab-separated: question, question, which are the same. May be given several times.
    #[arg(long, value_name = "FILE")]
    paraphrases: Vec<PathBuf>,
    /// The rate of false hits, of all different pairs looked up, whose 95 % upper bound must stay below this.
    #[arg(long, value_name = "RATE", default_value_t = 0.01)]
    max_false_hit_rate: f64,
    /// Report at this similarity, and not at the lowest safe one. Without pairs, it is the product's own.
    #[arg(long, value_name = "SIMILARITY")]
    threshold: Option<f32>,
    /// How many content words may stand in one of the questions only.
    #[arg(long, value_name = "COUNT", default_value_t = Policy::default().max_additions)]
    max_additions: usize,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Also print each false hit and each missed paraphrase.
    #[arg(long)]
    misses: bool,
}

impl CacheAccuracy {
    pub(crate) fn run(self, settings: &knowledge::Settings) -> anyhow::Result<()> {
        let questions = self.read()?;
        let directory = settings.model_directory.as_deref().context(
            "there is no embedding model: set knowledge.model_directory to the folder with model.onnx and tokenizer.json",
        )?;
        let model = Model::load(directory, settings.embedding_threads)?;
        let vectors = embed(&model, &questions.texts())?;
        // The least similarity is what is looked for here, so that the texts only take something off.
        let policy = Policy { min_similarity: 0.0, max_additions: self.max_additions, ..Policy::default() };
        let threshold = self.threshold.or_else(|| self.pairs.is_none().then(|| Policy::default().min_similarity));
        let report =
            cache_accuracy::run(&questions, threshold, self.max_false_hit_rate, |pair| judge(pair, &vectors, &policy))?;
        self.print(&report)
    }

    fn read(&self) -> anyhow::Result<Questions> {
        let mut questions = Questions::default();
        if let Some(pairs) = &self.pairs {
            questions.labelled = cache_accuracy::read_labelled(pairs)?;
        }
        if let Some(corrections) = &self.corrections {
            questions.corrections = cache_accuracy::read_corrections(corrections)?;
        }
        for file in &self.contradictions {
            questions.contradictions.extend(cache_accuracy::read_contradictions(file)?);
        }
        for file in &self.paraphrases {
            questions.paraphrases.extend(cache_accuracy::read_paraphrases(file)?);
        }
        anyhow::ensure!(
            !questions.texts().is_empty(),
            "there are no questions: give --pairs, --contradictions or --paraphrases"
        );
        Ok(questions)
    }

    fn print(&self, report: &Report) -> anyhow::Result<()> {
        if self.misses {
            for looked in report.false_hits() {
                let (pair, similarity) = (&looked.pair, looked.judgement.similarity);
                output::line(format_args!("false hit\t{}\t{similarity:.3}\t{}\t{}", pair.key(), pair.a, pair.b))?;
            }
            for (pair, reason) in report.missed_paraphrases() {
                output::line(format_args!("missed: {reason}\t{}\t{}", pair.a, pair.b))?;
            }
        }
        if self.json {
            output::line(serde_json::to_string_pretty(&report.json())?)
        } else {
            output::line(report.to_string().trim_end())
        }
    }
}

/// The vector of each question.
fn embed(model: &Model, texts: &[String]) -> anyhow::Result<HashMap<String, Vec<f32>>> {
    let mut progress = Progress::new("embedding", texts.len() as u64);
    let mut vectors = HashMap::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let pieces: Vec<Vec<String>> = batch.iter().map(|text| vec![text.clone()]).collect();
        let embedded = model.embed_batch(&pieces)?;
        vectors.extend(batch.iter().cloned().zip(embedded.into_iter().map(|vectors| vectors.whole)));
        progress.set(vectors.len() as u64, String::new());
    }
    progress.finish();
    Ok(vectors)
}

fn judge(pair: &Pair, vectors: &HashMap<String, Vec<f32>>, policy: &Policy) -> anyhow::Result<Judgement> {
    let vector = |text: &str| vectors.get(text).with_context(|| format!("no vector for: {text}"));
    let (a, b) = (vector(&pair.a)?, vector(&pair.b)?);
    let similarity: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    let required = guard::required_similarity(&Signature::of(&pair.a), &Signature::of(&pair.b), policy);
    let score = required.map(|required| similarity - required).map_err(|refusal| refusal.name());
    Ok(Judgement { similarity, score })
}
