//! What the fuzz targets check, one module a target: `fuzz_targets/` hands each its bytes.

pub mod answers;
pub mod cq;
pub mod events;
pub mod frames;
pub mod messages;
