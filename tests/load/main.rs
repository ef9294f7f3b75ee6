//! Servers and connections under load.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod server;
#[cfg(feature = "files")]
mod streams;
#[cfg(feature = "files")]
mod uploads;
mod websocket;
