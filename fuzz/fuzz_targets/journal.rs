//! A segment file of any kind: recovery ends and invents nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| flumen_journal::fuzz_recovery(data));
