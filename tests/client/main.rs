//! Calls over HTTP: requests, answers, failures, files, pages and layers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[cfg(feature = "vendor")]
mod answers;
mod calls;
mod concurrency;
mod extra_params;
mod faults;
mod files;
#[cfg(feature = "vendor")]
mod groups;
#[cfg(feature = "vendor")]
mod histories;
#[cfg(feature = "ws")]
mod language;
#[cfg(feature = "rate-limit")]
mod layers;
mod pages;
mod refusals;
#[cfg(feature = "ws")]
mod report;
mod server_kind;
mod stray;
mod tolerance;
#[cfg(feature = "vendor")]
mod uploads;
