//! A small SMTP client: hands letters to a server as another organisation's relay would.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Result, bail};

/// Hands one mail in; an empty `from` is the null sender.
///
/// # Errors
/// When the server is not there or answers a step with another code than expected.
pub fn submit(port: u16, from: &str, to: &[&str], raw: &[u8]) -> Result<()> {
    let mut session = Session::connect(port)?;
    session.step("EHLO relay.test.example", 250)?;
    session.step(&format!("MAIL FROM:<{from}>"), 250)?;
    for recipient in to {
        session.step(&format!("RCPT TO:<{recipient}>"), 250)?;
    }
    session.step("DATA", 354)?;
    session.body(raw)?;
    session.step("QUIT", 221)?;
    Ok(())
}

/// One connection, for tests that drive the steps themselves.
#[derive(Debug)]
pub struct Session {
    stream: BufReader<TcpStream>,
}

impl Session {
    /// Connects and reads the greeting.
    ///
    /// # Errors
    /// When nobody listens or the greeting is no 220.
    pub fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        let mut session = Self { stream: BufReader::new(stream) };
        session.expect("greeting", 220)?;
        Ok(session)
    }

    /// Sends a command and returns the reply's lines.
    ///
    /// # Errors
    /// When the reply has another code.
    pub fn step(&mut self, command: &str, code: u16) -> Result<Vec<String>> {
        self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        let verb = command.split(' ').next().unwrap_or(command).to_owned();
        self.expect(&verb, code)
    }

    /// Sends a body, dots stuffed (RFC 5321 §4.5.2), and the final dot.
    ///
    /// # Errors
    /// When the server does not accept it.
    pub fn body(&mut self, raw: &[u8]) -> Result<Vec<String>> {
        let mut out = Vec::with_capacity(raw.len() + 64);
        for line in raw.split_inclusive(|b| *b == b'\n') {
            if line.starts_with(b".") {
                out.push(b'.');
            }
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            out.extend_from_slice(text.strip_suffix(b"\r").unwrap_or(text));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        self.stream.get_mut().write_all(&out)?;
        self.expect("final dot", 250)
    }

    fn expect(&mut self, step: &str, code: u16) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the server closed the connection at {step}");
            }
            let done = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line.trim_end().to_owned());
            if done {
                break;
            }
        }
        let wanted = code.to_string();
        if !lines.iter().all(|line| line.starts_with(&wanted)) {
            bail!("{step} was answered {lines:?} instead of {code}");
        }
        Ok(lines)
    }
}
