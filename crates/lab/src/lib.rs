//! Measures the product from outside, by HTTP; and a part by itself, through a function that is given.

pub mod ab;
pub mod baseline;
pub mod cache_accuracy;
pub mod cache_load;
mod client;
pub mod compare;
pub mod consistency;
pub mod edge;
mod error;
pub mod export;
pub mod figures;
pub mod load;
pub mod observe;
mod prepare;
pub mod report;
pub mod resources;
pub mod retrieval;
pub mod run_file;
mod saturation;
mod server;
mod sink;
mod wire;
pub mod workload;

pub use client::Client;
pub use error::{Error, Result};
pub use prepare::prepare;
pub use saturation::{Burst, Saturation};
pub use server::{Program, Server};
pub use sink::Sink;
