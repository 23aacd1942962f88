//! One file per table.

// The derive needs `pub`; what leaves the crate is re-exported by the aggregates.
#![allow(unreachable_pub)]

pub(crate) mod account;
pub(crate) mod audit_entry;
pub(crate) mod chunk;
pub(crate) mod chunk_vector;
pub(crate) mod conversation;
pub(crate) mod document;
pub(crate) mod document_file;
pub(crate) mod document_text;
pub(crate) mod feedback;
pub(crate) mod job;
pub(crate) mod message;
pub(crate) mod metric_slot;
pub(crate) mod session;
pub(crate) mod setting;
