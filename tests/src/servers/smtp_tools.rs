//! Postfix's own test tools: a sink that takes every mail, a source that sends as fast as it can.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::{
    child::{OwnedProcess, run},
    place::{Place, Port, runs_as_root},
};

/// A running `smtp-sink`.
#[derive(Debug)]
pub struct SmtpSink {
    _process: OwnedProcess,
    port: Port,
    kept: Option<PathBuf>,
}

/// A mail that a sink kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkMail {
    /// The envelope sender.
    pub from: String,
    /// The envelope recipient.
    pub to: String,
    /// The mail as it came, line ends LF.
    pub raw: Vec<u8>,
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
        Ok(Self { _process: process, port, kept: None })
    }

    /// The same, keeping every mail in a directory of its own.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn keeping(place: &Place, name: &str, options: &[&str]) -> Result<Self> {
        let kept = place.room(name)?;
        if runs_as_root() {
            let owner = run(Command::new("id").args(["-u", "postfix"]))?.trim().parse()?;
            chown(&kept, Some(owner), None)?;
        }
        let template = format!("{}/m.", kept.display());
        let mut sink = Self::start(place, &[options, &["-d", &template]].concat())?;
        sink.kept = Some(kept);
        Ok(sink)
    }

    /// Every mail kept so far, in no order.
    ///
    /// # Errors
    /// When a file cannot be read, or is no dump of smtp-sink.
    pub fn mails(&self) -> Result<Vec<SinkMail>> {
        let kept = self.kept.as_deref().context("this sink keeps no mail")?;
        fs::read_dir(kept)?.map(|entry| dumped(&fs::read(entry?.path())?)).collect()
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }
}

/// Reads one dump: the envelope in headers of the sink's own, `Received` as the last of them.
fn dumped(bytes: &[u8]) -> Result<SinkMail> {
    let text = String::from_utf8_lossy(bytes);
    let path = |name: &str| -> Result<String> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let line = line.with_context(|| format!("a dump without {name}"))?;
        let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        Ok(inside.map(|(path, _)| path).context("a path without brackets")?.to_owned())
    };
    let (from, to) = (path("X-Mail-Args: ")?, path("X-Rcpt-Args: ")?);
    let own: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .skip_while(|line| !line.starts_with(b"Received: "))
        .skip(1)
        .skip_while(|line| line.starts_with(b"\t") || line.starts_with(b" "))
        .map(<[u8]>::len)
        .sum();
    Ok(SinkMail { from, to, raw: bytes[bytes.len() - own..].to_vec() })
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
