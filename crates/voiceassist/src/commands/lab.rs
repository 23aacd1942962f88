//! `voiceassist lab`: measurements. They speak HTTP to a server that is started for them on this data directory, but for those
//! of a part by itself.

use std::path::PathBuf;

use gateway::auth::{NewPerson, PersonChange};
use lab::retrieval::{self, Outcome};
use store::Visibility;
use store::accounts::Account;
use store::values::Role;

use crate::commands::ab::Ab;
use crate::commands::baseline::BaselineCommand;
use crate::commands::breakpoint::Breakpoint;
use crate::commands::cache_accuracy::CacheAccuracy;
use crate::commands::cache_load::CacheLoad;
use crate::commands::cache_speed::CacheSpeed;
use crate::commands::compare::Compare;
use crate::commands::database::Database;
use crate::commands::export::Export;
use crate::commands::gate::Gate;
use crate::commands::import;
use crate::commands::lint::Lint;
use crate::commands::load::LoadCommand;
use crate::commands::prepare::Prepare;
use crate::commands::report::Report;
use crate::commands::saturate::Saturate;
use crate::output;
use crate::product::Product;
use crate::progress::Progress;
use crate::settings::Settings;

#[derive(clap::Subcommand)]
pub(crate) enum Lab {
    /// The quality of search and answers, on questions whose answers are known.
    Retrieval(Retrieval),
    /// The bare speed of the embedding model on the chunks of this data directory.
    Embedding(Embedding),
    /// How often like questions are taken for the same, rightly and wrongly. Needs the model, and no data directory.
    CacheAccuracy(CacheAccuracy),
    /// The speed of the cache's tiers, against bare reads. Needs no data directory.
    Cache(CacheSpeed),
    /// How well the cache works while people use running gateways. Needs no data directory.
    CacheLoad(CacheLoad),
    /// One person on a server that has nothing else to do. Needs no data directory.
    Baseline(BaselineCommand),
    /// The same workload for k6 or Locust. Needs no data directory.
    Export(Export),
    /// Whether a run keeps its targets: exit status 0 when it does, 1 when it does not, 2 when nothing can be concluded.
    Gate(Gate),
    /// What changed between two runs, load by load. Needs no data directory.
    Compare(Compare),
    /// Whether a benchmark document contradicts itself: exit status 0 when it does not, 1 when it does.
    Lint(Lint),
    /// Documents and accounts for a running server. Needs no data directory.
    Prepare(Prepare),
    /// The benchmark document of a run, and a page with charts.
    Report(Report),
    /// As many requests as a server answers, to one address. Needs no data directory.
    Saturate(Saturate),
    /// How far a load can be raised until a target breaks. Needs no data directory.
    Breakpoint(Breakpoint),
    /// A workload on a server, one load after the other, into a run file. Needs no data directory.
    Load(LoadCommand),
    /// Two programs against each other, in short rounds. Needs no data directory.
    Ab(Ab),
    /// The speed of the databases, and what the store adds to it. Needs no data directory.
    Database(Database),
}

#[derive(clap::Args)]
pub(crate) struct Retrieval {
    /// Tab-separated: question, expected file name, phrase that the answer must contain; the last two empty when
    /// the documents do not answer the question.
    #[arg(long, value_name = "FILE")]
    questions: PathBuf,
    /// The documents; those that are not in the data directory yet are imported first.
    #[arg(long, value_name = "DIR")]
    documents: PathBuf,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
    /// Also print each question that went wrong.
    #[arg(long)]
    misses: bool,
}

#[derive(clap::Args)]
pub(crate) struct Embedding {
    /// How many chunks, evenly spread over the data directory.
    #[arg(long, default_value_t = 1_000)]
    chunks: usize,
}

impl Lab {
    pub(crate) async fn run(self, mut settings: Settings) -> anyhow::Result<()> {
        // Measuring is not an attack, and the warnings of a server under test are not the report.
        settings.gateway.login_attempts_per_minute = u32::MAX;
        "warn".clone_into(&mut settings.logs.level);
        match self {
            Self::Retrieval(retrieval) => {
                let mut product = Product::open(settings).await?;
                product.start_worker()?;
                let report = retrieval.measure(&product).await;
                product.shut_down().await;
                retrieval.print(&report?)
            }
            Self::Embedding(embedding) => embedding.measure(&Product::open(settings).await?).await,
            Self::CacheAccuracy(accuracy) => accuracy.run(&settings.knowledge),
            Self::Cache(speed) => speed.run().await,
            Self::CacheLoad(load) => load.run().await,
            Self::Baseline(baseline) => baseline.run(&settings).await,
            Self::Export(export) => export.run(&settings).await,
            Self::Gate(gate) => gate.run(),
            Self::Breakpoint(breakpoint) => breakpoint.run(&settings).await,
            Self::Compare(compare) => compare.run(),
            Self::Lint(lint) => lint.run(),
            Self::Prepare(prepare) => prepare.run(&settings).await,
            Self::Report(report) => report.run(),
            Self::Saturate(saturate) => saturate.run().await,
            Self::Load(load) => load.run(&settings).await,
            Self::Ab(ab) => ab.run(&settings).await,
            Self::Database(database) => database.run(settings.database).await,
        }
    }
}

impl Retrieval {
    async fn measure(&self, product: &Product) -> anyhow::Result<retrieval::Report> {
        let questions = retrieval::read_questions(&self.questions)?;
        let examiner = Examiner::make(product).await?;
        let summary =
            import::import(product, std::slice::from_ref(&self.documents), examiner.account.id, Visibility::Shared)
                .await?;
        output::note(summary);
        let address = product.start_gateway(Product::listen("127.0.0.1:0").await?, None).await?;
        let client = lab::Client::new(&format!("http://{address}"), &examiner.token)?;
        let mut progress = Progress::new("asking  ", questions.len() as u64);
        let mut asked = 0;
        let embed_alone = |text: &str| product.knowledge.time_embedding(text).ok().flatten();
        let report = retrieval::run(&client, questions, embed_alone, |_| {
            asked += 1;
            progress.set(asked, String::new());
        })
        .await?;
        progress.finish();
        examiner.leave(product).await?;
        Ok(report)
    }

    fn print(&self, report: &retrieval::Report) -> anyhow::Result<()> {
        if self.misses {
            report.outcomes().iter().filter_map(miss).try_for_each(output::line)?;
        }
        if self.json {
            output::line(serde_json::to_string_pretty(&report.json())?)
        } else {
            output::line(report.to_string().trim_end())
        }
    }
}

/// What went wrong with a question, if anything did.
fn miss(outcome: &Outcome) -> Option<String> {
    let rank = outcome.rank.map_or("-".to_owned(), |rank| rank.to_string());
    let text = &outcome.question.text;
    match &outcome.question.expected {
        Some(expected) if outcome.rank != Some(1) || !outcome.phrase_found => Some(format!(
            "rank {rank} phrase {} grounded {}\t{text}\n\texpected {}: {}\n\tanswer {}",
            outcome.phrase_found,
            outcome.grounded,
            expected.file,
            expected.phrase,
            outcome.answer.replace('\n', " / "),
        )),
        None if outcome.grounded => Some(format!("answered\t{text}\n\tanswer {}", outcome.answer.replace('\n', " / "))),
        _ => None,
    }
}

impl Embedding {
    async fn measure(&self, product: &Product) -> anyhow::Result<()> {
        let measured = product.knowledge.measure_embedding(self.chunks).await?;
        output::line(format_args!("{:.1} chunks/s over {} chunks", measured.chunks_per_second(), measured.chunks))
    }
}

/// The account in whose name questions are asked: it exists only for the measurement.
struct Examiner {
    account: Account,
    token: String,
}

impl Examiner {
    async fn make(product: &Product) -> anyhow::Result<Self> {
        let accounts = product.accounts().await?;
        let id = product.store.clock().new_id();
        let person = NewPerson {
            email: format!("lab-{id}@localhost"),
            name: "Performance lab".to_owned(),
            password: id.to_string(),
        };
        let account = accounts.add(person, Role::User).await?;
        let token = accounts.begin_tokens(&account).await?.access_token;
        Ok(Self { account, token })
    }

    /// Disables the account; what it asked goes with nobody's history.
    async fn leave(self, product: &Product) -> anyhow::Result<()> {
        let change = PersonChange { disabled: Some(true), ..PersonChange::default() };
        // An otherwise empty data directory keeps its only account.
        if self.account.role == Role::User {
            product.accounts().await?.change(self.account.id, change).await?;
        }
        Ok(())
    }
}
