//! What the commands say: results on the standard output, the rest on the standard error stream.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _, stderr, stdout};

use anyhow::Context;

/// Writes a line of a result. A reader that has seen enough, as in `voiceassist ask … | head -1`, is no failure.
pub(crate) fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to the standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a line that is not the result: a warning, or how far something has come. If that fails, nobody is left to be
/// told.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}
