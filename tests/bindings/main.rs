//! The generated code, and what its requests put on the wire.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod generated;
#[cfg(all(feature = "http", feature = "ws"))]
mod keys;
#[cfg(feature = "vendor")]
mod published;
#[cfg(feature = "http")]
mod wire;
