//! Frames of a WebSocket: see `cqhttp_fuzz::frames`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cqhttp_fuzz::frames::check(input));
