//! What every handler can reach.

use std::sync::Arc;
use std::time::Instant;

use assistant::Assistant;
use coordination::Coordination;
use knowledge::Knowledge;
use store::Store;
use telemetry::Exposition;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Settings;
use crate::auth::{AccountError, Accounts};
use crate::census::Counted;
use crate::limits::LoginLimiter;
use crate::metrics::Metrics;
use crate::watch::Watch;
use crate::{openapi, routes};

/// The HTTP side of the program. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    settings: Settings,
    assistant: Assistant,
    knowledge: Knowledge,
    store: Store,
    accounts: Accounts,
    logins: LoginLimiter,
    coordination: Coordination,
    requests: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    counted: Arc<Counted>,
    watch: Watch,
    tasks: TaskTracker,
    closing: CancellationToken,
    started: Instant,
}

/// Why a gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The signing key cannot be read or made.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The service levels contradict themselves.
    #[error(transparent)]
    Levels(#[from] slo::InvalidLevels),
}

impl Gateway {
    /// Puts the parts together; time comes from the store's clock.
    pub async fn new(
        settings: Settings,
        assistant: Assistant,
        knowledge: Knowledge,
        store: Store,
        coordination: Coordination,
    ) -> Result<Self, StartError> {
        let accounts = Accounts::open(store.clone(), &settings).await?;
        let requests = Arc::new(Semaphore::new(settings.max_concurrent_requests));
        let routes = openapi::operations().into_iter().chain(routes::page_routes());
        Ok(Self(Arc::new(Parts {
            logins: LoginLimiter::new(settings.login_attempts_per_minute, coordination.clone()),
            metrics: Arc::new(Metrics::new(Arc::clone(&requests), routes)),
            counted: Arc::default(),
            watch: Watch::new(slo::Levels::built_in()?),
            requests,
            uploads: Arc::new(Semaphore::new(settings.max_concurrent_uploads)),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            started: Instant::now(),
            settings,
            assistant,
            knowledge,
            store,
            accounts,
            coordination,
        })))
    }

    /// Its figures, and the cache's, beside others.
    #[must_use]
    pub fn exposed(&self, others: Exposition) -> Exposition {
        let (metrics, counted) = (Arc::clone(&self.0.metrics), Arc::clone(&self.0.counted));
        others.with(metrics).with(counted).with(Arc::new(self.0.assistant.cache_exposed()))
    }

    /// Counts, for ever, how much there is of everything.
    pub async fn keep_count(&self) {
        self.0.counted.keep(&self.0.store).await;
    }

    /// Every route with its middleware.
    pub fn router(&self) -> axum::Router {
        crate::routes::router(self)
    }

    /// How it was set up.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Accounts, passwords and tokens.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    pub(crate) fn assistant(&self) -> &Assistant {
        &self.0.assistant
    }

    pub(crate) fn knowledge(&self) -> &Knowledge {
        &self.0.knowledge
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn coordination(&self) -> &Coordination {
        &self.0.coordination
    }

    pub(crate) fn logins(&self) -> &LoginLimiter {
        &self.0.logins
    }

    pub(crate) fn request_permits(&self) -> &Arc<Semaphore> {
        &self.0.requests
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn counted(&self) -> &Counted {
        &self.0.counted
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.0.watch
    }

    pub(crate) fn upload_permits(&self) -> &Arc<Semaphore> {
        &self.0.uploads
    }

    /// Work that outlives the request that began it; shutdown waits for it.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Cancelled once no more requests are accepted: what would go on for ever ends.
    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.0.closing
    }

    pub(crate) fn uptime_seconds(&self) -> u64 {
        self.0.started.elapsed().as_secs()
    }
}
