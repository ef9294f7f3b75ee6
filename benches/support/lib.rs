//! Code that several benches share.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

pub mod by_hand;
pub mod process;
pub mod rounds;
