//! `voiceassist import`: files and folders through the same intake as uploads.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;
use gateway::Deed;
use knowledge::{IntakeError, Upload};
use store::Visibility;
use store::documents::{DocumentProgress, Stored};
use store::values::AuditAction;
use uuid::Uuid;
use walkdir::WalkDir;

use crate::output;
use crate::product::Product;
use crate::progress::Progress;
use crate::settings::Settings;

#[derive(clap::Args)]
pub(crate) struct Import {
    /// Files and folders; hidden files are passed over.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only the owner may read them; otherwise everybody with an account.
    #[arg(long)]
    private: bool,
    /// Whose documents they are; the first administrator's otherwise.
    #[arg(long, value_name = "EMAIL")]
    owner: Option<String>,
}

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What became of a file.
pub(crate) enum Taken {
    /// It is a document now.
    New(Uuid),
    /// The same bytes were there.
    Known(Uuid),
    /// It is not something that can be read.
    Refused(String),
}

impl Import {
    pub(crate) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let mut product = Product::open(settings).await?;
        let owner = product.account(self.owner.as_deref()).await?;
        let visibility = if self.private { Visibility::Private } else { Visibility::Shared };
        match product.start_worker() {
            Ok(()) => {}
            Err(error) if is_served(&error) => {
                output::note("another process serves this data directory; it will index the documents");
            }
            Err(error) => return Err(error),
        }
        let summary = import(&product, &self.paths, owner.id, visibility).await;
        product.shut_down().await;
        output::line(summary?)
    }
}

fn is_served(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<store::Error>(), Some(store::Error::AlreadyServed { .. }))
}

/// Takes in every file under `paths` and waits until all are indexed; the result is said in a few lines.
pub(crate) async fn import(
    product: &Product,
    paths: &[PathBuf],
    owner_id: Uuid,
    visibility: Visibility,
) -> anyhow::Result<String> {
    let started = Instant::now();
    let files = files(paths)?;
    let mut progress = Progress::new("reading ", files.len() as u64);
    let (mut ids, mut known) = (Vec::new(), 0);
    for (done, file) in files.iter().enumerate() {
        match take_in(product, file, owner_id, visibility).await? {
            Taken::New(id) => ids.push(id),
            Taken::Known(id) => {
                known += 1;
                ids.push(id);
            }
            Taken::Refused(reason) => output::note(format_args!("left out {}: {reason}", file.display())),
        }
        progress.set(done as u64 + 1, String::new());
    }
    progress.finish();
    let counted = wait_until_indexed(product, ids.len(), async || Ok(product.store.progress_of(&ids).await?)).await?;
    for (title, reason) in &counted.failed {
        output::note(format_args!("could not read {title}: {reason}"));
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(format!(
        "{} files: {} documents ready ({known} were there already), {} failed, {} left out; {} chunks in {seconds:.1} s",
        files.len(),
        counted.ready,
        counted.failed.len(),
        files.len() - ids.len(),
        counted.chunks,
    ))
}

/// Every file under `paths`, in a stable order.
pub(crate) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let visible =
            |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.');
        for entry in WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(visible) {
            let entry = entry.map_err(|error| {
                let failed = error.path().unwrap_or(path).display().to_string();
                let cause = error.into_io_error().map(anyhow::Error::from);
                let cause = cause.unwrap_or_else(|| anyhow::anyhow!("its links lead in a circle"));
                cause.context(format!("cannot import {failed}; name files or folders that can be read"))
            })?;
            if entry.path().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    if files.is_empty() {
        bail!("there are no files in what is to be imported");
    }
    Ok(files)
}

/// Takes in one file. What cannot be read is refused with the reason; only a failing database ends an import.
pub(crate) async fn take_in(
    product: &Product,
    file: &Path,
    owner_id: Uuid,
    visibility: Visibility,
) -> anyhow::Result<Taken> {
    let bytes = match tokio::fs::read(file).await {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Taken::Refused(error.to_string())),
    };
    let file_name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let upload = Upload { owner_id, visibility, title: None, file_name, bytes };
    match product.knowledge.take_in(upload).await {
        Ok(Stored::Created(document)) => {
            Deed::of_command_line(AuditAction::UploadDocument).to(&document.id).write_down(&product.store).await;
            Ok(Taken::New(document.id))
        }
        Ok(Stored::Existing(document)) => Ok(Taken::Known(document.id)),
        Err(IntakeError::Store(error)) => Err(error.into()),
        Err(refused) => Ok(Taken::Refused(refused.to_string())),
    }
}

/// Looks now and then how far `documents` have come.
async fn wait_until_indexed(
    product: &Product,
    documents: usize,
    look_up: impl AsyncFn() -> anyhow::Result<DocumentProgress>,
) -> anyhow::Result<DocumentProgress> {
    let mut progress = Progress::new("indexing", documents as u64);
    let mut look = tokio::time::interval(LOOK_EVERY);
    // One for all looks: it hears of a signal that comes between two of them.
    let mut stopped = std::pin::pin!(product.stopped());
    loop {
        tokio::select! {
            _ = look.tick() => {}
            stopped = &mut stopped => {
                stopped?;
                bail!("stopped; what was read is kept, and the next start goes on indexing it");
            }
        }
        let counted = look_up().await?;
        let message = format!("documents, {}/{} chunks", counted.embedded_chunks, counted.chunks);
        progress.set(counted.ready + counted.failed.len() as u64, message);
        if counted.unfinished == 0 {
            progress.finish();
            return Ok(counted);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tokio::signal::unix::{SignalKind, signal};

    use super::*;

    #[tokio::test]
    async fn an_interruption_between_two_looks_is_not_lost() -> anyhow::Result<()> {
        let directory = tempfile::tempdir()?;
        let settings = Settings { data_dir: directory.path().to_owned(), ..Settings::default() };
        let product = Product::open(settings).await?;
        let interrupt_and_look = async || {
            let mut interrupted = signal(SignalKind::interrupt())?;
            let itself = std::process::id().to_string();
            Command::new("sh").args(["-c", "kill -s INT \"$0\"", &itself]).status()?;
            // Once this is through, it has been told to everybody who listens, and to nobody later.
            interrupted.recv().await;
            Ok(DocumentProgress { unfinished: 1, ..DocumentProgress::default() })
        };
        let waited = wait_until_indexed(&product, 1, interrupt_and_look);
        let ended = tokio::time::timeout(Duration::from_mins(1), waited).await;
        assert!(
            ended
                .map_err(|_| anyhow::anyhow!("it was lost"))?
                .is_err_and(|error| error.to_string().starts_with("stopped; "))
        );
        Ok(())
    }
}
