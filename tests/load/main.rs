//! Servers and connections under load.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod server;
#[cfg(feature = "vendor")]
mod uploads;
mod websocket;
