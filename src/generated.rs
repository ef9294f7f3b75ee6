//! The code that `build.rs` generates from `schema/`. No other module includes it.

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
