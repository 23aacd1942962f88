//! The search backends: the only hand-written SQL of the program.
//!
//! Both indexes are fed with terms that [`terms`] has already normalised, so that every
//! backend splits and stems alike and the same question finds the same passages on all of them.

mod sqlite;
mod terms;

pub use sqlite::{KeywordHit, KeywordIndex};
pub(crate) use sqlite::{
    conversations_matching, create_document_index, create_indexes, forget_chunks, forget_messages, index_chunks,
    index_messages,
};
pub use terms::{is_stopword, occurring, stem, terms, words};
