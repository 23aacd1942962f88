//! The gateway from outside: requests in, answers out, on the real store, documents and assistant. One program, because
//! linking takes longer than the tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod accounts;
mod audit;
mod bad_input;
mod caching;
mod common;
mod connections;
mod editing;
mod events;
mod life;
mod pages;
mod permissions;
mod queries;
mod serving;
mod slow_queries;
