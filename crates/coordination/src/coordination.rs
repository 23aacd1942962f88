//! The whole of it, as the rest of the program holds it.

use std::sync::Arc;
use std::time::Duration;

use fred::types::Builder;
use fred::types::config::TcpConfig;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::link::Link;
use crate::local::Local;
use crate::{InvalidSetting, Settings, pulse, tls};

/// How long a connection may take to come about, and how long a step of its preparation (a password, a sentinel's answer).
const CONNECTING: Duration = Duration::from_secs(2);

/// What this process tells the others, and hears from them. Cheap to clone; with the last clone the connection ends.
#[derive(Clone, Debug)]
pub struct Coordination(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    link: Option<Arc<Link>>,
    local: Local,
    prefix: String,
    _connection: Option<DropGuard>,
}

impl Coordination {
    /// Begins to connect to the Redis of the settings and returns at once, whether it is there or not. Must be called within a
    /// Tokio runtime, which keeps the connection.
    pub fn start(settings: &Settings) -> Result<Self, InvalidSetting> {
        settings.validate()?;
        let Some(url) = &settings.url else { return Ok(Self::with(settings, None, None)) };
        let unfit = |problem| InvalidSetting { key: "url", problem };
        let mut config = url.config().map_err(unfit)?;
        if url.is_encrypted() {
            config.tls = Some(tls::config(settings.ca_file.as_deref())?);
        }
        let mut builder = Builder::from_config(config);
        // Without a policy the client does not reconnect by itself, so that it has no reason to keep what could not be sent and
        // send it much later, when nobody waits for it any more: `pulse` begins with a new one.
        builder.with_connection_config(|connection| {
            connection.connection_timeout = CONNECTING;
            connection.internal_command_timeout = CONNECTING;
            connection.tcp = TcpConfig { nodelay: Some(true), ..TcpConfig::default() };
        });
        let link = Link::new(builder, Duration::from_millis(settings.timeout_ms))
            .map_err(|error| unfit(format!("cannot be used: {}", error.kind().to_str())))?;
        let link = Arc::new(link);
        let stop = CancellationToken::new();
        let kept = pulse::keep(Arc::clone(&link));
        tokio::spawn(stop.clone().run_until_cancelled_owned(kept));
        Ok(Self::with(settings, Some(link), Some(stop.drop_guard())))
    }

    /// Coordinates with nobody.
    #[must_use]
    pub fn alone() -> Self {
        Self::with(&Settings::default(), None, None)
    }

    fn with(settings: &Settings, link: Option<Arc<Link>>, connection: Option<DropGuard>) -> Self {
        let prefix = settings.key_prefix.clone();
        Self(Arc::new(Parts { link, local: Local::default(), prefix, _connection: connection }))
    }

    pub(crate) fn link(&self) -> Option<&Link> {
        self.0.link.as_deref()
    }

    pub(crate) fn local(&self) -> &Local {
        &self.0.local
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.0.prefix
    }
}
