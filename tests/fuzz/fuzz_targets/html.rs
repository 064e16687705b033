//! HTML → visible text → classification.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &[u8]| fuzz::whole(&fuzz::mail_of("text/html; charset=utf-8", html)));
