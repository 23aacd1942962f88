//! What the worker does with a document: parse and chunk it, then compute its vectors.

use store::chunks::{Extracted, NewChunk, PendingChunk, StoredVector};
use uuid::Uuid;

use crate::chunk::{Chunk, ChunkOptions, chunk};
use crate::embed::Vectors;
use crate::exposing::Phase;
use crate::index::{Quantised, quantise};
use crate::parse::{Format, Limits, ParseError, parse};
use crate::{Knowledge, Result, unit_vectors, units};

/// Chunks embedded in one turn, and committed: progress is visible, a killed process repeats at most this much, and nobody
/// waits longer for another person's large documents.
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
        let extracting = tokio::task::spawn_blocking(move || extract(format, &bytes, &options));
        let extracted = self.ingestion.during(Phase::Parse, extracting).await??;
        let indexing = self.store.store_extracted(document_id, extracted, self.model.is_some());
        self.ingestion.during(Phase::Index, indexing).await?;
        Ok(())
    }

    /// Computes vectors that these documents' chunks lack, as many as one commit takes, and returns how many. Documents that
    /// have all of theirs are `ready` then; for others there is more to do, in a later turn.
    pub async fn embed(&self, document_ids: &[Uuid]) -> Result<usize> {
        let Some(model) = self.model.clone() else { return Ok(0) };
        let pending = self.store.pending_chunks(document_ids, CHUNKS_PER_COMMIT).await?;
        let texts: Vec<ChunkText> = pending.iter().map(ChunkText::new).collect();
        let pieces: Vec<Vec<String>> = texts.iter().map(|text| text.pieces.clone()).collect();
        let encoder = model.clone();
        let embedding = tokio::task::spawn_blocking(move || encoder.embed_batch(&pieces));
        let vectors = self.ingestion.during(Phase::Embed, embedding).await??;
        let stored: Vec<StoredVector> = pending
            .iter()
            .zip(&texts)
            .zip(&vectors)
            .map(|((chunk, text), vectors)| stored_vector(chunk.number, text, vectors))
            .collect();
        let storing = self.store.store_vectors(model.name(), document_ids, stored);
        let stored = self.ingestion.during(Phase::Store, storing).await?;
        // Nobody has to wait for that who asks next.
        self.catch_up_with_everything().await?;
        Ok(stored)
    }
}

/// What of a chunk the encoder sees.
pub(crate) struct ChunkText {
    /// Where the chunk stands, then its text, cut at the borders of its units.
    pub(crate) pieces: Vec<String>,
    /// Which pieces are the units.
    units: Vec<usize>,
}

impl ChunkText {
    /// The title and the headings come first: they say what the chunk is about.
    pub(crate) fn new(chunk: &PendingChunk) -> Self {
        let place = [chunk.title.as_str(), chunk.heading_path.as_str()];
        let place: Vec<&str> = place.into_iter().filter(|part| !part.is_empty()).collect();
        let mut text = Self { pieces: vec![place.join(" > ")], units: Vec::new() };
        let mut end = 0;
        for unit in units::decode(&chunk.units, 0).unwrap_or_default() {
            // Between units stand headings of small sections.
            text.push(chunk.text.get(end..unit.start));
            text.units.push(text.pieces.len());
            text.pieces.push(chunk.text.get(unit.start..unit.end).unwrap_or_default().to_owned());
            end = unit.end;
        }
        text.push(chunk.text.get(end..));
        text
    }

    fn push(&mut self, piece: Option<&str>) {
        if let Some(piece) = piece.map(str::trim).filter(|piece| !piece.is_empty()) {
            self.pieces.push(piece.to_owned());
        }
    }
}

fn stored_vector(number: i64, text: &ChunkText, vectors: &Vectors) -> StoredVector {
    let Quantised { scale, codes } = quantise(&vectors.whole);
    let of_units: Vec<Option<&Vec<f32>>> =
        text.units.iter().map(|piece| vectors.pieces.get(*piece).and_then(Option::as_ref)).collect();
    StoredVector {
        number,
        scale,
        codes: codes.into_iter().map(i8::cast_unsigned).collect(),
        units: unit_vectors::encode(&of_units, vectors.whole.len()),
    }
}

fn extract(format: Format, bytes: &[u8], options: &ChunkOptions) -> Result<Extracted, ParseError> {
    let parsed = parse(format, bytes, &Limits::default())?;
    let chunks = chunk(&parsed, options).iter().map(stored_chunk).collect();
    Ok(Extracted { title: parsed.title, text: parsed.text, chunks })
}

fn stored_chunk(chunk: &Chunk) -> NewChunk {
    NewChunk {
        heading_path: chunk.heading_path.join(" > "),
        start: chunk.start,
        end: chunk.end,
        units: units::encode(&chunk.units, chunk.start),
    }
}
