//! `voiceassist lab report`: the benchmark document of a run, and beside it a page with charts.

use std::path::PathBuf;

use anyhow::Context;
use lab::report::{document, page};
use lab::run_file::Run;

use crate::output;

#[derive(clap::Args)]
pub(crate) struct Report {
    /// The run file.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where the document goes; the page goes beside it, with the ending `.html`.
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
        let levels = slo::Levels::built_in()?;
        let beside = self.out.with_extension("html");
        let name = beside.file_name().unwrap_or_default().to_string_lossy();
        let text = document(&run, &levels, &link, &name);
        for (path, text) in [(&self.out, text), (&beside, page(&run, &levels, &link)?)] {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            output::note(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }
}
