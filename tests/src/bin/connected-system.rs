//! The reference receiver of calls to connected systems: prints each call and what became of it.
//!
//! `connected-system 127.0.0.1:9099 whsec_…` takes calls at http://127.0.0.1:9099/privacy-calls;
//! further words (`accepted`, `500`, `silent`, `hang-up`) are how the first calls are answered.

use std::{io::Write as _, thread, time::Duration};

use anyhow::{Context as _, Result};
use tests::connected_system::{ConnectedSystem, Reply};

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let usage = "usage: connected-system ADDRESS SECRET [accepted|silent|hang-up|STATUS]…";
    let address = words.next().context(usage)?;
    let secret = words.next().context(usage)?;
    let replies: Vec<Reply> = words
        .map(|word| match word.as_str() {
            "accepted" => Ok(Reply::Accepted),
            "silent" => Ok(Reply::ActsAndIsSilent),
            "hang-up" => Ok(Reply::ActsAndHangsUp),
            status => status.parse().map(Reply::Status).context(usage),
        })
        .collect::<Result<_>>()?;
    let system = ConnectedSystem::on(&address, &secret, seconds)?;
    system.plan(&replies);
    let mut shown = 0;
    loop {
        let taken = system.memory().taken.clone();
        for call in taken.iter().skip(shown) {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{} signed={} {}", call.id, call.signed, call.body)?;
            out.flush()?;
        }
        shown = taken.len();
        thread::sleep(Duration::from_millis(200));
    }
}

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "the reference receiver has no clock file")]
fn seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}
