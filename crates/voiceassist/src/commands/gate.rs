//! `voiceassist lab gate`: whether a run keeps its targets and the performance budget. Exit status 0 when it does, 1 when it does
//! not, 2 when nothing can be concluded from it.

use std::path::PathBuf;
use std::process::exit;

use lab::report::{Verdict, gate, table};
use lab::run_file::Run;

use crate::output;

#[derive(clap::Args)]
pub(crate) struct Gate {
    /// A run file.
    #[arg(value_name = "RUN")]
    run: PathBuf,
}

impl Gate {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let run = match Run::read(&self.run) {
            Ok(run) => run,
            Err(error) => {
                output::note(format_args!("voiceassist: {:#}", anyhow::Error::from(error)));
                exit(2)
            }
        };
        let (verdict, judged) = gate(&run, &slo::Levels::built_in()?);
        let rows: Vec<_> = judged
            .into_iter()
            .map(|(of, row)| lab::report::Row { what: format!("{of}: {}", row.what), ..row })
            .collect();
        output::line(table(&rows).trim_end())?;
        for why in run.invalid() {
            output::note(format_args!("invalid: {why}"));
        }
        let (said, status) = match verdict {
            Verdict::Held => ("held", 0),
            Verdict::Broken => ("broken", 1),
            Verdict::Invalid => ("invalid: nothing can be concluded", 2),
        };
        output::line(said)?;
        exit(status)
    }
}
