//! What the encoder can do alone: the limit that ingestion and answers are measured against.

use std::time::{Duration, Instant};

use crate::ingest::ChunkText;
use crate::{Knowledge, Result};

/// The bare speed of the encoder.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddingSpeed {
    /// How many chunks were embedded.
    pub chunks: usize,
    /// How long that took.
    pub took: Duration,
}

impl EmbeddingSpeed {
    /// Chunks a second; 0 when there were none.
    #[must_use]
    pub fn chunks_per_second(&self) -> f64 {
        if self.chunks == 0 { 0.0 } else { self.chunks as f64 / self.took.as_secs_f64() }
    }
}

impl Knowledge {
    /// Embeds up to `count` stored chunks, spread evenly, in one go, and stores nothing.
    pub async fn measure_embedding(&self, count: usize) -> Result<EmbeddingSpeed> {
        let Some(model) = self.model.clone() else { return Ok(EmbeddingSpeed { chunks: 0, took: Duration::ZERO }) };
        let chunks = self.store.sample_chunks(count).await?;
        let texts: Vec<Vec<String>> = chunks.iter().map(|chunk| ChunkText::new(chunk).pieces).collect();
        tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            model.embed_batch(&texts)?;
            Ok(EmbeddingSpeed { chunks: texts.len(), took: started.elapsed() })
        })
        .await?
    }

    /// How long embedding a text takes by itself; `None` without a model.
    pub fn time_embedding(&self, text: &str) -> Result<Option<Duration>> {
        let Some(model) = &self.model else { return Ok(None) };
        let started = Instant::now();
        model.embed(text)?;
        Ok(Some(started.elapsed()))
    }
}
