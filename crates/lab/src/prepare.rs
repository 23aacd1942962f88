//! A running server with documents to ask about: brought in through the API, as an administrator would.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use tokio::time::{MissedTickBehavior, interval};
use walkdir::WalkDir;

use crate::load::{Content, Failure, Gateways};
use crate::{Client, Error, Result};

/// How often it is asked whether all documents can be found.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long is waited when the server has too much in hand to take another one.
const LATER: Duration = Duration::from_millis(500);

/// Uploads all files of these files and folders to everybody, and waits until all can be found by their meaning. Files that the
/// server takes for no documents are left out; the number of those that it took. `progress` is told how many of how many there are.
pub async fn prepare(
    gateways: &Gateways,
    token: &str,
    paths: &[PathBuf],
    mut progress: impl FnMut(usize, usize),
) -> Result<usize> {
    let files: Vec<PathBuf> = paths.iter().map(|path| files_of(path)).collect::<Result<Vec<_>>>()?.concat();
    let mut count = 0;
    for (done, file) in files.iter().enumerate() {
        progress(done, files.len());
        count += usize::from(upload(gateways, token, file).await?);
    }
    let client = Client::new(gateways.urls().first().map(String::as_str).unwrap_or_default(), token)?;
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let waiting = client.documents_in_work().await?;
        progress(files.len() - waiting.min(files.len()), files.len());
        if waiting == 0 {
            return Ok(count);
        }
    }
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let failed = |error: walkdir::Error| Error::Read { path: path.display().to_string(), source: error.into() };
        let entry = entry.map_err(failed)?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Whether the server took it.
async fn upload(gateways: &Gateways, token: &str, file: &Path) -> Result<bool> {
    const PATH: &str = "/api/documents/upload";
    let bytes = std::fs::read(file).map_err(|source| Error::Read { path: file.display().to_string(), source })?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    loop {
        let content = Content::Document(&name, &bytes);
        let sent = gateways.send(gateways.turn(), Method::POST, PATH, token, content).await;
        let Err(failure) = sent else { return Ok(true) };
        match failure {
            Failure(said) if said == "status 503" => tokio::time::sleep(LATER).await,
            // A picture, a style sheet, an empty file.
            Failure(said) if ["status 415", "status 422"].contains(&said.as_str()) => return Ok(false),
            failure => return Err(Error::Request { path: PATH.to_owned(), failure }),
        }
    }
}
