//! Where a run took place, and with what.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The machine, the program and its configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// As the processor calls itself.
    pub processor: String,
    /// How many cores this process may use.
    pub cores: usize,
    /// Of the machine.
    pub memory_bytes: f64,
    /// Of Linux.
    pub kernel: String,
    /// Of the program that measures.
    pub version: String,
    /// The beginning of its SHA-256, where it can be read.
    #[serde(default)]
    pub program: Option<String>,
    /// Of the project's folder that it was started in, where it was one; with a plus sign where there were changes.
    pub commit: Option<String>,
    /// Where the load went to.
    pub target: String,
    /// Whether the server runs on the machine that measures, and shares its cores with the generator.
    pub shares_machine: bool,
    /// How the server is set up, without its secrets: what it says of itself.
    pub configuration: Value,
}

impl Environment {
    /// This machine, with the server at `target`.
    #[must_use]
    pub fn here(target: &str, shares_machine: bool, configuration: Value) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(':'));
            line.map(|(_, value)| value.trim().to_owned())
        };
        let kilobytes = after(&read("/proc/meminfo"), "MemTotal").and_then(|text| text.split(' ').next()?.parse().ok());
        Self {
            processor: after(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: 1_024.0 * kilobytes.unwrap_or(0.0),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: program(),
            commit: commit(),
            target: target.to_owned(),
            shares_machine,
            configuration,
        }
    }
}

impl Environment {
    /// Whether it is the same program on the same machine, with the same server. Who works on the project meanwhile changes nothing.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let of_commit = |commit: &Option<String>| Self { commit: commit.clone(), ..self.clone() };
        of_commit(&other.commit) == *other
    }
}

fn program() -> Option<String> {
    let digest = Sha256::digest(fs::read("/proc/self/exe").ok()?);
    let beginning = digest.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Some(format!("{beginning:012x}"))
}

fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|text| !text.is_empty());
    Some(if changed { format!("{commit}+") } else { commit })
}
