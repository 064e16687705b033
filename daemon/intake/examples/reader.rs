//! A reader child for the tests: it judges nothing, and does what certain subjects ask for.
//!
//! With the argument `parent` it is no child but the parent of one: it has a mail read that never
//! ends, so that a test can see what becomes of the child of a killed daemon.

use std::{io::Write as _, process::ExitCode, time::Duration};

use domain::{
    classification::{Band, Classification, Kind, Label, Verdict},
    mail::ReadMail,
};
use intake::child::{ReaderConfig, ReaderPool};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("parent") => parent(),
        _ => intake::child::reader_main(|greeting| {
            (greeting != b"wrong").then(|| {
                let greeting = String::from_utf8_lossy(greeting).into_owned();
                move |mail: &ReadMail| judge(mail, &greeting)
            })
        }),
    }
}

fn parent() -> ExitCode {
    let Ok(program) = std::env::current_exe() else { return ExitCode::FAILURE };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::FAILURE };
    let config = ReaderConfig {
        time_limit: Duration::from_secs(60),
        ..ReaderConfig::new(program, Vec::new())
    };
    let _ = runtime.block_on(ReaderPool::new(config).read(b"Subject: spin\r\n\r\n"));
    ExitCode::FAILURE
}

fn judge(mail: &ReadMail, greeting: &str) -> Classification {
    act(&mail.subject);
    let mut labels = Vec::new();
    if mail.subject == "implausible" {
        labels.push(Verdict {
            label: Label::Erasure,
            confidence: f32::NAN,
            band: Band::Auto,
            evidence: Vec::new(),
        });
    }
    Classification {
        kind: Kind::Human,
        kind_reasons: vec![greeting.to_owned()],
        labels,
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

fn act(subject: &str) {
    match subject {
        "panic" => panic!("as asked"),
        "abort" => std::process::abort(),
        "overflow" => {
            std::hint::black_box(descend(0));
        }
        "spin" => loop {
            std::hint::black_box(0);
        },
        "sleep" => std::thread::sleep(Duration::from_secs(50)),
        "memory" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(vec![1u8; 64 * 1024 * 1024]);
            }
        }
        // Keeps what it has got, as a leak does.
        "grow" => std::mem::forget(vec![1u8; 96 * 1024 * 1024]),
        "file" => {
            let refused = std::fs::File::open("/etc/passwd").expect_err("a file could be opened");
            assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
            assert!(std::fs::read_dir("/").is_err(), "a directory could be listed");
            assert!(std::fs::metadata("/etc/passwd").is_err(), "a file could be looked at");
        }
        "create" => {
            assert!(std::fs::File::create("/tmp/of-a-reader").is_err(), "a file could be made");
        }
        "remove" => drop(std::fs::remove_file("/tmp/of-a-reader")),
        "socket" => drop(std::net::UdpSocket::bind("127.0.0.1:0")),
        "connect" => drop(std::net::TcpStream::connect("127.0.0.1:1")),
        "local" => drop(std::os::unix::net::UnixDatagram::unbound()),
        "fork" => drop(std::process::Command::new("/bin/true").status()),
        "thread" => drop(std::thread::spawn(|| ()).join()),
        "kill" => {
            let parent = rustix::process::getppid().expect("a parent");
            let _ = rustix::process::kill_process(parent, rustix::process::Signal::USR1);
        }
        "limits" => {
            let none = rustix::process::Rlimit { current: None, maximum: None };
            let _ = rustix::process::setrlimit(rustix::process::Resource::As, none);
        }
        "garble" => {
            let mut output = std::io::stdout();
            let _ = output.write_all(&[0xff; 64]);
            let _ = output.flush();
        }
        _ => {}
    }
}

#[expect(unconditional_recursion, reason = "the stack is to overflow")]
fn descend(depth: u64) -> u64 {
    std::hint::black_box(descend(depth + 1)) + depth
}
