//! `voiceassist ask`: a question in the terminal.

use assistant::{Answer, CacheMode, Citation, ModeRequest};
use clap::ValueEnum;
use uuid::Uuid;

use crate::output;
use crate::product::Product;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Ask {
    /// The question.
    question: String,
    /// Who asks: answers come from what this account may read. The first administrator otherwise.
    #[arg(long = "as", value_name = "EMAIL")]
    account: Option<String>,
    /// The conversation that it continues, as printed by --json.
    #[arg(long, value_name = "ID")]
    conversation: Option<Uuid>,
    /// How to treat it.
    #[arg(long, value_enum, default_value_t = Mode::Auto)]
    mode: Mode,
    /// Whether a cached answer may be used.
    #[arg(long, value_enum, default_value_t = Cache::Use)]
    cache: Cache,
    /// Print the whole answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cache {
    Use,
    Bypass,
    Refresh,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    Auto,
    Simple,
    Complex,
}

impl Ask {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let product = Product::open(settings).await?;
        let ask = assistant::Ask {
            account_id: product.account(self.account.as_deref()).await?.id,
            standing: None,
            message: self.question,
            conversation_id: self.conversation,
            mode: match self.mode {
                Mode::Auto => ModeRequest::Auto,
                Mode::Simple => ModeRequest::Simple,
                Mode::Complex => ModeRequest::Complex,
            },
            cache: match self.cache {
                Cache::Use => CacheMode::Use,
                Cache::Bypass => CacheMode::Bypass,
                Cache::Refresh => CacheMode::Refresh,
            },
        };
        let answer = product.assistant.ask(ask, None).await?;
        product.shut_down().await;
        if self.json { output::line(serde_json::to_string_pretty(&answer)?) } else { print(&answer) }
    }
}

fn print(answer: &Answer) -> anyhow::Result<()> {
    output::line(&answer.answer)?;
    if !answer.citations.is_empty() {
        output::line("\nSources")?;
    }
    for (number, citation) in answer.citations.iter().enumerate() {
        let Citation { title, start, end, .. } = citation;
        output::line(format_args!("[{}] {title}, bytes {start} to {end}", number + 1))?;
    }
    Ok(())
}
