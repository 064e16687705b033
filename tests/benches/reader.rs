//! The benchmark of the reader pool: bytes → read → classified, against reading in this process.
//!
//!     reader-bench [MAILS] [PAIRS]        (default 4000 mails of some 5 KB, 5 pairs)
//!
//! In turn: mail-parser alone, read and classified in this process on one core, the same by one
//! child, by as many children as cores. What the pool costs is processor time of both ends of the
//! pipes together, since they share the work. Ratios are medians of the pairs.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use classify::{OwnIdentity, Packs, classify};
use intake::child::{ReaderConfig, ReaderPool, read_in_process, reader_main};
use mail_parser::MessageParser;
use tokio::time::Instant;

/// The pool may cost a fifth more than reading in process.
const OVERHEAD: f64 = 1.2;
/// Bytes to classification, as a share of mail-parser alone.
const SHARE: f64 = 0.2;
/// Mails that the daemon hands over together.
const TOGETHER: usize = 100;

const SENTENCES: [&str; 8] = [
    "Добрый день! Записывалась к вам на консультацию в прошлый четверг, но так и не дождалась звонка.",
    "Администратор сказала, что врач заболел, и предложила другое время, которое мне не подходит.",
    "Скажите, пожалуйста, сколько стоит повторный приём и нужно ли приносить с собой анализы?",
    "Hello, I booked an appointment for Tuesday and would like to move it to the following week.",
    "Please send the invoice to our accounting department, the address has not changed since May.",
    "Прошу удалить мои персональные данные из вашей базы и сообщить об этом ответным письмом.",
    "В прошлом году я уже писала вам об этом, ответа не было, поэтому пишу ещё раз.",
    "Заранее спасибо за ответ, хорошего вам дня и поменьше таких пациентов, как я.",
];

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "child") {
        return Ok(reader_main(|_| {
            let (packs, own) = (Packs::embedded(), own());
            Some(move |mail: &_| classify(mail, &packs, &own))
        }));
    }
    let mut numbers = arguments.iter().map(|text| text.parse::<usize>());
    let count = numbers.next().transpose()?.unwrap_or(4000);
    let pairs = numbers.next().transpose()?.unwrap_or(5).max(1);
    let mails: Vec<Vec<u8>> = (0..count.max(1)).map(mail).collect();
    let bytes: usize = mails.iter().map(Vec::len).sum();
    println!("{} mails, {} bytes each", mails.len(), bytes / mails.len());
    tokio::runtime::Runtime::new()?.block_on(compare(&mails, pairs))?;
    Ok(ExitCode::SUCCESS)
}

fn own() -> OwnIdentity {
    OwnIdentity { domains: vec!["clinic.example".to_owned()], ..OwnIdentity::default() }
}

/// What one way took.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    processor: Duration,
}

async fn compare(mails: &[Vec<u8>], pairs: usize) -> Result<()> {
    let (packs, own) = (Packs::embedded(), own());
    let config = ReaderConfig::new(std::env::current_exe()?, vec!["child".to_owned()]);
    let cores = config.processes;
    let one = ReaderPool::new(ReaderConfig { processes: 1, ..config.clone() });
    let many = ReaderPool::new(config);
    let mut rounds = Vec::new();
    for round in 0..=pairs {
        let parser = took(async { parse(mails) }).await?;
        let alone = took(async { in_process(mails, &packs, &own) }).await?;
        let by_one = took(by_pool(&one, mails)).await?;
        let by_many = took(by_pool(&many, mails)).await?;
        // The first round warms everything up: its children start in it.
        if round > 0 {
            rounds.push([parser, alone, by_one, by_many]);
        }
    }
    let per_second =
        |way: usize| median(rounds.iter().map(|r| mails.len() as f64 / r[way].wall.as_secs_f64()));
    let ratio = |way: usize, to: usize| {
        median(rounds.iter().map(|r| r[way].wall.as_secs_f64() / r[to].wall.as_secs_f64()))
    };
    let processor =
        median(rounds.iter().map(|r| r[2].processor.as_secs_f64() / r[1].processor.as_secs_f64()));
    println!("mail-parser alone            {:>8.0} mails/s", per_second(0));
    println!("in this process, one core    {:>8.0} mails/s", per_second(1));
    println!("by one child                 {:>8.0} mails/s", per_second(2));
    println!("by {cores} children                {:>8.0} mails/s", per_second(3));
    told("bytes to classification, share of mail-parser alone", 1.0 / ratio(1, 0), SHARE);
    let each = median(rounds.iter().map(|r| r[1].processor.as_secs_f64() / mails.len() as f64));
    println!("processor time of a mail in this process: {:.0} µs", each * 1e6);
    println!("one child / in process, wall time: {:.3}", ratio(2, 1));
    println!("{cores} children / in process, wall time: {:.3}", ratio(3, 1));
    let verdict = if processor <= OVERHEAD { "reached" } else { "missed" };
    println!(
        "one child / in process, processor time of both ends: {processor:.3} \
         (at most {OVERHEAD}: {verdict})"
    );
    println!("{:?}", one.standing());
    Ok(())
}

fn told(what: &str, figure: f64, target: f64) {
    let verdict = if figure >= target { "reached" } else { "missed" };
    println!("{what}: {figure:.3} (at least {target}: {verdict})");
}

/// Runs it; the processor time is that of this process and of its children.
async fn took(work: impl Future<Output = Result<()>>) -> Result<Took> {
    let (before, started) = (processor_time()?, Instant::now());
    work.await?;
    Ok(Took { wall: started.elapsed(), processor: processor_time()?.saturating_sub(before) })
}

/// Processor time of this process, of its children, and of those that have ended.
fn processor_time() -> Result<Duration> {
    let own = std::process::id().to_string();
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // Behind the name, which may hold anything: state, parent, … user, system, and the same
        // of children that have ended.
        let behind = stat.rsplit(") ").next().unwrap_or_default();
        let fields: Vec<&str> = behind.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|n| n.parse().ok()).unwrap_or(0u64);
        if entry.file_name().to_str() == Some(&own) {
            ticks += (11..=14).map(number).sum::<u64>();
        } else if fields.get(1) == Some(&own.as_str()) {
            ticks += number(11) + number(12);
        }
    }
    // USER_HZ is 100 on Linux.
    Ok(Duration::from_millis(ticks * 10))
}

fn parse(mails: &[Vec<u8>]) -> Result<()> {
    let parser = MessageParser::default();
    for raw in mails {
        let message = parser.parse(raw).context("no mail")?;
        ensure!(message.body_text(0).is_some_and(|text| !text.is_empty()), "no text");
    }
    Ok(())
}

fn in_process(mails: &[Vec<u8>], packs: &Packs, own: &OwnIdentity) -> Result<()> {
    for raw in mails {
        let (_, found) = read_in_process(raw, |mail| classify(mail, packs, own))?;
        ensure!(!found.new_text.is_empty(), "nothing was read");
    }
    Ok(())
}

async fn by_pool(pool: &ReaderPool, mails: &[Vec<u8>]) -> Result<()> {
    for together in mails.chunks(TOGETHER) {
        let together: Vec<&[u8]> = together.iter().map(Vec::as_slice).collect();
        for answer in pool.read_all(&together, &|| {}).await {
            ensure!(!answer?.1.new_text.is_empty(), "nothing was read");
        }
    }
    Ok(())
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A mail of some 5 KB as programs write it: base64, quoted-printable, or text and HTML.
fn mail(number: usize) -> Vec<u8> {
    let text = |sentences: usize| {
        let chosen = (0..sentences).map(|n| SENTENCES[(number * 7 + n * n + n) % SENTENCES.len()]);
        chosen.collect::<Vec<_>>().join("\r\n")
    };
    let head = format!(
        "Received: from mx.mail.example by mx.clinic.example; Mon, 2 Nov 2026 10:00:00 +0300\r\n\
         From: =?utf-8?B?0JDQvdC90LA=?= <anna{number}@mail.example>\r\n\
         To: hello@clinic.example\r\nSubject: =?utf-8?B?0JfQsNC/0LjRgdGM?= {number}\r\n\
         Message-ID: <{number}@mail.example>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0300\r\n\
         MIME-Version: 1.0\r\n"
    );
    let plain = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding";
    let body = match number % 3 {
        0 => format!("{plain}: base64\r\n\r\n{}", in_base64(&text(21))),
        1 => format!("{plain}: quoted-printable\r\n\r\n{}", in_quotes(&text(12))),
        _ => format!(
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\
             {plain}: base64\r\n\r\n{}--b\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}--b--\r\n",
            in_base64(&text(10)),
            in_base64(&format!("<html><body><p>{}</p></body></html>", text(10)))
        ),
    };
    (head + &body).into_bytes()
}

/// Quoted-printable, every byte above ASCII escaped.
fn in_quotes(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for byte in text.bytes() {
        if width > 70 && byte != b'\n' {
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
