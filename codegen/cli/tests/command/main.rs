//! The command, run as a maintainer runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod audit;
mod audit_servers;
mod diff;
mod facts;
mod import;
mod import_published;
#[cfg(unix)]
mod new_action;
mod reference;
mod subcommands;
mod support;
mod update;
