//! Code that `build.rs` generates from `schema/`. It is included nowhere else.

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
