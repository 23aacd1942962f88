//! Why a measurement could not be made.

use crate::load::Failure;

/// A failure of a measurement. What was measured until then is not reported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of questions cannot be read.
    #[error("cannot read {path}")]
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
    /// A line of a file of question pairs is not understood.
    #[error("{path}, line {line}: {detail}; each line is: {columns}")]
    Pair {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        detail: &'static str,
        /// What a line holds.
        columns: &'static str,
    },
    /// An address is none that a load can be sent to.
    #[error(
        "{url} is not the address of a server: it looks like http://127.0.0.1:8080, without a path and without encryption"
    )]
    Address {
        /// The address.
        url: String,
    },
    /// A server could not be started.
    #[error("{program} does not start: {detail}")]
    Start {
        /// The program.
        program: String,
        /// What it said.
        detail: String,
    },
    /// Something takes so long that it is no figure any more.
    #[error("{what} after {seconds} s")]
    Late {
        /// What.
        what: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// A workload cannot be used.
    #[error("the workload {name}: {detail}")]
    Workload {
        /// Its name or its file.
        name: String,
        /// What is wrong, with the line and the key where it is a file.
        detail: String,
    },
    /// A run file is not understood.
    #[error("{path} is not a run file")]
    RunFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A run file is of another time.
    #[error(
        "{path} has schema {schema} and this program knows schema {known}: measure again, or use the program that wrote it"
    )]
    Schema {
        /// The file.
        path: String,
        /// Its schema.
        schema: u32,
        /// The one that is known.
        known: u32,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no HTTP client to ask with.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    /// The server did not answer.
    #[error("the server did not answer {path}")]
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
    /// A request that everything else rests on failed.
    #[error("{path}: {failure}")]
    Request {
        /// What was asked for.
        path: String,
        /// Why it failed.
        failure: Failure,
    },
    /// An answer is not what the API promises.
    #[error("the answer to {path} is not understood")]
    Answer {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// An account is known to the server and is not in its list.
    #[error("the account {email} is said to exist and is not listed")]
    NoAccount {
        /// Its address.
        email: String,
    },
    /// People would be signed out before the end.
    #[error(
        "access tokens work for {expires_in} s and the run takes {seconds} s: start the server with a longer gateway.access_token_minutes, or shorten the run"
    )]
    ShortTokens {
        /// How long tokens work.
        expires_in: u64,
        /// How long they are needed.
        seconds: u64,
    },
    /// The documents have no title or heading to ask about.
    #[error("there is nothing to ask about: import documents first, or give files of questions")]
    NoQuestions,
}

/// The result of a measurement.
pub type Result<T, E = Error> = std::result::Result<T, E>;
