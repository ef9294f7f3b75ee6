//! Messages as JSON: see `cqhttp_fuzz::messages`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cqhttp_fuzz::messages::check(input));
