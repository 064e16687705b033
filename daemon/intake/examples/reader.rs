//! A reader child for the tests: it judges nothing, and dies of certain subjects.

use std::process::ExitCode;

use domain::{
    classification::{Classification, Kind},
    mail::ReadMail,
};

fn main() -> ExitCode {
    intake::child::reader_main(judge)
}

fn judge(mail: &ReadMail) -> Classification {
    match mail.subject.as_str() {
        "panic" => panic!("as asked"),
        "abort" => std::process::abort(),
        "spin" => loop {
            std::hint::black_box(0);
        },
        "memory" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(vec![1u8; 64 * 1024 * 1024]);
            }
        }
        "file" => {
            assert!(std::fs::File::open("/etc/passwd").is_err(), "a file could be opened");
        }
        _ => {}
    }
    Classification {
        kind: Kind::Human,
        kind_reasons: Vec::new(),
        labels: Vec::new(),
        marks: Vec::new(),
        language: None,
        new_text: mail.text.clone(),
        auto_reasons: Vec::new(),
        bounces: Vec::new(),
        named_addresses: Vec::new(),
        cut: Vec::new(),
        forwarded: false,
    }
}
