//! A question's life: classify, look into the cache, retrieve, answer, verify the citations, record.
//!
//! It begins in [`Assistant::ask`]; the files are read in the order in which a question passes through them:
//! `ask` -> `followup` -> `canonical` -> `classify` -> `recall` -> (knowledge's search) -> `select` -> `answer` -> `verify`.

mod answer;
mod answerable;
mod ask;
mod cached;
mod canonical;
mod classify;
mod followup;
mod inspect;
mod recall;
mod select;
mod types;
mod verify;
mod warm;

pub use ask::{AskError, Assistant, MAX_QUESTION_CHARS};
pub use cache::{Cleared, Figures as CacheFigures, Key as CacheKey};
pub use inspect::{Alike, Explanation};
pub use types::{Answer, AnswerEvent, Ask, CacheMode, CacheTier, CacheUse, Citation, Mode, ModeRequest, Timings};
pub use warm::Warmed;
