//! The forward WebSocket: calls, events, lost connections and TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod calls_and_events;
mod handshake;
mod lost;
mod server_kind;
#[cfg(feature = "tls")]
mod tls;
