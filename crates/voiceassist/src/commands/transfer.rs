//! What `migrate`, `backup` and `restore` share: opening what is moved, and showing how far it has come.

use std::path::{Path, PathBuf};

use anyhow::bail;
use store::transfer::{Phase, Step, TableSum};
use store::{Clock, DatabaseUrl, Store};

use crate::output;
use crate::progress::Progress;
use crate::settings::Settings;

/// The file in a data directory that holds everything.
const DATABASE_FILE: &str = "voiceassist.db";

/// Where everything is kept: a data directory, or a PostgreSQL database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Directory(PathBuf),
    Server(DatabaseUrl),
}

impl Place {
    /// The place that is configured.
    pub(super) fn configured(settings: &Settings) -> Self {
        settings.database.url.clone().map_or_else(|| Self::Directory(settings.data_dir.clone()), Self::Server)
    }

    /// Opens what must be there.
    pub(super) async fn open_existing(&self, settings: &Settings) -> anyhow::Result<Store> {
        if let Self::Directory(directory) = self
            && !directory.join(DATABASE_FILE).is_file()
        {
            bail!("there is no {DATABASE_FILE} in {}; name the data directory of VoiceAssist", directory.display());
        }
        self.open(settings).await
    }

    /// Opens what may have to be made.
    pub(super) async fn open(&self, settings: &Settings) -> anyhow::Result<Store> {
        let (directory, url) = match self {
            Self::Directory(directory) => (directory.as_path(), None),
            Self::Server(url) => (settings.data_dir.as_path(), Some(url.clone())),
        };
        let database = store::Settings {
            url,
            replica_urls: Vec::new(),
            // One connection reads, one writes.
            min_connections: 0,
            max_connections: 3,
            ..settings.database.clone()
        };
        Ok(Store::open(directory, &database, Clock::System).await?)
    }
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("sqlite", "")) => Err("name a directory after sqlite://".to_owned()),
            Some(("sqlite", path)) => {
                let path = Path::new(path);
                let directory = if path.file_name().is_some_and(|name| name == DATABASE_FILE) {
                    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
                } else {
                    path
                };
                Ok(Self::Directory(directory.to_owned()))
            }
            Some(("postgres" | "postgresql", _)) => Ok(Self::Server(DatabaseUrl::new(text))),
            _ => Err("it must begin with sqlite:// (and name a data directory) or with postgres://".to_owned()),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(directory) => write!(formatter, "{}", directory.display()),
            Self::Server(url) => write!(formatter, "{url}"),
        }
    }
}

/// Shows how far a transfer has come.
#[derive(Default)]
pub(super) struct Watcher(Option<(Phase, Progress)>);

impl Watcher {
    pub(super) fn see(&mut self, step: Step) {
        if self.0.as_ref().is_none_or(|(phase, _)| *phase != step.phase) {
            self.finish();
            let what = match step.phase {
                Phase::Copying => "copying ",
                Phase::Indexing => "indexing",
                Phase::Checking => "checking",
            };
            self.0 = Some((step.phase, Progress::new(what, step.total)));
        }
        if let Some((_, progress)) = &mut self.0 {
            progress.set(step.done, String::new());
        }
    }

    pub(super) fn finish(&mut self) {
        if let Some((_, progress)) = self.0.take() {
            progress.finish();
        }
    }
}

/// Tells the count and the checksum of each table.
pub(super) fn tell(sums: &[TableSum]) -> anyhow::Result<()> {
    for sum in sums {
        output::line(format_args!("{:<14}{:>10} rows  sha256 {}", sum.name, sum.rows, sum.sha256))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_directory_or_a_server() {
        let directory = |path: &str| Ok(Place::Directory(path.into()));
        assert_eq!("sqlite://data".parse(), directory("data"));
        assert_eq!("sqlite:///srv/data/voiceassist.db".parse(), directory("/srv/data"));
        assert_eq!("sqlite://voiceassist.db".parse(), directory("."));
        let server = "postgres://anna:secret@db/voiceassist".parse::<Place>();
        assert_eq!(server.map(|place| place.to_string()), Ok("postgres://db/voiceassist".to_owned()));
        assert!("data".parse::<Place>().is_err() && "sqlite://".parse::<Place>().is_err());
    }
}
