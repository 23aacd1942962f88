//! `voiceassist lab ab`: two programs against each other, in short rounds on the same machine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use lab::ab::{self, Player};
use lab::compare::{Measure, ROUNDS, Rules, compare_pairs};
use lab::{Program, Saturation, Server, Sink};

use crate::output;
use crate::progress::Progress;
use crate::settings::Settings;

/// Asked over and over, so that all but the first answers come from the cache.
const QUESTIONS: [&str; 4] = [
    "How long must a password be?",
    "What can I spend on a hotel room in London?",
    "How many days of leave do I have?",
    "Who approves a purchase?",
];

#[derive(clap::Args)]
pub(crate) struct Ab {
    /// A program.
    #[arg(long, value_name = "PROGRAM")]
    before: PathBuf,
    /// The program that is compared with it.
    #[arg(long, value_name = "PROGRAM")]
    after: PathBuf,
    /// What they do.
    #[arg(long, value_enum, default_value_t = Doing::Chat)]
    doing: Doing,
    /// What they have read.
    #[arg(long, value_name = "PATH", default_value = "examples/handbook")]
    documents: PathBuf,
    /// How often each has its turn. With fewer than there are unless this is given, a slowdown of 10 % may escape.
    #[arg(long, default_value_t = ROUNDS)]
    rounds: usize,
    /// How long a turn is.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Fixes who begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the comparison and all turns into a file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many requests are in hand at any time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Let the second one send traces, by its own settings, to a collector that forgets them.
    #[arg(long)]
    traces: bool,
}

/// What the programs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Doing {
    /// Answers from the cache.
    Chat,
    /// Whether they are well.
    Health,
}

impl Ab {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        ensure!(self.seconds > 0.0 && self.seconds.is_finite(), "--seconds must be above 0, not {}", self.seconds);
        ensure!(self.connections > 0 && self.rounds > 0, "--connections and --rounds must be above 0");
        for (option, program) in [("--before", &self.before), ("--after", &self.after)] {
            ensure!(
                program.is_file(),
                "{option} {}: no such file; name a program that was built before",
                program.display()
            );
        }
        let sink = Sink::start().await?;
        let before = self.start(&self.before, Vec::new(), settings).await?;
        let traced = self.traces.then(|| ("TRACES__ENDPOINT".to_owned(), sink.endpoint()));
        let after = self.start(&self.after, traced.into_iter().collect(), settings).await?;
        let [first, second] = [self.player(&before).await?, self.player(&after).await?];
        let mut progress = Progress::new("turns    ", 2 * self.rounds as u64);
        let turn = Duration::from_secs_f64(self.seconds);
        let told = |turns: usize, rate: f64| progress.set(turns as u64, format!("{rate:.0} answers a second"));
        let rounds = ab::alternate([&first, &second], self.rounds, turn, self.seed, told).await?;
        progress.finish();
        let rules = Rules { measures: Measure::at_saturation(), seed: self.seed, ..Rules::default() };
        let comparison = compare_pairs(&rounds, &rules);
        output::line(comparison.to_string().trim_end())?;
        if let Some(file) = &self.json {
            let told = serde_json::json!({ "comparison": comparison, "rounds": rounds });
            let written = std::fs::write(file, serde_json::to_string_pretty(&told)?);
            written.with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }

    async fn start(
        &self,
        path: &PathBuf,
        mut settings: Vec<(String, String)>,
        own: &Settings,
    ) -> anyhow::Result<Server> {
        // What people run with: a line in the log for each request.
        settings.push(("LOGS__LEVEL".to_owned(), "info".to_owned()));
        let model = own.knowledge.model_directory.as_ref().map(std::path::absolute).transpose()?;
        let documents = vec![std::path::absolute(&self.documents)?];
        Ok(Server::start(&Program { path: std::path::absolute(path)?, model, documents, settings }).await?)
    }

    async fn player(&self, server: &Server) -> anyhow::Result<Player> {
        let work = match self.doing {
            Doing::Health => Saturation::of_path(server.base(), "/health", self.connections)?,
            Doing::Chat => {
                let questions = QUESTIONS.map(str::to_owned);
                Saturation::of_questions(server.base(), &server.token().await?, &questions, self.connections)?
            }
        };
        Ok(Player { work, process: server.process_id() })
    }
}
