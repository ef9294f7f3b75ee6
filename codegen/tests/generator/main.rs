//! The generator on schemas: small ones that show a feature, broken ones, those of other crates, and hostile ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod bad;
mod extension;
mod golden;
mod robust;
mod support;
