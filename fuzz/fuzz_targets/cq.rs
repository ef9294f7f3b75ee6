//! Text with CQ codes: see `cqhttp_fuzz::cq`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cqhttp_fuzz::cq::check(input));
