//! The cache as the rest of the program uses it: on disk over directories of the test's own, in Redis over the servers of
//! `scripts/with_servers.py`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;
mod disk;
mod flights;
mod histories;
mod measured;
mod redis;
mod rules;
