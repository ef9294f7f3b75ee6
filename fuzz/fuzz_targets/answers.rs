//! Answers of servers: see `cqhttp_fuzz::answers`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cqhttp_fuzz::answers::check(input));
