//! What the lab measures: a server that it starts itself, or one that runs somewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use lab::load::{self, Credentials, Gateways};
use lab::observe::Subject;
use lab::run_file::{Environment, Run};
use lab::workload::{self, Catalogue, Sort, Workload};
use lab::{Program, Server};
use serde_json::Value;

use crate::output;
use crate::progress::Progress;
use crate::settings::Settings;

/// Where the load goes to.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct TargetOptions {
    /// A running server, such as `http://127.0.0.1:8080`; without one, one is started for the measurement, and is gone after it.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Where that server tells its figures, such as `http://127.0.0.1:9464`.
    #[arg(long, value_name = "URL", requires = "url")]
    metrics: Option<String>,
    /// The number of that server's process, where it runs on this machine.
    #[arg(long, value_name = "PID", requires = "url")]
    process: Option<u32>,
    /// What that server depends on, by name with the number of its first process, such as `postgresql=1234`; may be given again.
    #[arg(long, value_name = "NAME=PID", requires = "url", value_parser = dependency)]
    dependency: Vec<(String, u32)>,
    /// The address of that server's administrator, in whose name accounts are made and figures read.
    #[arg(long, default_value = "admin@localhost")]
    email: String,
    /// The administrator's password.
    #[arg(long, env = "VOICEASSIST_LAB_PASSWORD", hide_env_values = true, default_value = "")]
    password: String,
    /// What the server that is started reads, or what is brought to one that runs; may be given again.
    #[arg(long, value_name = "PATH", default_value = "examples/handbook")]
    documents: Vec<PathBuf>,
    /// Tab-separated, the question first, one line of head: questions that are asked beside those about titles and headings.
    #[arg(long, value_name = "FILE", default_value = "examples/questions/handbook.tsv")]
    questions: Vec<PathBuf>,
    /// The program that is started; this one, unless another is given.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<PathBuf>,
}

fn dependency(text: &str) -> Result<(String, u32), String> {
    let parts = text.split_once('=').and_then(|(name, process)| Some((name.to_owned(), process.parse().ok()?)));
    parts
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| "a name and the number of a process, such as postgresql=1234".to_owned())
}

/// A server that answers.
pub(crate) struct Target {
    pub(crate) gateways: Arc<Gateways>,
    pub(crate) credentials: Credentials,
    pub(crate) metrics: Option<Arc<Gateways>>,
    pub(crate) process: Option<u32>,
    dependencies: Vec<(String, u32)>,
    base: String,
    // Killed when this is dropped.
    server: Option<Server>,
}

impl TargetOptions {
    /// Whether a running server is named.
    pub(crate) const fn is_running(&self) -> bool {
        self.url.is_some()
    }

    /// Files and folders of documents.
    pub(crate) fn documents(&self) -> &[PathBuf] {
        &self.documents
    }

    /// Finds the server, or starts one.
    pub(crate) async fn open(&self, own: &Settings) -> anyhow::Result<Target> {
        let at = |url: &String| Gateways::new(std::slice::from_ref(url)).map(Arc::new);
        if let Some(url) = &self.url {
            return Ok(Target {
                gateways: at(url)?,
                credentials: Credentials { email: self.email.clone(), password: self.password.clone() },
                metrics: self.metrics.as_ref().map(at).transpose()?,
                process: self.process,
                dependencies: self.dependency.clone(),
                base: url.clone(),
                server: None,
            });
        }
        let mut progress = Progress::new("starting ", 1);
        progress.set(0, "a server reads its documents".to_owned());
        let absolute = |path: &PathBuf| std::path::absolute(path);
        let program = Program {
            path: self.program.clone().map_or_else(std::env::current_exe, Ok)?,
            model: own.knowledge.model_directory.as_ref().map(absolute).transpose()?,
            documents: self.documents.iter().map(absolute).collect::<Result<_, _>>()?,
            // People of a long run stay signed in.
            settings: vec![("GATEWAY__ACCESS_TOKEN_MINUTES".to_owned(), "1440".to_owned())],
        };
        let server = Server::start(&program).await?;
        progress.finish();
        Ok(Target {
            gateways: at(&server.base().to_owned())?,
            credentials: server.admin().clone(),
            metrics: server.metrics().map(|url| at(&url.to_owned())).transpose()?,
            process: server.process_id(),
            dependencies: Vec::new(),
            base: server.base().to_owned(),
            server: Some(server),
        })
    }

    /// What is asked of it.
    pub(crate) async fn catalogue(&self, target: &Target, workload: &Workload, seed: u64) -> anyhow::Result<Catalogue> {
        let mut given = Vec::new();
        for file in &self.questions {
            given.extend(workload::question_lines(file)?);
        }
        let client = lab::Client::new(&target.base, &target.token().await?)?;
        let mut progress = Progress::new("headings ", 1);
        let subjects = workload::subjects(&client, |done, of| progress.set_of(done, of, String::new())).await?;
        progress.finish();
        let questions = workload.questions;
        let catalogue = Catalogue::build(&subjects, &given, questions.distinct, questions.exponent, seed);
        if catalogue.count(Sort::Simple) == 0 || catalogue.count(Sort::Parts) == 0 {
            return Err(lab::Error::NoQuestions.into());
        }
        Ok(catalogue)
    }
}

impl Target {
    /// An access token of its administrator.
    pub(crate) async fn token(&self) -> anyhow::Result<String> {
        let signed_in = load::sign_in(&self.gateways, &self.credentials).await;
        Ok(signed_in.context("the administrator cannot sign in; give --email and --password")?.0)
    }

    /// Its address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What is observed of it.
    pub(crate) fn subject(&self) -> Subject {
        Subject {
            process: self.process,
            dependencies: self.dependencies.clone(),
            metrics: self.metrics.clone(),
            gateways: Arc::clone(&self.gateways),
        }
    }

    /// Where and with what it is measured.
    async fn environment(&self) -> anyhow::Result<Environment> {
        let client = lab::Client::new(&self.base, &self.token().await?)?;
        let configuration: Value = client.settings().await?;
        Ok(Environment::here(&self.base, self.process.is_some(), configuration))
    }

    /// The run of a file, where it is of this server; otherwise one that begins now, and in its place.
    pub(crate) async fn run(&self, file: &Path, workload: Workload, seed: u64) -> anyhow::Result<Run> {
        let run = Run::go_on(file, self.environment().await?, workload, seed);
        if file.exists() && run.commands.len() == 1 {
            output::note(format_args!("{} was of another server, program or seed, and begins anew", file.display()));
        }
        Ok(run)
    }

    /// The end of the log of a server that was started here.
    pub(crate) fn log(&self) -> Option<String> {
        self.server.as_ref().map(Server::log).filter(|log| !log.is_empty())
    }
}
