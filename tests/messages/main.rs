//! Messages, segments and events: how they are written and read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod event_accessors;
mod event_input;
mod events;
mod forward;
mod in_order;
mod json_fields;
mod message;
mod properties;
#[cfg(feature = "http")]
mod reply;
mod secondary;
mod segments;
mod strict;
mod tolerance;
