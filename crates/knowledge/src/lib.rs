//! A document's life: parse, chunk, embed, index; and search: keywords and vectors, fused and ranked.
//!
//! A document comes in through [`Knowledge::take_in`]; the worker then calls [`Knowledge::ingest`] and
//! [`Knowledge::embed`]; from there on [`Knowledge::search`] finds it.

pub mod chunk;
pub mod embed;
mod error;
mod exposing;
mod generations;
mod history;
mod index;
mod ingest;
mod intake;
mod measure;
pub mod parse;
pub mod search;
mod unit_vectors;
pub mod units;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::Store;
use tokio::sync::Notify;

pub use error::{Error, Result};
pub use history::Change;
pub use intake::{IntakeError, Upload};
pub use measure::EmbeddingSpeed;
pub use search::{Alteration, Basis, Found, Question};
pub use unit_vectors::UnitSimilarity;

/// How documents are taken in and found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The largest document accepted, in bytes.
    pub max_document_bytes: usize,
    /// The folder with `model.onnx` and `tokenizer.json`. Without one, search runs on keywords alone.
    pub model_directory: Option<PathBuf>,
    /// Threads that compute vectors.
    pub embedding_threads: usize,
    /// Words at which a chunk is full.
    pub chunk_words: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_document_bytes: 50 * 1024 * 1024,
            model_directory: None,
            embedding_threads: std::thread::available_parallelism().map_or(2, usize::from),
            chunk_words: 120,
        }
    }
}

/// The documents: taking them in, indexing them, finding passages in them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Knowledge {
    store: Store,
    settings: Arc<Settings>,
    model: Option<Arc<embed::Model>>,
    index: Arc<index::VectorIndex>,
    history: Arc<history::History>,
    remembered: Arc<search::Remembered>,
    work_arrived: Arc<Notify>,
    ingestion: Arc<exposing::IngestionTimes>,
}

impl Knowledge {
    /// Loads the model, if there is one, and the vectors.
    pub async fn open(store: Store, settings: Settings) -> Result<Self> {
        let model = match &settings.model_directory {
            Some(directory) => Some(Arc::new(embed::Model::load(directory, settings.embedding_threads)?)),
            None => None,
        };
        if let Some(model) = model.clone()
            && !store.is_served_by_one_process()
        {
            let dimensions = tokio::task::spawn_blocking(move || model.embed("dimensions")).await??.len();
            store.prepare_vector_search(dimensions).await?;
        }
        let index = Arc::new(index::VectorIndex::default());
        let knowledge = Self {
            store,
            settings: Arc::new(settings),
            model,
            index,
            history: Arc::default(),
            remembered: Arc::default(),
            work_arrived: Arc::default(),
            ingestion: Arc::default(),
        };
        knowledge.begin_anew().await?;
        Ok(knowledge)
    }

    /// The database underneath.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Name and version of the embedding model, or `None` when search runs on keywords alone.
    #[must_use]
    pub fn model_name(&self) -> Option<&str> {
        self.model.as_deref().map(embed::Model::name)
    }

    /// How it was set up.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Wakes the worker's lanes: this process has enqueued a job.
    #[must_use]
    pub fn work_arrived(&self) -> &Notify {
        &self.work_arrived
    }

    /// Deletes a document from the database and from the index; when this returns, nothing finds it any more.
    pub async fn delete(&self, document_id: uuid::Uuid) -> Result<()> {
        self.store.delete_document(document_id).await?;
        self.catch_up_with_everything().await
    }

    /// Reads every vector of the present model from the database.
    async fn load_index(&self) -> Result<()> {
        // Little at a time: what a batch takes while it is read stays with the process afterwards.
        const BATCH: u64 = 1_000;
        let Some(model) = self.model.as_ref().filter(|_| !self.store.searches_vectors()) else { return Ok(()) };
        let (mut loading, mut after) = (index::Loading::default(), 0);
        loop {
            let batch = self.store.load_vectors(model.name(), after, BATCH).await?;
            let Some((last, _)) = batch.last() else { break };
            after = last.number;
            for (vector, entry) in &batch {
                loading.add(vector, entry);
            }
        }
        self.index.load(loading);
        Ok(())
    }
}
