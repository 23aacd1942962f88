//! `voiceassist lab compare`: what changed between two runs, load by load.

use std::path::PathBuf;

use anyhow::ensure;
use lab::report::changes;
use lab::run_file::Run;

use crate::output;

#[derive(clap::Args)]
pub(crate) struct Compare {
    /// The run file from before.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The run file from after.
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// Print the comparisons as JSON.
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let [before, after] = [Run::read(&self.before)?, Run::read(&self.after)?];
        for (run, file) in [(&before, &self.before), (&after, &self.after)] {
            for why in run.invalid() {
                output::note(format_args!("{}: invalid: {why}", file.display()));
            }
        }
        let compared = changes(&before, &after);
        ensure!(!compared.is_empty(), "the two runs have no load in common");
        if self.json {
            return output::line(serde_json::to_string_pretty(&compared)?);
        }
        for (name, comparison) in compared {
            output::line(format_args!("## {name}\n\n{comparison}"))?;
        }
        Ok(())
    }
}
