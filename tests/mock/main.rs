//! The simulated server: its servers, its faults and its world.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod test_kit;
mod websocket;
mod world;
