#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| handshake_archive_fuzz::canonical::check(input));
