//! The child's side: read a batch of mails from standard input, answer on standard output, again.
//!
//! Runs in the hidden subcommand `reader` of the daemon's binary, without an async runtime. It
//! judges by a function that it is given, so that it knows neither packs nor configuration. The
//! beginning of each mail is told together with the answer to the one before, in one piece.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::AsFd as _,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use domain::{classification::Classification, mail::ReadMail};

use super::{
    ReaderError, Reading,
    frame::{self, Answer, BUILD, Hello},
    limits::{self, Limits},
    memory::Gauge,
    sandbox,
};
use crate::read::read;

/// Exit code when the kernel refuses the limits.
pub(super) const NO_SANDBOX: u8 = 4;
/// Exit code when the daemon is another build.
pub(super) const OTHER_BUILD: u8 = 5;
/// Buffers longer than this are given back after a batch.
const KEPT: usize = 2 * 1024 * 1024;
/// Read before the doors are closed, so that tables are built and what is loaded late is there.
const SPECIMEN: &[u8] = b"From: Specimen <specimen@mail.example>\r\nTo: hello@mail.example\r\n\
    Subject: =?utf-8?B?0J/RgNC+0LHQsA==?=\r\nContent-Type: text/html; charset=windows-1251\r\n\r\n\
    <p>specimen \xef\xf0\xee\xe1\xe0</p>\r\n";

/// Serves questions until standard input ends; the whole life of the child. `prepare` makes the
/// judge, which classifies what was read, out of the daemon's greeting; files are loaded there,
/// since none can be opened afterwards.
pub fn reader_main<J>(prepare: impl FnOnce(&[u8]) -> Option<J>) -> ExitCode
where
    J: Fn(&ReadMail) -> Classification,
{
    // The default hook would print words of the mail.
    std::panic::set_hook(Box::new(|_| {}));
    match serve(prepare) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Conversation) => ExitCode::FAILURE,
        Err(Failure::OtherBuild) => ExitCode::from(OTHER_BUILD),
        Err(Failure::Sandbox) => ExitCode::from(NO_SANDBOX),
    }
}

enum Failure {
    /// The daemon is gone, or speaks another language, or the packs are wrong.
    Conversation,
    /// The daemon is another build, as after an upgrade.
    OtherBuild,
    /// Without limits nothing is read.
    Sandbox,
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Conversation
    }
}

fn serve<J>(prepare: impl FnOnce(&[u8]) -> Option<J>) -> Result<(), Failure>
where
    J: Fn(&ReadMail) -> Classification,
{
    limits::belong_to_parent().map_err(|_| Failure::Sandbox)?;
    let mut input = io::stdin().lock();
    // Standard output would look for the ends of lines in what is no text.
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let hello: Hello = receive(&mut input)?;
    let judge = prepare(&hello.greeting).ok_or(Failure::Conversation)?;
    if let Ok(mail) = read(SPECIMEN) {
        drop(judge(&mail));
    }
    let gauge = Gauge::open();
    limits::renounce(&hello.limits).map_err(|_| Failure::Sandbox)?;
    sandbox::close().map_err(|_| Failure::Sandbox)?;
    let mut desk = Desk { output, limits: hello.limits, judge, gauge };
    let ready = Answer::Ready { build: BUILD, memory: desk.gauge.read() };
    desk.say(frame::pack(&ready, Vec::new())?)?;
    let mut raw = Vec::new();
    while !limits::is_old(&hello.limits) {
        match take_batch(&mut input, &mut raw)? {
            Batch::Mails { first, lengths } => desk.answer(first, &lengths, &raw)?,
            Batch::TooLarge { first } => {
                desk.say(frame::pack(&Answer::Begun { job: first }, Vec::new())?)?;
                return Err(io::Error::from(io::ErrorKind::OutOfMemory).into());
            }
            Batch::End => break,
        }
        raw.clear();
        raw.shrink_to(KEPT);
    }
    Ok(())
}

fn receive(input: &mut impl io::Read) -> Result<Hello, Failure> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let mut bytes = vec![0; frame::length(length)?];
    input.read_exact(&mut bytes)?;
    // Before the rest, which another build may lay out in another way.
    if !bytes.starts_with(&BUILD) {
        return Err(Failure::OtherBuild);
    }
    Ok(frame::unpack(&bytes)?)
}

/// The next batch, its bytes in `raw`.
fn take_batch(input: &mut impl io::Read, raw: &mut Vec<u8>) -> io::Result<Batch> {
    let mut head = [0; frame::HEAD];
    match input.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Batch::End),
        Err(error) => return Err(error),
    }
    let (first, count) = frame::read_question(head)?;
    let mut lengths = vec![0; 8 * count];
    input.read_exact(&mut lengths)?;
    let lengths = frame::read_lengths(&lengths)?;
    let whole: usize = lengths.iter().sum();
    // No more than that: twice a large mail would not fit.
    if raw.try_reserve_exact(whole).is_err() {
        return Ok(Batch::TooLarge { first });
    }
    let got = input.take(u64::try_from(whole).unwrap_or(u64::MAX)).read_to_end(raw)?;
    if got != whole {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Batch::Mails { first, lengths })
}

/// What standard input holds next.
enum Batch {
    /// The first number and the lengths; the bytes stand one mail behind the other.
    Mails { first: u64, lengths: Vec<usize> },
    /// There is no memory for it. It is one mail: batches of several are small.
    TooLarge { first: u64 },
    /// Nothing more.
    End,
}

/// What answering needs.
struct Desk<J> {
    output: File,
    limits: Limits,
    judge: J,
    gauge: Gauge,
}

impl<J: Fn(&ReadMail) -> Classification> Desk<J> {
    fn answer(&mut self, first: u64, lengths: &[usize], raw: &[u8]) -> io::Result<()> {
        let mut said = Vec::new();
        let mut rest = raw;
        for (job, length) in (first..).zip(lengths) {
            let (raw, behind) = rest.split_at_checked(*length).ok_or_else(frame::garbled)?;
            rest = behind;
            limits::allow_one_mail(&self.limits)?;
            said = self.say(frame::pack(&Answer::Begun { job }, said)?)?;
            let answer = match read(raw) {
                Ok(mail) => {
                    let classification = Box::new((self.judge)(&mail));
                    Answer::Read { job, mail: Box::new(mail), classification }
                }
                Err(_) => Answer::Unreadable { job },
            };
            said = frame::pack(&answer, said)?;
        }
        self.say(frame::pack(&Answer::Done { memory: self.gauge.read() }, said)?)?;
        Ok(())
    }

    /// Says it in one piece; gives the buffer back, empty.
    fn say(&mut self, mut frames: Vec<u8>) -> io::Result<Vec<u8>> {
        self.output.write_all(&frames)?;
        frames.clear();
        frames.shrink_to(KEPT);
        Ok(frames)
    }
}

/// Reads and classifies one mail in this process: for the command line and benchmarks, on mail
/// that the person who calls it vouches for.
///
/// # Errors
/// [`ReaderError::Unreadable`] when the bytes are no mail, [`ReaderError::Died`] when reading
/// panicked (the panic hook of the process has then printed its message).
pub fn read_in_process(
    raw: &[u8],
    judge: impl Fn(&ReadMail) -> Classification,
) -> Result<Reading, ReaderError> {
    let read = catch_unwind(AssertUnwindSafe(|| {
        read(raw).map(|mail| {
            let classification = judge(&mail);
            (mail, classification)
        })
    }));
    match read {
        Ok(Ok(both)) => Ok(both),
        Ok(Err(_)) => Err(ReaderError::Unreadable),
        Err(_) => Err(ReaderError::Died { how: "panic".to_owned() }),
    }
}
