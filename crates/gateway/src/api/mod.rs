//! The endpoints under `/api`, one file per group. A handler takes the request apart, calls one function, and maps what
//! comes back.

pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod cache;
pub(crate) mod chat;
pub(crate) mod conversations;
pub(crate) mod dashboard;
pub(crate) mod documents;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod feedback;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod password;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod settings;
pub(crate) mod slo;
pub(crate) mod slow_queries;
pub(crate) mod upload;
pub(crate) mod users;

use crate::extract::Json;
use crate::problem::Problem;

/// What a handler returns.
pub(crate) type Answered<T> = Result<Json<T>, Problem>;
