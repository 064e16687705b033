//! Postfix's own test tools: a sink that takes every mail, a source that sends as fast as it can.

use std::{net::TcpStream, path::Path, process::Command, time::Duration};

use anyhow::Result;

use crate::{
    child::{OwnedProcess, run},
    place::{Place, Port, runs_as_root},
};

/// A running `smtp-sink`.
#[derive(Debug)]
pub struct SmtpSink {
    _process: OwnedProcess,
    port: Port,
}

impl SmtpSink {
    /// Starts one with further options of smtp-sink(1), such as `-f RCPT` (refuse recipients).
    ///
    /// # Errors
    /// When Postfix is not installed or the port does not answer.
    pub fn start(place: &Place, options: &[&str]) -> Result<Self> {
        let port = Port::reserve()?;
        let mut command = Command::new("/usr/sbin/smtp-sink");
        command.args(options);
        if runs_as_root() {
            command.args(["-u", "postfix"]);
        }
        command.arg(format!("127.0.0.1:{}", port.number())).arg("1024");
        let mut process =
            OwnedProcess::spawn("smtp-sink", command, &place.path().join("smtp-sink.log"))?;
        process.wait_ready(Duration::from_secs(10), || {
            TcpStream::connect(("127.0.0.1", port.number())).is_ok()
        })?;
        Ok(Self { _process: process, port })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }
}

/// Sends `count` mails of `size` bytes over `sessions` kept connections with `smtp-source`.
///
/// # Errors
/// When a mail is refused.
pub fn send_with_source(port: u16, sessions: u32, count: u32, size: u32) -> Result<()> {
    let mut command = Command::new(Path::new("/usr/sbin/smtp-source"));
    command
        .args(["-d", "-s", &sessions.to_string(), "-m", &count.to_string()])
        .args(["-l", &size.to_string(), "-f", "from@test.example", "-t", "to@test.example"])
        .arg(format!("127.0.0.1:{port}"));
    run(&mut command).map(drop)
}
