//! What people do with the product, as data: how many of which kind, when, and what they ask. Nothing here sends anything.
//!
//! `profile` reads all of that from a file. `classes` are the kinds of people and their tasks, `pacing` says when they come and how
//! long they think, `catalogue` holds what is asked, `asked` knows what was asked already, `subjects` is where that comes from, `popularity` how often each is asked, `reword` how people say the same in
//! other words, `notes` the documents that administrators upload. Everything by lot comes from `lot`, and so from a seed.

mod asked;
mod catalogue;
mod classes;
mod lot;
mod notes;
mod pacing;
mod popularity;
mod profile;
mod reword;
mod subjects;

pub use asked::Asked;
pub use catalogue::{Catalogue, Sort};
pub use classes::{Class, Task};
pub use lot::Lot;
pub use notes::note;
pub use pacing::{Pacing, Stage};
pub use popularity::Popularity;
pub use profile::{ClassShare, Questions, StageLength, Times, UploadSize, Workload};
pub use reword::{Rewording, reword};
pub use subjects::{question_lines, subject, subjects};
