//! A small IMAP client: what another client of the mailbox sees and does.
//!
//! Written apart from the product's own client on purpose, so that one cannot hide the other's
//! mistakes. Plain text on loopback only.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

/// One mail as the server shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its UID.
    pub uid: u32,
    /// Its flags and keywords, as one text.
    pub flags: String,
    /// The bytes of the mail.
    pub raw: Vec<u8>,
}

/// One untagged or tagged answer: its text, with literals taken out.
#[derive(Debug)]
struct Answer {
    text: String,
    literals: Vec<Vec<u8>>,
}

/// A signed-in session.
#[derive(Debug)]
pub struct ImapSession {
    stream: BufReader<TcpStream>,
    tag: u32,
}

impl ImapSession {
    /// Connects and signs in.
    ///
    /// # Errors
    /// When the server is not there or refuses.
    pub fn sign_in(port: u16, user: &str, password: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        let mut session = Self { stream: BufReader::new(stream), tag: 0 };
        session.answer().context("no greeting")?;
        session.command(&format!("LOGIN \"{user}\" \"{password}\""))?;
        Ok(session)
    }

    /// Selects a folder and returns its UIDVALIDITY.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn select(&mut self, folder: &str) -> Result<u32> {
        let answers = self.command(&format!("SELECT \"{folder}\""))?;
        let line = answers
            .iter()
            .find_map(|answer| answer.text.split_once("UIDVALIDITY "))
            .context("no UIDVALIDITY")?;
        let digits: String = line.1.chars().take_while(char::is_ascii_digit).collect();
        Ok(digits.parse()?)
    }

    /// All mails of a folder.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn list(&mut self, folder: &str) -> Result<Vec<Held>> {
        self.select(folder)?;
        let answers = self.command("UID FETCH 1:* (UID FLAGS BODY.PEEK[])")?;
        let mut held = Vec::new();
        for answer in answers.into_iter().filter(|answer| answer.text.contains(" FETCH (")) {
            let uid = answer.text.split_once("UID ").context("no UID")?.1;
            let digits: String = uid.chars().take_while(char::is_ascii_digit).collect();
            let flags =
                answer.text.split_once("FLAGS (").and_then(|(_, rest)| rest.split_once(')'));
            held.push(Held {
                uid: digits.parse()?,
                flags: flags.map(|(flags, _)| flags.to_owned()).unwrap_or_default(),
                raw: answer.literals.into_iter().next().unwrap_or_default(),
            });
        }
        Ok(held)
    }

    /// Appends a mail; `date` is an INTERNALDATE such as `02-Nov-2026 09:14:22 +0300`.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn append(&mut self, folder: &str, raw: &[u8], date: Option<&str>) -> Result<()> {
        let date = date.map(|date| format!(" \"{date}\"")).unwrap_or_default();
        self.tag += 1;
        let tag = format!("t{}", self.tag);
        let line = format!("{tag} APPEND \"{folder}\"{date} {{{}}}\r\n", raw.len());
        self.stream.get_mut().write_all(line.as_bytes())?;
        let go = self.answer()?;
        if !go.text.starts_with('+') {
            bail!("APPEND was answered {}", go.text);
        }
        self.stream.get_mut().write_all(raw)?;
        self.stream.get_mut().write_all(b"\r\n")?;
        self.until(&tag, "APPEND")?;
        Ok(())
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn create(&mut self, folder: &str) -> Result<()> {
        self.command(&format!("CREATE \"{folder}\"")).map(drop)
    }

    /// Deletes every mail of a folder for good, as a person with another client may.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn empty(&mut self, folder: &str) -> Result<()> {
        self.select(folder)?;
        self.command("UID STORE 1:* +FLAGS.SILENT (\\Deleted)")?;
        self.command("EXPUNGE").map(drop)
    }

    fn command(&mut self, command: &str) -> Result<Vec<Answer>> {
        self.tag += 1;
        let tag = format!("t{}", self.tag);
        self.stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes())?;
        self.until(&tag, command.split(' ').next().unwrap_or(command))
    }

    fn until(&mut self, tag: &str, verb: &str) -> Result<Vec<Answer>> {
        let mut answers = Vec::new();
        loop {
            let answer = self.answer()?;
            match answer.text.strip_prefix(tag) {
                Some(rest) if rest.starts_with(" OK") => return Ok(answers),
                Some(rest) => bail!("{verb} was answered{rest}"),
                None => answers.push(answer),
            }
        }
    }

    /// Reads one answer with its literals (RFC 3501 §4.3).
    fn answer(&mut self) -> Result<Answer> {
        let mut answer = Answer { text: String::new(), literals: Vec::new() };
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line)? == 0 {
                bail!("the server closed the connection");
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let size = line
                .strip_suffix('}')
                .and_then(|rest| rest.rsplit_once('{'))
                .and_then(|(_, size)| size.parse::<usize>().ok());
            answer.text.push_str(&line);
            let Some(size) = size else { return Ok(answer) };
            let mut literal = vec![0; size];
            self.stream.read_exact(&mut literal)?;
            answer.literals.push(literal);
        }
    }
}
