//! The forward WebSocket: calls, events, lost connections and TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod calls_and_events;
mod lost;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
