//! What can go wrong with the documents themselves or their index.

/// A failure of the knowledge layer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The document cannot be parsed; trying again will not help.
    #[error(transparent)]
    Parse(#[from] crate::parse::ParseError),
    /// The model's files are missing or unusable.
    #[error(
        "cannot load the embedding model from {path}: {detail}; run `make model`, or unset knowledge.model_directory to search by keywords alone"
    )]
    Model {
        /// The folder that was tried.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// The model failed on a text.
    #[error("the embedding model failed: {0}")]
    Embedding(String),
    /// A background computation ended abnormally.
    #[error("a background computation ended abnormally: {0}")]
    Background(#[from] tokio::task::JoinError),
}

/// The result of an operation on the documents.
pub type Result<T, E = Error> = std::result::Result<T, E>;
