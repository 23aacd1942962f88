//! What the worker does with a document: parse and chunk it, then compute its vectors.

use store::chunks::{Extracted, NewChunk, StoredVector};
use uuid::Uuid;

use crate::chunk::{Chunk, ChunkOptions, chunk};
use crate::index::{Quantised, quantise};
use crate::parse::{Format, Limits, ParseError, parse};
use crate::{Knowledge, Result, units};

/// Chunks embedded between two commits: progress is visible, and a killed process repeats at most this much.
const CHUNKS_PER_COMMIT: u64 = 64;

impl Knowledge {
    /// Parses a document, cuts it into chunks and indexes them by keywords. Doing it again replaces what was
    /// there. A document that was deleted meanwhile is left alone.
    pub async fn ingest(&self, document_id: Uuid) -> Result<()> {
        let Some(document) = self.store.any_document(document_id).await? else { return Ok(()) };
        self.store.mark_processing(document_id).await?;
        let bytes = self.store.document_bytes(document_id).await?.unwrap_or_default();
        let format: Format = document.format.parse().map_err(|_| store::Error::Corrupt { what: "document format" })?;
        let options = ChunkOptions { target_words: self.settings.chunk_words, ..ChunkOptions::default() };
        let extracted = tokio::task::spawn_blocking(move || extract(format, &bytes, &options)).await??;
        self.store.store_extracted(document_id, extracted, self.model.is_some()).await?;
        Ok(())
    }

    /// Computes the vectors that these documents' chunks lack, in commits of a bounded size. Returns how many
    /// were computed; it stops early, with what it has, when `stop` says so.
    pub async fn embed(&self, document_ids: &[Uuid], stop: impl Fn() -> bool) -> Result<usize> {
        let Some(model) = self.model.clone() else { return Ok(0) };
        let mut computed = 0;
        loop {
            let pending = self.store.pending_chunks(document_ids, CHUNKS_PER_COMMIT).await?;
            let texts: Vec<String> =
                pending.iter().map(|chunk| embedded_text(&chunk.title, &chunk.heading_path, &chunk.text)).collect();
            let encoder = model.clone();
            let vectors = tokio::task::spawn_blocking(move || encoder.embed_batch(&texts)).await??;
            let stored = pending.iter().zip(&vectors).map(|(chunk, vector)| {
                let Quantised { scale, codes } = quantise(vector);
                StoredVector { number: chunk.number, scale, codes: codes.into_iter().map(i8::cast_unsigned).collect() }
            });
            let stored: Vec<StoredVector> = stored.collect();
            let alive = self.store.store_vectors(model.name(), document_ids, stored.clone()).await?;
            for vector in stored {
                if let Some(entry) = alive.get(&vector.number) {
                    self.index.add(vector.number, entry, vector.scale, &vector.codes);
                }
            }
            self.forget_deleted(document_ids).await?;
            computed += alive.len();
            if pending.is_empty() || stop() {
                return Ok(computed);
            }
        }
    }

    /// A document that was deleted while its vectors were being added must not stay in the index.
    async fn forget_deleted(&self, document_ids: &[Uuid]) -> Result<()> {
        for id in document_ids {
            if self.store.any_document(*id).await?.is_none() {
                self.index.forget(*id);
            }
        }
        Ok(())
    }
}

/// What of a chunk the encoder sees: where it stands says what it is about.
pub(crate) fn embedded_text(title: &str, heading_path: &str, text: &str) -> String {
    match (title.is_empty(), heading_path.is_empty()) {
        (true, true) => text.to_owned(),
        (false, true) => format!("{title}\n{text}"),
        (true, false) => format!("{heading_path}\n{text}"),
        (false, false) => format!("{title} > {heading_path}\n{text}"),
    }
}

fn extract(format: Format, bytes: &[u8], options: &ChunkOptions) -> Result<Extracted, ParseError> {
    let parsed = parse(format, bytes, &Limits::default())?;
    let chunks = chunk(&parsed, options).into_iter().map(stored_chunk).collect();
    Ok(Extracted { title: parsed.title, text: parsed.text, chunks })
}

fn stored_chunk(chunk: Chunk) -> NewChunk {
    NewChunk {
        heading_path: chunk.heading_path.join(" > "),
        start: chunk.start,
        end: chunk.end,
        units: units::encode(&chunk.units, chunk.start),
    }
}
