//! Against real servers: those of `scripts/with_servers.py`, and where one is killed, one of the test's own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;
mod deployments;
mod limits;
mod marks;
mod outage;
mod own;
mod secrets;
mod shelf;
mod values;
