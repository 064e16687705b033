//! Bytes in a declared charset, or in none: the first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;

const CHARSETS: [&str; 16] = [
    "utf-8",
    "us-ascii",
    "windows-1251",
    "koi8-r",
    "koi8-u",
    "iso-8859-5",
    "ibm866",
    "x-mac-cyrillic",
    "windows-1252",
    "utf-16",
    "utf-16le",
    "utf-7",
    "iso-2022-jp",
    "gb18030",
    "shift_jis",
    "no-such-charset",
];

fuzz_target!(|input: &[u8]| {
    let Some((chosen, bytes)) = input.split_first() else { return };
    let subtype = if chosen & 0x80 == 0 { "plain" } else { "html" };
    let content_type = match CHARSETS.get(usize::from(chosen & 0x1f)) {
        Some(charset) => format!("text/{subtype}; charset={charset}"),
        None => format!("text/{subtype}"),
    };
    fuzz::whole(&fuzz::mail_of(&content_type, bytes));
});
