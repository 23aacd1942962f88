//! Measures the product from outside, by HTTP.

mod client;
mod error;
pub mod retrieval;

pub use client::Client;
pub use error::{Error, Result};
