//! One file per job.

pub(crate) mod embed;
pub(crate) mod ingest;
