//! A small SMTP server on loopback whose faults a test queues one by one, and which keeps what came.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use anyhow::Result;

use super::acceptor::{Acceptor, Next, lock};

/// What goes wrong, once, at the next command it fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmtpFault {
    /// The command that begins with this verb gets this reply, such as `450 4.2.0 later`.
    Reply(&'static str, &'static str),
    /// The connection is closed on receipt of such a command.
    Close(&'static str),
    /// The same after a reply, as a server that is shut down says 421 and goes.
    ReplyAndClose(&'static str, &'static str),
    /// From such a command on nothing is answered any more; the connection stays open.
    Hang(&'static str),
    /// RCPT is refused, and the DATA that was pipelined behind it is answered 354 all the same
    /// (RFC 2920 §3.1 allows it): whatever comes then is for nobody.
    RefuseAndGoOn(&'static str),
    /// Nothing is ever answered to such a command; the connection stays open.
    Silence(&'static str),
    /// The connection is closed after so many bytes of the body, before the final dot.
    CutInBody(usize),
    /// The mail is kept, and the connection closed instead of the reply to the final dot.
    CutAfterDot,
    /// The mail is kept, and the final dot is never answered.
    SilenceAfterDot,
    /// The reply to the final dot; the mail is not kept unless it begins with 2.
    ReplyToDot(&'static str),
}

/// A mail that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The envelope sender; empty is the null sender.
    pub from: String,
    /// The envelope recipients.
    pub to: Vec<String>,
    /// The bytes, dots unstuffed.
    pub raw: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    faults: VecDeque<SmtpFault>,
    taken: Vec<Taken>,
    for_nobody: Vec<Vec<u8>>,
    cut: Vec<String>,
    thinking: Duration,
    seen: Vec<String>,
}

/// A running scripted SMTP server.
#[derive(Debug)]
pub struct ScriptedSmtp {
    acceptor: Acceptor,
    state: Arc<Mutex<State>>,
}

impl ScriptedSmtp {
    /// Starts one that offers these EHLO keywords, such as `PIPELINING` and `8BITMIME`.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start(keywords: &[&str]) -> Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let keywords: Vec<String> = keywords.iter().map(|word| (*word).to_owned()).collect();
        let acceptor = Acceptor::start(move |stream| {
            // A connection that ends in an error was cut by one of the two sides: no matter.
            let _ = Connection::new(stream, Arc::clone(&shared), keywords.clone()).serve();
        })?;
        Ok(Self { acceptor, state })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.acceptor.port()
    }

    /// Queues a fault.
    pub fn fault(&self, fault: SmtpFault) {
        lock(&self.state).faults.push_back(fault);
    }

    /// Lets every final dot wait so long for its reply; the mail is kept at once.
    pub fn think(&self, thinking: Duration) {
        lock(&self.state).thinking = thinking;
    }

    /// Whether every queued fault was spent.
    #[must_use]
    pub fn faults_are_spent(&self) -> bool {
        lock(&self.state).faults.is_empty()
    }

    /// Every mail that was taken, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.state).taken.clone()
    }

    /// What came after 354 though every recipient was refused.
    #[must_use]
    pub fn for_nobody(&self) -> Vec<Vec<u8>> {
        lock(&self.state).for_nobody.clone()
    }

    /// Whose mails were cut in the body. Their sender may have written the dot by then.
    #[must_use]
    pub fn cut(&self) -> Vec<String> {
        lock(&self.state).cut.clone()
    }

    /// Every command so far, credentials left out.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        lock(&self.state).seen.clone()
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.acceptor.accepted()
    }

    /// Cuts every open connection without a word.
    pub fn cut_all(&self) {
        self.acceptor.cut_all();
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    state: Arc<Mutex<State>>,
    keywords: Vec<String>,
    from: Option<String>,
    to: Vec<String>,
    /// 354 is said though nobody is left to take the mail.
    goes_on: bool,
}

impl Connection {
    fn new(stream: TcpStream, state: Arc<Mutex<State>>, keywords: Vec<String>) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, state, keywords, from: None, to: Vec::new(), goes_on: false }
    }

    fn serve(&mut self) -> Result<()> {
        self.stream.get_ref().set_nodelay(true)?;
        self.reply("220 scripted.test.example ESMTP")?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Next::Close = self.command(line.trim_end())? {
                self.stream.get_ref().shutdown(Shutdown::Both)?;
                return Ok(());
            }
        }
    }

    fn reply(&mut self, text: &str) -> Result<Next> {
        self.stream.get_mut().write_all(format!("{text}\r\n").as_bytes())?;
        Ok(Next::Go)
    }

    fn spend(&self, fits: impl Fn(&SmtpFault) -> bool) -> Option<SmtpFault> {
        let mut state = lock(&self.state);
        let at = state.faults.iter().position(fits)?;
        state.faults.remove(at)
    }

    fn command(&mut self, line: &str) -> Result<Next> {
        let upper = line.to_ascii_uppercase();
        let shown = if upper.starts_with("AUTH") { "AUTH ***" } else { line };
        lock(&self.state).seen.push(shown.to_owned());
        if self.goes_on && upper.starts_with("DATA") {
            return self.body();
        }
        let fault = self.spend(|fault| match fault {
            SmtpFault::Reply(at, _)
            | SmtpFault::ReplyAndClose(at, _)
            | SmtpFault::Close(at)
            | SmtpFault::Hang(at)
            | SmtpFault::Silence(at) => upper.starts_with(at),
            SmtpFault::RefuseAndGoOn(_) => upper.starts_with("RCPT"),
            _ => false,
        });
        match fault {
            Some(SmtpFault::Reply(_, text)) => return self.reply(text),
            Some(SmtpFault::Close(_)) => return Ok(Next::Close),
            Some(SmtpFault::ReplyAndClose(_, text)) => {
                self.reply(text)?;
                return Ok(Next::Close);
            }
            Some(SmtpFault::Hang(_)) => {
                std::io::copy(&mut self.stream, &mut std::io::sink())?;
                return Ok(Next::Close);
            }
            Some(SmtpFault::RefuseAndGoOn(text)) => {
                self.goes_on = true;
                return self.reply(text);
            }
            Some(SmtpFault::Silence(_)) => return Ok(Next::Go),
            _ => {}
        }
        match upper.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => {
                // The first line is a greeting and no keyword (RFC 5321 §4.1.1.1).
                self.reply("250-scripted.test.example")?;
                for keyword in self.keywords.clone() {
                    self.reply(&format!("250-{keyword}"))?;
                }
                self.reply("250 ENHANCEDSTATUSCODES")
            }
            "HELO" | "NOOP" => self.reply("250 2.0.0 ok"),
            "AUTH" => self.reply("235 2.7.0 signed in"),
            "MAIL" => {
                self.from = Some(path(line));
                self.to.clear();
                self.goes_on = false;
                self.reply("250 2.1.0 ok")
            }
            "RCPT" if self.from.is_some() => {
                self.to.push(path(line));
                self.reply("250 2.1.5 ok")
            }
            "DATA" if !self.to.is_empty() => self.body(),
            "RSET" => {
                self.from = None;
                self.to.clear();
                self.reply("250 2.0.0 ok")
            }
            "QUIT" => {
                self.reply("221 2.0.0 good bye")?;
                Ok(Next::Close)
            }
            "RCPT" | "DATA" => self.reply("503 5.5.1 bad sequence of commands"),
            _ => self.reply("500 5.5.2 not understood"),
        }
    }

    fn body(&mut self) -> Result<Next> {
        self.reply("354 go on")?;
        let cut = match self.goes_on {
            true => None,
            false => self.spend(|fault| matches!(fault, SmtpFault::CutInBody(_))),
        };
        let mut raw = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line)? == 0 {
                return Ok(Next::Close);
            }
            if line == b".\r\n" {
                break;
            }
            raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            if matches!(cut, Some(SmtpFault::CutInBody(limit)) if raw.len() >= limit) {
                lock(&self.state).cut.append(&mut self.to);
                return Ok(Next::Close);
            }
        }
        if std::mem::take(&mut self.goes_on) {
            lock(&self.state).for_nobody.push(raw);
            return self.reply("554 5.5.1 no valid recipients");
        }
        let fault = self.spend(|fault| {
            matches!(
                fault,
                SmtpFault::CutAfterDot | SmtpFault::SilenceAfterDot | SmtpFault::ReplyToDot(_)
            )
        });
        let refused = matches!(&fault, Some(SmtpFault::ReplyToDot(text)) if !text.starts_with('2'));
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if !refused {
            lock(&self.state).taken.push(Taken { from, to, raw });
        }
        let thinking = lock(&self.state).thinking;
        thread::sleep(thinking);
        match fault {
            Some(SmtpFault::CutAfterDot) => Ok(Next::Close),
            Some(SmtpFault::SilenceAfterDot) => Ok(Next::Go),
            Some(SmtpFault::ReplyToDot(text)) => self.reply(text),
            _ => self.reply("250 2.0.0 taken"),
        }
    }
}

/// The path of MAIL FROM or RCPT TO, without angle brackets and parameters.
fn path(line: &str) -> String {
    let rest = line.split_once('<').map_or("", |(_, rest)| rest);
    rest.split_once('>').map_or(rest, |(path, _)| path).to_owned()
}
