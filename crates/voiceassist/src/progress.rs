//! Progress that people see: a bar in a terminal, a line now and then in a log.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// How often a log gets a line.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// The progress of one piece of work.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    logged: Instant,
}

impl Progress {
    /// Progress of `total` steps of `what`.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix} [{bar:40}] {pos}/{len} {msg} ({eta} left)");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.set_prefix(what);
        Self { bar, what, logged: Instant::now() }
    }

    /// Says how far it has come.
    pub(crate) fn set(&mut self, done: u64, message: String) {
        self.bar.set_position(done);
        if self.bar.is_hidden() && self.logged.elapsed() >= LOG_EVERY {
            self.logged = Instant::now();
            let total = self.bar.length().unwrap_or_default();
            output::note(format_args!("{}: {done}/{total} {message}", self.what));
        }
        self.bar.set_message(message);
    }

    /// Says how far it has come, when the total is known only now.
    pub(crate) fn set_of(&mut self, done: u64, total: u64, message: String) {
        self.bar.set_length(total);
        self.set(done, message);
    }

    /// Ends it.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
