//! Bytes → read mail: it ends, and says so twice in the same way.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    if let Ok(mail) = fuzz::read(raw) {
        assert!(fuzz::read(raw).as_ref() == Ok(&mail), "read in two ways");
    }
});
