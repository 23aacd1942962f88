//! Parse a document, cut it into chunks, index it by keywords.

use knowledge::Knowledge;
use store::jobs::Job;
use store::values::JobKind;

use crate::lane::Work;

/// One document at a time: it is short, and another document's keywords should not wait for a whole batch.
pub(crate) struct Ingest(pub(crate) Knowledge);

impl Work for Ingest {
    const KIND: JobKind = JobKind::Ingest;
    const BATCH: u64 = 1;

    async fn work(&self, jobs: &[Job]) -> knowledge::Result<()> {
        for job in jobs {
            self.0.ingest(job.document_id).await?;
            self.0.work_arrived().notify_waiters();
        }
        Ok(())
    }
}
