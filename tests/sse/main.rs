//! Events by HTTP, as server-sent events: calls, events, their format, and lost connections.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod calls_and_events;
mod format;
mod handshake;
mod lost;
mod stream;
