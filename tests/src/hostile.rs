//! Odd, broken and malicious mails of the project's own, made when they are needed.
//!
//! The small ones lie in `tests/corpus/hostile`; those whose point is their size are generated
//! here, so that the repository stays light. None may be lost, hang the reader or kill the daemon.

use std::fmt::Write as _;

/// A mail and the name under which a test reports it.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// Speaks of what is wrong.
    pub name: &'static str,
    /// The bytes.
    pub raw: Vec<u8>,
}

const HEAD: &str = "From: Trouble <trouble@hostile.example>\r\nTo: hello@clinic.example\r\n\
                    Date: Mon, 02 Nov 2026 09:14:22 +0300\r\nMIME-Version: 1.0\r\n";

/// The mails whose point is their size, smallest first; `megabytes` scales the largest of them.
#[must_use]
pub fn large(megabytes: usize) -> Vec<Hostile> {
    vec![
        made("nested-multiparts", nested_multiparts(20_000)),
        made("nested-messages", nested_messages(5_000)),
        made("hundred-thousand-parts", many_parts(100_000)),
        made("endless-subject", endless_subject(megabytes.min(4))),
        made("many-headers", many_headers(50_000)),
        made("one-long-line", one_long_line(megabytes)),
        made("html-tags-without-end", open_tags(megabytes.min(8))),
        made("quoted-without-end", quotes(200_000)),
        made("large-attachment", large_attachment(megabytes)),
    ]
}

fn made(name: &'static str, body: String) -> Hostile {
    let id = format!("Message-ID: <{name}@hostile.example>\r\n");
    Hostile { name, raw: format!("{HEAD}{id}{body}").into_bytes() }
}

fn nested_multiparts(depth: usize) -> String {
    let mut out = String::from("Subject: nested\r\n");
    for level in 0..depth {
        let _ =
            write!(out, "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    out.push_str("Content-Type: text/plain\r\n\r\nPlease delete my data.\r\n");
    out
}

fn nested_messages(depth: usize) -> String {
    let mut out = String::from("Subject: nested\r\n");
    for _ in 0..depth {
        out.push_str("Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\n");
    }
    out.push_str("Content-Type: text/plain\r\n\r\nend\r\n");
    out
}

fn many_parts(count: usize) -> String {
    let mut out =
        String::from("Subject: parts\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n");
    for number in 0..count {
        let _ = write!(out, "--p\r\nContent-Type: text/plain; name=f{number}\r\n\r\nx\r\n");
    }
    out.push_str("--p--\r\n");
    out
}

fn endless_subject(megabytes: usize) -> String {
    let words = "=?utf-8?B?0YPQtNCw0LvQuNGC0LU=?=\r\n ".repeat(megabytes * 1_048_576 / 38);
    format!("Subject: {words}end\r\n\r\nbody\r\n")
}

fn many_headers(count: usize) -> String {
    let mut out = String::from("Subject: headers\r\n");
    for number in 0..count {
        let _ = write!(out, "X-Header-{number}: value\r\n");
    }
    out.push_str("\r\nbody\r\n");
    out
}

fn one_long_line(megabytes: usize) -> String {
    format!("Subject: line\r\n\r\n{}", "delete ".repeat(megabytes * 1_048_576 / 7))
}

fn open_tags(megabytes: usize) -> String {
    let tags = "<div><b>".repeat(megabytes * 1_048_576 / 8);
    format!("Subject: tags\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html>{tags}")
}

fn quotes(lines: usize) -> String {
    let quoted: String = (0..lines).map(|n| ">".repeat(n % 60) + " quoted\r\n").collect();
    format!("Subject: quotes\r\n\r\n{quoted}Please delete my data.\r\n")
}

fn large_attachment(megabytes: usize) -> String {
    let lines = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==\r\n"
        .repeat(megabytes * 1_048_576 / 74);
    format!(
        "Subject: large\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n--p\r\n\
         Content-Type: text/plain\r\n\r\nsee the file\r\n--p\r\n\
         Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         {lines}--p--\r\n"
    )
}
