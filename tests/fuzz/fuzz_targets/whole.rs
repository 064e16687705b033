//! Bytes → read mail → classification, with all that must hold of both.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| fuzz::whole(raw));
