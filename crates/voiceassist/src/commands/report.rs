//! `voiceassist lab report`: the benchmark document of a run, and beside it a page with charts.

use std::path::{Path, PathBuf};

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
    /// A run from before, for a table of what changed.
    #[arg(long, value_name = "RUN")]
    before: Option<PathBuf>,
}

impl Report {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let run = Run::read(&self.run)?;
        let before = self.before.as_ref().map(|path| Run::read(path)).transpose()?;
        let link = seen_from(&self.out, &self.run);
        let link_before = self.before.map(|path| seen_from(&self.out, &path)).unwrap_or_default();
        let (levels, beside) = (slo::Levels::built_in()?, self.out.with_extension("html"));
        let source = Source {
            run: &run,
            levels: &levels,
            file: &link,
            page: &beside.file_name().unwrap_or_default().to_string_lossy(),
            before: before.as_ref().map(|run| (run, link_before.as_str())),
        };
        for (path, text) in [(&self.out, document(&source)), (&beside, page(&source)?)] {
            write(path, &text).with_context(|| format!("cannot write {}", path.display()))?;
            output::note(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }
}

/// Writes a file, and makes its folder where there is none, as the run files do.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

/// A file as a document links it: from its own folder where the file lies below that, otherwise as it was given.
fn seen_from(document: &Path, file: &Path) -> String {
    let below = document.parent().and_then(|folder| file.strip_prefix(folder).ok());
    below.unwrap_or(file).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("of/today.md");
        write(&file, "text").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "text");
    }

    #[test]
    fn a_run_below_the_document_is_linked_from_there() {
        let link = |document: &str, file: &str| seen_from(Path::new(document), Path::new(file));
        assert_eq!(link("docs/BENCHMARKS.md", "docs/performance/run.json"), "performance/run.json");
        assert_eq!(link("BENCHMARKS.md", "run.json"), "run.json");
        assert_eq!(link("docs/BENCHMARKS.md", "target/run.json"), "target/run.json");
    }
}
