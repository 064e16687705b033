//! Subject and text → classification: the first line is the subject.
#![no_main]

use domain::mail::{HeaderAddress, ReadMail};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (subject, text) = input.split_once('\n').unwrap_or(("", input));
    let address = HeaderAddress { name: String::new(), address: "a@mail.example".to_owned() };
    fuzz::holds(&ReadMail {
        from: vec![address],
        from_headers: 1,
        subject: subject.to_owned(),
        text: text.to_owned(),
        ..ReadMail::default()
    });
});
