//! The child's side: read a mail from standard input, answer on standard output, again.
//!
//! Runs in the hidden subcommand `reader` of the daemon's binary, without an async runtime. It
//! judges by a function that it is given, so that it knows neither packs nor configuration.

use std::{
    io::{self, Read as _},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use domain::{classification::Classification, mail::ReadMail};

use super::{
    ReaderError,
    frame::{self, Answer},
    limits,
};
use crate::read::read;

/// Longest mail that is taken; `mailbox.max_message_size` is enforced before.
const MAX_MAIL: u64 = 256 * 1024 * 1024;

/// Serves questions until standard input ends; the whole life of the child. `judge` classifies
/// what was read and must have loaded its files before, since none can be opened afterwards.
pub fn reader_main(judge: impl Fn(&ReadMail) -> Classification) -> ExitCode {
    // The default hook would print words of the mail.
    std::panic::set_hook(Box::new(|_| {}));
    match serve(&judge) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(judge: &dyn Fn(&ReadMail) -> Classification) -> io::Result<()> {
    limits::renounce()?;
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    say(&mut output, &Answer::Ready)?;
    loop {
        let mut head = [0; 16];
        match input.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
        let (job, length) = frame::read_question(head);
        if length > MAX_MAIL {
            return Err(frame::garbled());
        }
        let mut raw = Vec::new();
        let got = input.by_ref().take(length).read_to_end(&mut raw)?;
        if u64::try_from(got).ok() != Some(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        limits::allow_one_mail()?;
        say(&mut output, &Answer::Begun { job })?;
        let answer = match read(&raw) {
            Ok(mail) => {
                let classification = Box::new(judge(&mail));
                Answer::Read { job, mail: Box::new(mail), classification }
            }
            Err(_) => Answer::Unreadable { job },
        };
        say(&mut output, &answer)?;
    }
}

fn say(output: &mut impl io::Write, answer: &Answer) -> io::Result<()> {
    output.write_all(&frame::pack(answer)?)?;
    output.flush()
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
) -> Result<(ReadMail, Classification), ReaderError> {
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
