//! Measures the product from outside, by HTTP; and a part by itself, through a function that is given.

pub mod cache_accuracy;
pub mod cache_load;
mod client;
mod error;
pub mod load;
pub mod retrieval;
pub mod workload;

pub use client::Client;
pub use error::{Error, Result};
