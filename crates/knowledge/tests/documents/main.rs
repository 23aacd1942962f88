//! A document's way from bytes to quotable passages: detection, every format, units and chunks, and hostile input.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod chunks;
mod detection;
mod formats;
mod hostile;
mod html;
mod office;
mod pdf;
mod samples;
mod units;
