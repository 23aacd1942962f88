//! A question's life: classify, retrieve, answer, verify the citations, record.
//!
//! It begins in [`Assistant::ask`]; the files are read in the order in which a question passes through them:
//! `ask` -> `followup` -> `classify` -> (knowledge's search) -> `select` -> `answer` -> `verify`.

mod answer;
mod answerable;
mod ask;
mod classify;
mod followup;
mod select;
mod types;
mod verify;

pub use ask::{AskError, Assistant, MAX_QUESTION_CHARS};
pub use types::{Answer, AnswerEvent, Ask, CacheMode, CacheTier, CacheUse, Citation, Mode, ModeRequest, Timings};
