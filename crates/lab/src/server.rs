//! A server that the lab starts itself: a program on a directory of its own, with documents, and gone afterwards.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::load::{Credentials, Gateways, sign_in};
use crate::{Client, Error, Result};

/// How long a server may take to start.
const START: Duration = Duration::from_mins(1);
/// How long it may take to read its first documents.
const READING: Duration = Duration::from_mins(10);
/// How often it is asked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Lines of its log that are shown when it fails.
const SHOWN: usize = 10;

/// A program and how it is set up.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable file.
    pub path: PathBuf,
    /// The folder of the embedding model; without one, search runs on keywords alone.
    pub model: Option<PathBuf>,
    /// What it imports when it starts.
    pub documents: Vec<PathBuf>,
    /// Settings, such as `("GATEWAY__ACCESS_TOKEN_MINUTES", "120")`.
    pub settings: Vec<(String, String)>,
}

/// A running server. It is killed, and its data deleted, when this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    base: String,
    metrics: Option<String>,
    admin: Credentials,
    // Read until its end, so that the server never waits for somebody to listen.
    _said: Lines<BufReader<ChildStdout>>,
    directory: TempDir,
}

impl Server {
    /// Starts a program, and waits until it has read its documents.
    pub async fn start(program: &Program) -> Result<Self> {
        let failed = |detail: String| Error::Start { program: program.path.display().to_string(), detail };
        let directory = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let log = directory.path().join("log");
        let file = File::create(&log).map_err(|error| failed(error.to_string()))?;
        let mut process = command(program, directory.path())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let out = process.stdout.take().ok_or_else(|| failed("it has no output".to_owned()))?;
        let mut said = BufReader::new(out).lines();
        let Ok(Some((base, password))) = timeout(START, greeting(&mut said)).await else {
            return Err(failed(end_of(&log)));
        };
        let admin = Credentials { email: "admin@localhost".to_owned(), password };
        let metrics = metrics_address(&log);
        let server = Self { process, base, metrics, admin, _said: said, directory };
        timeout(READING, server.has_read())
            .await
            .map_err(|_| failed("its documents were not ready in time".to_owned()))??;
        Ok(server)
    }

    /// Where it answers.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Where it tells its figures.
    #[must_use]
    pub fn metrics(&self) -> Option<&str> {
        self.metrics.as_deref()
    }

    /// Its first administrator.
    #[must_use]
    pub const fn admin(&self) -> &Credentials {
        &self.admin
    }

    /// The process, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// The end of its log.
    #[must_use]
    pub fn log(&self) -> String {
        end_of(&self.directory.path().join("log"))
    }

    /// An access token of its administrator.
    pub async fn token(&self) -> Result<String> {
        let gateways = Gateways::new(std::slice::from_ref(&self.base))?;
        Ok(sign_in(&gateways, &self.admin).await?.0)
    }

    async fn has_read(&self) -> Result<()> {
        let client = Client::new(&self.base, &self.token().await?)?;
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if client.documents_in_work().await? == 0 {
                return Ok(());
            }
        }
    }
}

fn command(program: &Program, directory: &Path) -> Command {
    let mut command = Command::new(&program.path);
    // What is measured is not set up by what happens to be set here.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VOICEASSIST__")) {
        command.env_remove(name);
    }
    command.current_dir(directory);
    let mut set = |key: &str, value: &str| {
        command.env(format!("VOICEASSIST__{key}"), value);
    };
    set("DATA_DIR", &directory.join("data").display().to_string());
    set("GATEWAY__LISTEN", "127.0.0.1:0");
    set("METRICS__LISTEN", "127.0.0.1:0");
    // Measuring is not an attack.
    set("GATEWAY__LOGIN_ATTEMPTS_PER_MINUTE", "10000");
    set("LOGS__LEVEL", "warn,voiceassist=info");
    if let Some(model) = &program.model {
        set("KNOWLEDGE__MODEL_DIRECTORY", &model.display().to_string());
    }
    for (key, value) in &program.settings {
        set(key, value);
    }
    command.arg("serve");
    for documents in &program.documents {
        command.arg("--samples").arg(documents);
    }
    command
}

/// The address and the password that a first start tells.
async fn greeting(said: &mut Lines<BufReader<ChildStdout>>) -> Option<(String, String)> {
    let (mut base, mut password) = (None, None);
    while let Ok(Some(line)) = said.next_line().await {
        let mut words = line.split_whitespace();
        if line.contains("answers on ") {
            base = words.next_back().map(str::to_owned);
        } else if line.contains("with the password ") {
            password = words.skip_while(|word| *word != "password").nth(1).map(str::to_owned);
        }
        if line.starts_with("Stop it") {
            break;
        }
    }
    base.zip(password)
}

fn metrics_address(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    let line = text.lines().find(|line| line.contains("metrics are told at"))?;
    let address = line.split_whitespace().find_map(|word| word.split_once("address=").map(|(_, address)| address))?;
    Some(format!("http://{address}"))
}

fn end_of(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default().join("\n")
}
