//! The search backends: the only hand-written SQL of the program.
//!
//! The keyword indexes of both databases are fed with terms that [`terms`] has already normalised, and both rank by the
//! same formula, so that the same question finds the same passages on either. Vectors are searched in process over a
//! `SQLite` database, and by `pgvector` in PostgreSQL; what a chunk's meaning is says `meaning`.

mod documents;
mod keywords;
mod meaning;
mod pgvector;
mod postgres;
mod sqlite;
mod statistics;
mod terms;

pub use documents::{DocumentFields, document_score};
pub use keywords::{ChunkFields, KeywordHit};
pub(crate) use keywords::{
    ChunkTerms, change_readers, create_document_index, create_indexes, forget_chunks, forget_messages, index_chunks,
    index_messages, index_terms_of_messages, statement, terms_of_stored,
};
pub use meaning::{NEIGHBOUR, Near, blend, decoded, length};
pub(crate) use pgvector::index_meanings;
pub use statistics::{Collection, Frequency, Readable, Sizes, TermStatistics};
pub(crate) use statistics::{Indexed, count_all, count_terms, create_statistics, sizes_between};
pub use terms::{is_stopword, occurring, stem, terms, words};
