//! Starting the real program, and speaking to it as programs and people do.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod program;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

/// How long the slowest of the things that are waited for may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// How often it is looked whether something has happened.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `look` finds something. What was waited for in vain is what the test's failure says.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// The same with a deadline of one's own.
pub(crate) async fn within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain for {what}", patience.as_secs());
    }
}

/// A file or folder of the repository.
pub(crate) fn workspace(path: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    root.join(path)
}

/// The folder of the embedding model.
pub(crate) fn model() -> PathBuf {
    let folder = workspace("models/all-minilm-l6-v2");
    assert!(folder.join("model.onnx").exists(), "no embedding model in {}: run `make model`", folder.display());
    folder
}

/// One of the sample documents, or with an empty name the folder of all of them.
pub(crate) fn handbook(name: &str) -> String {
    workspace("examples/handbook").join(name).display().to_string()
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
