//! `voiceassist lab lint`: whether the figures of a benchmark document contradict physics, or each other. Exit status 0 without
//! findings, 1 with some.

use std::path::PathBuf;
use std::process::exit;

use anyhow::Context;
use lab::consistency::lint;

use crate::output;

#[derive(clap::Args)]
pub(crate) struct Lint {
    /// A document in the form of the benchmark document.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

impl Lint {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(&self.file);
        let findings = lint(&text.with_context(|| format!("cannot read {}", self.file.display()))?);
        if self.json {
            output::line(serde_json::to_string_pretty(&serde_json::json!({ "findings": findings }))?)?;
        } else {
            findings.iter().try_for_each(output::line)?;
        }
        if !findings.is_empty() {
            output::note(format_args!("{} findings", findings.len()));
            exit(1);
        }
        Ok(())
    }
}
