//! What `build.rs` makes of `schema/`: the only place that includes it.

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
