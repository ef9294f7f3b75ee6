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
#[cfg(all(feature = "ws", feature = "files"))]
mod save_file;
mod server_kind;
mod stray;
#[cfg(all(feature = "ws", feature = "vendor"))]
mod streams;
mod tolerance;
#[cfg(feature = "files")]
mod uploads;
