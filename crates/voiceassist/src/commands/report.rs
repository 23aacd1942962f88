//! `voiceassist lab report`: the benchmark document of a run.

use std::path::PathBuf;

use anyhow::Context;
use lab::report::document;
use lab::run_file::Run;

use crate::output;

#[derive(clap::Args)]
pub(crate) struct Report {
    /// The run file.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where the document goes.
    #[arg(long, value_name = "FILE", default_value = "docs/PERFORMANCE_BENCHMARKS.md")]
    out: PathBuf,
    /// How the run file is linked, seen from the document; as it was given, otherwise.
    #[arg(long, value_name = "PATH")]
    link: Option<String>,
}

impl Report {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let run = Run::read(&self.run)?;
        let link = self.link.unwrap_or_else(|| self.run.display().to_string());
        let text = document(&run, &slo::Levels::built_in()?, &link);
        std::fs::write(&self.out, text).with_context(|| format!("cannot write {}", self.out.display()))?;
        output::note(format_args!("wrote {}", self.out.display()));
        Ok(())
    }
}
