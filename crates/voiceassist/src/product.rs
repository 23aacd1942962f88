//! The running product: its parts, put together the same way for every command.

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use assistant::Assistant;
use cache::Backing;
use coordination::Coordination;
use gateway::Gateway;
use knowledge::Knowledge;
use store::accounts::Account;
use store::{Clock, Store};
use telemetry::process::Process;
use telemetry::{Exposition, Traces};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::marks::SharedMarks;
use crate::settings::Settings;

/// The parts of the product on one data directory.
pub(crate) struct Product {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) knowledge: Knowledge,
    pub(crate) assistant: Assistant,
    coordination: Coordination,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    traces: Traces,
    /// What was done of the jobs, where this process does them.
    work: Option<Arc<worker::Figures>>,
    /// Held while this process serves or indexes a data directory; another process then does neither.
    lock: Option<File>,
}

impl Product {
    /// Opens the data directory and loads the index.
    pub(crate) async fn open(settings: Settings) -> anyhow::Result<Self> {
        let traces = telemetry::init(&settings.logs, &settings.traces)?;
        let coordination = Coordination::start(&settings.redis)?;
        let marks = Arc::new(SharedMarks(coordination.clone()));
        let store = Store::open(&settings.data_dir, &settings.database, Clock::System).await?.with_marks(marks);
        store::transfer::must_be_whole(&store).await?;
        let knowledge = Knowledge::open(store.clone(), settings.knowledge.clone()).await?;
        if knowledge.model_name().is_none() {
            tracing::warn!("no embedding model: search runs on keywords alone; `make model` fetches one");
        }
        // Several processes share what they answered through Redis; one alone keeps it on its disk.
        let backing = match settings.redis.url {
            Some(_) => Backing::Shared(coordination.clone()),
            None => Backing::Disk(settings.data_dir.clone()),
        };
        Ok(Self {
            assistant: Assistant::open(knowledge.clone(), settings.cache.clone(), backing).await?,
            settings,
            store,
            knowledge,
            coordination,
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            traces,
            work: None,
            lock: None,
        })
    }

    /// Begins to index documents. Fails when another process does so already.
    pub(crate) fn start_worker(&mut self) -> anyhow::Result<()> {
        self.lock = self.store.lock_for_serving()?;
        let (knowledge, shutdown) = (self.knowledge.clone(), self.shutdown.clone());
        let figures = self.work.insert(Arc::default()).clone();
        self.tasks.spawn(async move {
            if let Err(error) = worker::run(knowledge, figures, shutdown).await {
                tracing::error!(error = %error, "the worker could not start; documents are kept but not indexed");
            }
        });
        Ok(())
    }

    /// Takes the address on which people are answered. Whoever starts takes it before anything is changed.
    pub(crate) async fn listen(address: &str) -> anyhow::Result<TcpListener> {
        let bound = TcpListener::bind(address).await;
        bound.with_context(|| format!("cannot listen on {address}; choose another address with gateway.listen"))
    }

    /// Takes the address on which figures are told, where that is wanted.
    pub(crate) async fn listen_for_metrics(&self) -> anyhow::Result<Option<TcpListener>> {
        let address = &self.settings.metrics.listen;
        if address.is_empty() {
            return Ok(None);
        }
        let bound = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; choose another address with metrics.listen, or none with \"\"")
        });
        bound.map(Some)
    }

    /// Begins to answer requests and to tell figures, and returns the address for requests.
    pub(crate) async fn start_gateway(
        &self,
        listener: TcpListener,
        metrics: Option<TcpListener>,
    ) -> anyhow::Result<SocketAddr> {
        let bound = listener.local_addr()?;
        let gateway = Gateway::new(
            self.settings.gateway.clone(),
            self.assistant.clone(),
            self.knowledge.clone(),
            self.store.clone(),
            self.coordination.clone(),
        )
        .await?;
        let (assistant, shutdown) = (self.assistant.clone(), self.shutdown.clone());
        self.tasks.spawn(async move { shutdown.run_until_cancelled(assistant.keep_house()).await });
        if telemetry::MEASURED {
            self.observe(&gateway);
        }
        self.tell_metrics(metrics, gateway.exposed(self.exposition()))?;
        self.tasks.spawn(gateway::serve(gateway, listener, self.shutdown.clone()));
        Ok(bound)
    }

    /// Counts and watches until the end.
    fn observe(&self, gateway: &Gateway) {
        let (counting, shutdown) = (gateway.clone(), self.shutdown.clone());
        self.tasks.spawn(async move { shutdown.run_until_cancelled(counting.keep_count()).await });
        let (watching, shutdown) = (gateway.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            shutdown.run_until_cancelled(watching.keep_watch()).await;
            // What happened since the last look is kept as well.
            watching.look().await;
        });
    }

    /// What every process tells.
    pub(crate) fn exposition(&self) -> Exposition {
        let (store, knowledge) = (Arc::new(self.store.clone()), Arc::new(self.knowledge.clone()));
        let base = Exposition::default().with(Arc::new(Process::default())).with(store).with(knowledge);
        match &self.work {
            Some(work) => base.with(Arc::<worker::Figures>::clone(work)),
            None => base,
        }
    }

    /// Begins to tell figures, where that is wanted.
    pub(crate) fn tell_metrics(&self, listener: Option<TcpListener>, exposition: Exposition) -> anyhow::Result<()> {
        let Some(listener) = listener else { return Ok(()) };
        tracing::info!(address = %listener.local_addr()?, "metrics are told at /metrics");
        self.tasks.spawn(telemetry::serve_metrics(exposition, listener, self.shutdown.clone()));
        Ok(())
    }

    /// Accounts, as the command line manages them.
    pub(crate) async fn accounts(&self) -> anyhow::Result<gateway::auth::Accounts> {
        Ok(gateway::auth::Accounts::open(self.store.clone(), &self.settings.gateway).await?)
    }

    /// The account with this address, or the first administrator.
    pub(crate) async fn account(&self, email: Option<&str>) -> anyhow::Result<Account> {
        match email {
            Some(email) => self
                .store
                .account_by_email(email)
                .await?
                .with_context(|| format!("there is no account {email}; `voiceassist user list` shows all")),
            None => self
                .store
                .first_admin()
                .await?
                .context("there is no administrator yet; make one with `voiceassist user add EMAIL --admin`"),
        }
    }

    /// Resolves when the program is asked to stop.
    pub(crate) async fn stopped(&self) -> anyhow::Result<()> {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
        }
        Ok(())
    }

    /// Stops what was started; requests and jobs in hand are finished first.
    pub(crate) async fn shut_down(self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.traces.shut_down().await;
    }
}
