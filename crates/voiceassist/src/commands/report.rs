//! `voiceassist lab report`: the benchmark document of a run, and beside it a page with charts.

use std::path::PathBuf;

use anyhow::Context;
use lab::report::{Source, document, page};
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
    /// A run from before, for a table of what changed.
    #[arg(long, value_name = "RUN")]
    before: Option<PathBuf>,
}

impl Report {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let run = Run::read(&self.run)?;
        let before = self.before.as_ref().map(|path| Run::read(path)).transpose()?;
        let link = self.link.unwrap_or_else(|| self.run.display().to_string());
        let link_before = self.before.map(|path| path.display().to_string()).unwrap_or_default();
        let (levels, beside) = (slo::Levels::built_in()?, self.out.with_extension("html"));
        let source = Source {
            run: &run,
            levels: &levels,
            file: &link,
            page: &beside.file_name().unwrap_or_default().to_string_lossy(),
            before: before.as_ref().map(|run| (run, link_before.as_str())),
        };
        for (path, text) in [(&self.out, document(&source)), (&beside, page(&source)?)] {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            output::note(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }
}
