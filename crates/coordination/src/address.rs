//! Where Redis is. The address may hold a password, which never leaves this file except towards Redis.

use std::fmt;

use fred::types::config::Config;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

/// The address of Redis, in one of these forms; with `rediss` in place of `redis`, the connection is encrypted:
///
/// - `redis://[[user:]password@]host[:port][/database]`
/// - `redis-sentinel://[[user:]password@]host[:port][/database]?sentinelServiceName=name[&node=host:port]…`, with
///   `sentinelUsername` and `sentinelPassword` where the sentinels themselves ask for a password
/// - `redis-cluster://[[user:]password@]host[:port][?node=host:port&node=…]`
///
/// It is printed and serialised without the password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RedisUrl(String);

const SCHEMES: [&str; 6] = ["redis", "rediss", "redis-sentinel", "rediss-sentinel", "redis-cluster", "rediss-cluster"];

impl RedisUrl {
    /// An address as it is written in the configuration.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// Whether what is said to Redis is encrypted.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.scheme().starts_with("rediss")
    }

    /// The client's configuration for this address, without TLS; or what is wrong with the address. The client's own
    /// messages quote parts of the address, so they are not passed on.
    pub(crate) fn config(&self) -> Result<Config, String> {
        if !SCHEMES.contains(&self.scheme()) {
            return Err("must begin with redis://, redis-sentinel:// or redis-cluster://, or with rediss in place of \
                        redis for TLS"
                .to_owned());
        }
        let problem = |what: &str| format!("is not an address of Redis ({self}): {what}");
        let parsed = Url::parse(&self.0).map_err(|error| problem(&error.to_string()))?;
        if parsed.host_str().is_none_or(str::is_empty) {
            return Err(problem("it names no host"));
        }
        let service = parsed.query_pairs().any(|(key, name)| key == "sentinelServiceName" && !name.is_empty());
        if self.scheme().ends_with("sentinel") && !service {
            return Err(problem("it needs ?sentinelServiceName="));
        }
        // The client would look for the system's certificates; `tls` does that with more patience.
        let plain = self.0.replacen("rediss", "redis", 1);
        Config::from_url(&plain)
            .map_err(|_| problem("what follows the host cannot be read; a database is a number up to 255"))
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return formatter.write_str("…") };
        // The last @: a password may have one that somebody forgot to escape.
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        // What follows a question mark may be a password as well.
        let place = place.split(['?', '#']).next().unwrap_or_default();
        write!(formatter, "{scheme}://{place}")
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

impl Serialize for RedisUrl {
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
            "redis://:s3cret@cache.example.org:6379/1",
            "rediss://anna:s3cr@s3cret@cache.example.org:6379/1",
            "redis-sentinel://:s3cret@cache.example.org:6379/1?sentinelServiceName=main&sentinelPassword=s3cret",
            "redis://:s3cr?et@cache.example.org:6379/1",
        ] {
            let url = RedisUrl::new(url);
            let problem = url.config().err().unwrap_or_default();
            let shown = format!("{url} {url:?} {} {problem}", serde_json::to_string(&url)?);
            assert!(!shown.contains("s3cr") && shown.contains("cache.example.org:6379/1"), "{shown}");
        }
        assert!(!RedisUrl::new("s3cret").to_string().contains("s3cret"));
        Ok(())
    }

    #[test]
    fn every_form_is_understood() {
        for url in [
            "redis://localhost",
            "redis://:word@localhost:6380/2",
            "rediss://user:word@localhost",
            "redis-sentinel://localhost:26379?sentinelServiceName=main&node=other:26379",
            "rediss-cluster://localhost:7000?node=localhost:7001&node=localhost:7002",
        ] {
            assert_eq!(RedisUrl::new(url).config().map(|_| ()), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_problem_is_named_without_the_password() {
        for (url, named) in [
            ("localhost:6379", "must begin with redis://"),
            ("redis-sentinel://:s3cret@localhost", "?sentinelServiceName="),
            ("redis://:s3cret@localhost/many", "a database is a number"),
            ("redis-cluster://localhost?node=:s3cret@other", "cannot be read"),
            ("redis://:s3cret@localhost:port", "invalid port"),
            ("redis-sentinel://a:1,b:2?sentinelServiceName=x", "invalid port"),
            ("redis://", "host"),
        ] {
            let problem = RedisUrl::new(url).config().err().unwrap_or_default();
            assert!(problem.contains(named) && !problem.contains("s3cret"), "{url}: {problem}");
        }
    }
}
