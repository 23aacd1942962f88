//! A run, as a file: everything that was measured, where, with what, and how. `docs/LOAD_TESTING_GUIDE.md` describes the schema.
//!
//! It is written again and again while the run goes on, so that one that is killed keeps what it had.

mod distribution;
mod environment;
mod level;
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

pub use distribution::Distribution;
pub use environment::Environment;
pub use level::{FailureCount, Level, Model, TaskRecord, Uploads};
pub use server::{QueryKind, ServerFigures, Tier};

use crate::baseline::Endpoint;
use crate::resources::Use;
use crate::workload::Workload;
use crate::{Error, Result};

/// The version of the schema. It grows when a reader of an older one would misunderstand a file.
pub const SCHEMA: u32 = 2;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// [`SCHEMA`] when it was written.
    pub schema: u32,
    /// The commands that made it, without where their program lay.
    pub commands: Vec<String>,
    /// When it began, RFC 3339 in UTC.
    pub began: String,
    /// When it ended; nothing where it was killed.
    pub ended: Option<String>,
    /// Where and with what.
    pub environment: Environment,
    /// Who did what.
    pub workload: Workload,
    /// Fixes everything that came by lot.
    pub seed: u64,
    /// How many times shorter ramps and steady phases were than the workload has them.
    pub time_scale: f64,
    /// One person on a server that had nothing else to do.
    pub baseline: Option<BaselineRecord>,
    /// One load after the other.
    pub levels: Vec<Level>,
    /// How far a load could be raised.
    pub edges: Vec<Edge>,
}

/// One person on a server that had nothing else to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BaselineRecord {
    /// What the server took while nobody asked for anything.
    pub idle: Option<Use>,
    /// Database connections that there may be, and those in use.
    pub connections: Option<(f64, f64)>,
    /// What the cache of answers held in the end, in bytes.
    pub cache_bytes: f64,
    /// Latencies by what was asked for, in microseconds.
    pub endpoints: Vec<(Endpoint, Distribution)>,
}

/// How far a load could be raised until something gave way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Edge {
    /// `users` or `requests_per_second`.
    pub of: String,
    /// The greatest load that was held, in each repetition.
    pub held: Vec<f64>,
    /// The least load that was not, in each repetition.
    pub broken: Vec<f64>,
    /// Which target gave way first, with what was measured.
    pub target: Vec<String>,
    /// Which resource was used up, as far as is known.
    pub resource: Vec<String>,
    /// Everything that was tried: the load, whether it was held, and how.
    pub tried: Vec<(f64, bool, String)>,
}

impl Run {
    /// The run of a file, where it is of the same server in the same state: what is measured now comes beside what was. Otherwise one
    /// that begins now.
    #[must_use]
    pub fn go_on(path: &Path, environment: Environment, workload: Workload, seed: u64) -> Self {
        let known = Self::read(path).ok().filter(|run| run.environment.is_same(&environment) && run.seed == seed);
        let mut run = known.unwrap_or_else(|| Self {
            schema: SCHEMA,
            commands: Vec::new(),
            began: now(),
            ended: None,
            environment,
            workload: workload.clone(),
            seed,
            time_scale: 1.0,
            baseline: None,
            levels: Vec::new(),
            edges: Vec::new(),
        });
        let mut words: Vec<String> = std::env::args().collect();
        if let Some(program) = words.first_mut() {
            *program = program.rsplit('/').next().unwrap_or_default().to_owned();
        }
        run.commands.push(words.join(" "));
        run.ended = None;
        run.workload = workload;
        run
    }

    /// Why nothing can be concluded from it; empty where something can.
    #[must_use]
    pub fn invalid(&self) -> Vec<String> {
        let of_levels =
            self.levels.iter().flat_map(|level| level.invalid.iter().map(|why| format!("{}: {why}", level.name)));
        let unended = self.ended.is_none().then(|| "it did not come to its end".to_owned());
        unended.into_iter().chain(of_levels).collect()
    }

    /// Reads one.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = || path.display().to_string();
        let text = fs::read_to_string(path).map_err(|source| Error::Read { path: shown(), source })?;
        let run: Self = serde_json::from_str(&text).map_err(|source| Error::RunFile { path: shown(), source })?;
        if run.schema != SCHEMA {
            return Err(Error::Schema { path: shown(), schema: run.schema, known: SCHEMA });
        }
        Ok(run)
    }

    /// Writes it: another process reads the old one or the new one, and never a part.
    pub fn write(&self, path: &Path) -> Result<()> {
        let failed = |source| Error::Write { path: path.display().to_string(), source };
        let text = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        let beside: PathBuf = path.with_extension("json.part");
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(failed)?;
        }
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).map_err(failed)
    }

    /// It has come to its end.
    pub fn end(&mut self) {
        self.ended = Some(now());
    }
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_measured_of_the_same_server_comes_into_the_same_run() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("run.json");
        let (here, workload) =
            (Environment::here("http://127.0.0.1:1", true, Value::Null), Workload::read("seed").unwrap());
        let commands = |environment: Environment, seed| {
            let mut run = Run::go_on(&file, environment, workload.clone(), seed);
            run.end();
            run.write(&file).unwrap();
            run.commands.len()
        };
        assert_eq!(commands(here.clone(), 1), 1);
        assert_eq!(commands(here.clone(), 1), 2);
        let edited = Environment { commit: Some("0123456789ab+".to_owned()), ..here.clone() };
        assert_eq!(commands(edited, 1), 3, "somebody edited a text meanwhile");
        assert_eq!(commands(Environment { program: Some("another".to_owned()), ..here.clone() }, 1), 1);
        assert_eq!(commands(Environment { target: "http://127.0.0.1:2".to_owned(), ..here.clone() }, 1), 1);
        assert_eq!(commands(Environment { target: "http://127.0.0.1:2".to_owned(), ..here }, 2), 1);
    }
}
