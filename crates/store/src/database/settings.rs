//! Which database is used, and how.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::{Error, Result};

/// The `database` section of the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A PostgreSQL database, `postgres://user:password@host/name`. Without one, everything is kept by `SQLite` in the
    /// data directory.
    pub url: Option<DatabaseUrl>,
    /// Read replicas of that database.
    pub replica_urls: Vec<DatabaseUrl>,
    /// PostgreSQL connections kept open, to each server.
    pub min_connections: u32,
    /// Most PostgreSQL connections, to each server.
    pub max_connections: u32,
    /// How long an operation waits for a PostgreSQL connection, in milliseconds.
    pub acquire_timeout_ms: u64,
    /// After how long a PostgreSQL connection is replaced, in minutes.
    pub max_lifetime_minutes: u64,
    /// When PostgreSQL gives a statement up, in milliseconds.
    pub statement_timeout_ms: u64,
    /// Statements that take longer are kept with their plan, in milliseconds.
    pub slow_query_ms: u64,
    /// `SQLite` connections for reading, kept open.
    pub read_connections: u32,
    /// How long an operation waits for a `SQLite` connection or for another process's write, in milliseconds.
    pub busy_timeout_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        // Reading SQLite is computing, mostly. Two for each core: while the thread of one waits for its next statement, that of
        // another works. More would share the cores, each with a cold cache.
        let cores = std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
        Self {
            url: None,
            replica_urls: Vec::new(),
            min_connections: 20,
            max_connections: 50,
            acquire_timeout_ms: 5_000,
            max_lifetime_minutes: 30,
            statement_timeout_ms: 30_000,
            slow_query_ms: 100,
            read_connections: 2 * cores.max(2),
            busy_timeout_ms: 10_000,
        }
    }
}

impl Settings {
    /// Checks every value; the error names the first key that is wrong.
    pub fn validate(&self) -> Result<()> {
        if let Some(url) = self.url.iter().chain(&self.replica_urls).find(|url| !url.is_postgres()) {
            let problem = format!("must begin with postgres://, not {:?}", url.scheme());
            return Err(Error::Setting { key: "url", problem });
        }
        if self.url.is_none() && !self.replica_urls.is_empty() {
            let problem = "needs database.url, the database whose replicas they are".to_owned();
            return Err(Error::Setting { key: "replica_urls", problem });
        }
        let within = |key, value: u64, least: u64, most: u64| {
            let problem = || format!("must be between {least} and {most}, not {value}");
            if (least..=most).contains(&value) { Ok(()) } else { Err(Error::Setting { key, problem: problem() }) }
        };
        within("max_connections", self.max_connections.into(), 1, 1_000)?;
        within("min_connections", self.min_connections.into(), 0, self.max_connections.into())?;
        within("acquire_timeout_ms", self.acquire_timeout_ms, 1, 600_000)?;
        within("max_lifetime_minutes", self.max_lifetime_minutes, 1, 10_080)?;
        within("statement_timeout_ms", self.statement_timeout_ms, 1, 3_600_000)?;
        within("read_connections", self.read_connections.into(), 1, 1_000)?;
        within("busy_timeout_ms", self.busy_timeout_ms, 1, 600_000)
    }
}

/// The address of a database. It may hold a password, which is neither printed nor serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// An address as it is written in the configuration.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    pub(crate) fn secret(&self) -> &str {
        &self.0
    }

    fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    fn is_postgres(&self) -> bool {
        matches!(self.scheme(), "postgres" | "postgresql")
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        // The last @: a password may have one that somebody forgot to escape.
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        // What follows a question mark may be a password as well.
        let place = place.split(['?', '#']).next().unwrap_or_default();
        write!(formatter, "{scheme}://{place}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() -> serde_json::Result<()> {
        for url in [
            "postgres://anna:s3cret@db.example.org:5432/voiceassist?sslmode=require",
            "postgres://anna:s3cr@s3cret@db.example.org:5432/voiceassist",
            "postgres://db.example.org:5432/voiceassist?password=s3cret",
        ] {
            let url = DatabaseUrl::new(url);
            let shown = format!("{url} {url:?} {}", serde_json::to_string(&url)?);
            assert!(!shown.contains("s3cr") && shown.contains("db.example.org:5432/voiceassist"), "{shown}");
        }
        Ok(())
    }

    #[test]
    fn what_cannot_work_is_named() {
        let message = |settings: Settings| settings.validate().map_err(|error| error.to_string());
        assert_eq!(message(Settings::default()), Ok(()));
        let mysql = Settings { url: Some(DatabaseUrl::new("mysql://a:b@c/d")), ..Settings::default() };
        assert_eq!(message(mysql), Err("database.url must begin with postgres://, not \"mysql\"".to_owned()));
        let few = Settings { min_connections: 9, max_connections: 8, ..Settings::default() };
        assert_eq!(message(few), Err("database.min_connections must be between 0 and 8, not 9".to_owned()));
        let alone = Settings { replica_urls: vec![DatabaseUrl::new("postgres://c/d")], ..Settings::default() };
        assert!(message(alone).is_err_and(|text| text.starts_with("database.replica_urls needs database.url")));
    }
}
