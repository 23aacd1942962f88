//! Compute the vectors of documents' chunks.

use knowledge::Knowledge;
use store::jobs::Job;
use store::values::JobKind;
use uuid::Uuid;

use crate::lane::Work;

/// Several documents at a time: small ones alone would not fill a run of the model.
pub(crate) struct Embed(pub(crate) Knowledge);

impl Work for Embed {
    const KIND: JobKind = JobKind::Embed;
    const BATCH: u64 = 8;

    async fn work(&self, jobs: &[Job]) -> knowledge::Result<()> {
        let documents: Vec<Uuid> = jobs.iter().map(|job| job.document_id).collect();
        let chunks = self.0.embed(&documents).await?;
        tracing::debug!(documents = documents.len(), chunks, "embedded");
        Ok(())
    }
}
