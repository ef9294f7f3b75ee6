//! Events of servers: see `cqhttp_fuzz::events`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cqhttp_fuzz::events::check(input));
