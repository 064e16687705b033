//! The benchmark of understanding: bytes → read → classified, against mail-parser alone.
//!
//!     understanding-bench [DIR] [ROUNDS]    (default tests/corpus/authored, 9 rounds)
//!
//! The mails are those of the corpus, as many of one file and language together as make a text of
//! 4 to 5 KB, written as mail programs write them. Both ways read each mail in turn in this process
//! on one core; the ratio is the median of the rounds. Then single mails up to 1 MB without
//! attachments, made of the same texts again and again, are held against a limit of 50 ms each.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{path::Path, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use classify::{OwnIdentity, Packs, classify};
use mail_parser::MessageParser;
use tokio::time::Instant;

/// Bytes to classification, as a share of mail-parser alone.
const SHARE: f64 = 0.2;
/// Longest that a mail up to 1 MB may take, and how many may take no longer.
const LIMIT: Duration = Duration::from_millis(50);
const WITHIN: f64 = 0.999;
/// Bytes of the texts of the first measure.
const TEXT: std::ops::Range<usize> = 4_000..5_200;
/// Bytes of the biggest mail.
const BIGGEST: usize = 1024 * 1024;
/// Mails of the second measure.
const SINGLE: usize = 2_000;
/// Files whose mails are read; those that are held out are left alone.
const FILES: [&str; 3] = ["mails-a.jsonl", "mails-c.jsonl", "mails-d.jsonl"];

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let corpus = arguments.next().unwrap_or_else(|| "tests/corpus/authored".to_owned());
    let rounds = arguments.next().map_or(Ok(9), |text| text.parse::<usize>())?.max(1);
    let texts = texts(Path::new(&corpus))?;
    ensure!(!texts.is_empty(), "no texts in {corpus}; name the directory of the authored mails");
    let understand = Understand {
        packs: Packs::embedded(),
        own: OwnIdentity { domains: vec!["clinic.example".to_owned()], ..OwnIdentity::default() },
    };
    let mails: Vec<Vec<u8>> =
        texts.iter().enumerate().map(|(number, text)| mail(number, text)).collect();
    against_the_parser(&mails, &understand, rounds)?;
    single(&texts, &understand)?;
    Ok(ExitCode::SUCCESS)
}

/// The whole way of a mail.
struct Understand {
    packs: Packs,
    own: OwnIdentity,
}

impl Understand {
    fn mail(&self, raw: &[u8]) -> Result<()> {
        let read = intake::read::read(raw)?;
        let found = classify(&read, &self.packs, &self.own);
        ensure!(!std::hint::black_box(found).new_text.is_empty(), "nothing was read");
        Ok(())
    }
}

fn against_the_parser(mails: &[Vec<u8>], understand: &Understand, rounds: usize) -> Result<()> {
    let parser = MessageParser::default();
    let bytes: usize = mails.iter().map(Vec::len).sum();
    println!("{} mails of {} bytes on average", mails.len(), bytes / mails.len());
    let mut took = Vec::new();
    for round in 0..=rounds {
        let mut sums = [Duration::ZERO; 3];
        for raw in mails {
            let started = Instant::now();
            let message = parser.parse(raw).context("no mail")?;
            ensure!(message.body_text(0).is_some_and(|text| !text.is_empty()), "no text");
            drop(message);
            sums[0] += started.elapsed();
            let started = Instant::now();
            std::hint::black_box(intake::read::read(raw)?);
            sums[1] += started.elapsed();
            let started = Instant::now();
            understand.mail(raw)?;
            sums[2] += started.elapsed();
        }
        // The first round warms up.
        if round > 0 {
            took.push(sums.map(|sum| sum.as_secs_f64() * 1e6 / mails.len() as f64));
        }
    }
    for (way, name) in ["mail-parser alone", "read", "read and classified"].iter().enumerate() {
        println!("{name:<20} {:>7.1} µs each", median(took.iter().map(|sums| sums[way])));
    }
    let ratios: Vec<f64> = took.iter().map(|sums| sums[0] / sums[2]).collect();
    println!("ratios of the rounds: {ratios:.3?}");
    told("bytes to classification, share of mail-parser alone", median(ratios.into_iter()), SHARE);
    Ok(())
}

/// Mails of 5 KB to 1 MB, each read once.
fn single(texts: &[String], understand: &Understand) -> Result<()> {
    let mut took = Vec::with_capacity(SINGLE);
    for number in 0..SINGLE {
        // From small to big by equal factors.
        let part = number as f64 / SINGLE as f64;
        let size = (5_000.0 * (BIGGEST as f64 / 5_000.0).powf(part)) as usize;
        // base64 and line ends make of 3 bytes some 4.1.
        let wanted = if number % 3 == 0 { size * 10 / 14 } else { size * 10 / 31 };
        let mut text = String::with_capacity(size);
        for more in texts.iter().cycle().skip(number % texts.len()) {
            if text.len() + more.len() > wanted.max(more.len()) {
                break;
            }
            text.push_str(more);
            text.push_str("\r\n\r\n");
        }
        let raw = mail(number, &text);
        let started = Instant::now();
        understand.mail(&raw)?;
        took.push((started.elapsed(), raw.len()));
    }
    let within = took.iter().filter(|(took, _)| *took <= LIMIT).count() as f64 / SINGLE as f64;
    if let Some((longest, bytes)) = took.iter().max() {
        println!("longest of {SINGLE} mails up to 1 MB: {longest:.1?} for {bytes} bytes");
    }
    told("mails up to 1 MB within 50 ms", within, WITHIN);
    Ok(())
}

fn told(what: &str, figure: f64, target: f64) {
    let verdict = if figure >= target { "reached" } else { "missed" };
    println!("{what}: {figure:.4} (at least {target}: {verdict})");
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Texts of some 4 to 5 KB: mails of one language that follow each other, people's alone.
fn texts(corpus: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for file in FILES {
        let path = corpus.join(file);
        let lines = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut open = std::collections::BTreeMap::<String, String>::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let mail: serde_json::Value = serde_json::from_str(line)?;
            let (Some("human"), Some(text), Some(language)) =
                (mail["kind"].as_str(), mail["text"].as_str(), mail["lang"].as_str())
            else {
                continue;
            };
            let whole = open.entry(language.to_owned()).or_default();
            whole.push_str(text.trim());
            whole.push_str("\r\n\r\n");
            if whole.len() >= TEXT.start {
                let whole = std::mem::take(whole);
                texts.extend(Some(whole).filter(|whole| TEXT.contains(&whole.len())));
            }
        }
    }
    Ok(texts)
}

/// A mail as programs write it: 8bit, base64, or quoted-printable.
fn mail(number: usize, text: &str) -> Vec<u8> {
    let (encoding, body) = match number % 3 {
        0 => ("8bit", text.to_owned()),
        1 => ("base64", in_base64(text)),
        _ => ("quoted-printable", in_quotes(text)),
    };
    format!(
        "Return-Path: <anna{number}@mail.example>\r\n\
         Received: from mx.mail.example by mx.clinic.example; Mon, 2 Nov 2026 10:00:00 +0300\r\n\
         From: =?utf-8?B?0JDQvdC90LA=?= <anna{number}@mail.example>\r\n\
         To: hello@clinic.example\r\nSubject: =?utf-8?B?0JfQsNC/0LjRgdGM?= {number}\r\n\
         Message-ID: <{number}@mail.example>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0300\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: {encoding}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Quoted-printable, every byte above ASCII escaped.
fn in_quotes(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() * 3);
    let mut width = 0;
    for byte in text.bytes() {
        if width > 70 && byte != b'\n' && byte != b'\r' {
            lines.push_str("=\r\n");
            width = 0;
        }
        if byte.is_ascii() && byte != b'=' {
            lines.push(char::from(byte));
            width = if byte == b'\n' { 0 } else { width + 1 };
        } else {
            lines.push_str(&format!("={byte:02X}"));
            width += 3;
        }
    }
    lines + "\r\n"
}

fn in_base64(text: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let lines = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy);
    lines.map(|line| format!("{line}\r\n")).collect()
}
