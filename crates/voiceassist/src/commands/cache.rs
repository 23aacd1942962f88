//! `voiceassist cache`: the cache of answers on this data directory, or in the Redis of the settings.

use std::path::PathBuf;

use anyhow::Context as _;
use gateway::Deed;
use store::values::AuditAction;

use crate::output;
use crate::product::Product;
use crate::progress::Progress;
use crate::settings::Settings;

#[derive(clap::Subcommand)]
pub(crate) enum Cache {
    /// Compute answers before somebody waits for them: those of a file, or what people asked most of late. A server on the
    /// same data directory finds them.
    Warm(Warm),
    /// Why a question is answered from the cache, or not.
    Explain(Explain),
    /// Throw all answers away.
    Clear,
}

#[derive(clap::Args)]
pub(crate) struct Warm {
    /// Questions: one to a line, up to the first tab.
    #[arg(long, value_name = "FILE")]
    questions: Option<PathBuf>,
    /// How many questions, at most.
    #[arg(long, default_value_t = 1_000)]
    count: u64,
}

#[derive(clap::Args)]
pub(crate) struct Explain {
    /// The question.
    question: String,
}

impl Cache {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let product = Product::open(settings).await?;
        let done = match self {
            Self::Warm(warm) => warm.run(&product).await,
            Self::Explain(Explain { question }) => {
                let explanation = product.assistant.explain(&question, assistant::ModeRequest::Auto).await?;
                output::line(serde_json::to_string_pretty(&explanation)?)
            }
            Self::Clear => {
                let cleared = product.assistant.clear_cache().await?;
                Deed::of_command_line(AuditAction::ClearCache).write_down(&product.store).await;
                output::line(format_args!("{} answers and {} questions thrown away", cleared.l2, cleared.rag))
            }
        };
        product.shut_down().await;
        done
    }
}

impl Warm {
    async fn run(self, product: &Product) -> anyhow::Result<()> {
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let questions: Vec<String> = match &self.questions {
            Some(file) => {
                let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                let questions = text.lines().filter_map(|line| line.split('\t').next()).map(str::trim);
                questions.filter(|question| !question.is_empty()).take(count).map(str::to_owned).collect()
            }
            None => product.assistant.frequent_questions(self.count).await?,
        };
        let (mut progress, mut computed) = (Progress::new("questions", questions.len() as u64), 0_u64);
        for (done, question) in questions.iter().enumerate() {
            computed += u64::from(!product.assistant.warm(question).await?);
            progress.set(done as u64 + 1, format!("{computed} computed"));
        }
        progress.finish();
        let present = questions.len() as u64 - computed;
        output::line(format_args!("{computed} answers computed, {present} were there"))
    }
}
