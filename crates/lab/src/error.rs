//! Why a measurement could not be made.

/// A failure of a measurement. What was measured until then is not reported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of questions cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A line of a file of questions is not understood.
    #[error(
        "{path}, line {line}: {detail}; each line is: question, tab, expected file name, tab, phrase (both empty when the documents do not answer it)"
    )]
    Question {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// There is no HTTP client to ask with.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    /// The server did not answer.
    #[error("the server did not answer {path}: {source}")]
    Http {
        /// What was asked for.
        path: String,
        /// What the client said.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused.
    #[error("the server answered {path} with {status}: {body}")]
    Refused {
        /// What was asked for.
        path: String,
        /// The status code.
        status: u16,
        /// The beginning of what it said.
        body: String,
    },
}

/// The result of a measurement.
pub type Result<T, E = Error> = std::result::Result<T, E>;
