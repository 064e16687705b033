//! Reads every mail of a directory in process and says how long it took; for measuring.
//!
//! `cargo run --release -p intake --example reading -- DIR…` prints one line for each file that
//! took long, panicked or was refused, the sum of the oddities, and the time beside that of the
//! parser alone on the same files. It never prints text of a mail.

#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::{
    collections::BTreeMap,
    hint::black_box,
    io,
    panic::catch_unwind,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Times that every file is read; the least counts.
const ROUNDS: usize = 5;
/// What is worth a line.
const LONG: Duration = Duration::from_millis(25);

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for place in std::env::args().skip(1) {
        collect(Path::new(&place), &mut files)?;
    }
    files.sort();
    std::panic::set_hook(Box::new(|_| {}));
    let parser = mail_parser::MessageParser::default();
    let (mut ours, mut theirs, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    let mut oddities: BTreeMap<String, usize> = BTreeMap::new();
    let (mut refused, mut killed) = (0, 0);
    for file in &files {
        let raw = std::fs::read(file)?;
        bytes += raw.len();
        match catch_unwind(|| intake::read::read(&raw)) {
            Ok(Ok(mail)) => {
                for oddity in &mail.oddities {
                    *oddities.entry(format!("{oddity:?}")).or_default() += 1;
                }
            }
            Ok(Err(_)) => {
                refused += 1;
                println!("refused  {}", file.display());
            }
            Err(_) => {
                killed += 1;
                println!("PANICKED {}", file.display());
                continue;
            }
        }
        let took = least(|| drop(black_box(intake::read::read(&raw))));
        theirs += least(|| drop(black_box(parser.parse(&raw))));
        ours += took;
        if took > LONG {
            println!("{took:>10.1?} {:>9} bytes {}", raw.len(), file.display());
        }
    }
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{} files, {bytes} bytes, {refused} refused, {killed} panicked", files.len());
    println!("read {ours:.2?}, parser alone {theirs:.2?}, ratio {ratio:.3}");
    println!("{oddities:?}");
    Ok(())
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if place.is_dir() {
        for entry in std::fs::read_dir(place)? {
            collect(&entry?.path(), files)?;
        }
    } else if place.extension().is_some_and(|end| end != "jsonl" && end != "md") {
        files.push(place.to_owned());
    }
    Ok(())
}

fn least(mut read: impl FnMut()) -> Duration {
    let once = |_| {
        let begun = Instant::now();
        read();
        begun.elapsed()
    };
    (0..ROUNDS).map(once).min().unwrap_or_default()
}
