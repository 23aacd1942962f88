//! HTTP: routes, middleware, endpoints, pages, `OpenAPI`.
//!
//! [`serve`] starts it. `routes` lists every path on one page and `middleware` every layer; each endpoint group has a
//! file under `api`, each page one under `pages`. [`auth`] holds accounts, passwords and tokens, which the command line
//! uses as well. Nothing below this crate knows a status code: `problem` gives every failure its own.

mod api;
mod audit;
pub mod auth;
mod census;
mod extract;
mod gateway;
mod limits;
mod metrics;
mod middleware;
mod openapi;
mod pages;
mod problem;
mod routes;
mod serving;
mod settings;
mod watch;

pub use audit::Deed;
pub use gateway::{Gateway, StartError};
pub use openapi::document as openapi_document;
pub use problem::{FieldError, Problem};
pub use routes::OPEN_API_PATHS;
pub use serving::serve;
pub use settings::{InvalidSetting, Settings};
