#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| channel_runtime::fuzz::parcels(data));
