//! An SMTP server that counts: who got which mail, and when its envelope came in.
//!
//! It is made for soaks: it takes thousands of mails a second and keeps no bodies. It can die and
//! rise on the same port; what it has taken it remembers. A mail is taken when its final dot was
//! read, whatever becomes of the reply.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use anyhow::Result;
use tokio::time::Instant;

use super::acceptor::{Acceptor, Next, lock};
use crate::place::Port;

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When `MAIL FROM` was read: the sender wrote its START before that.
    pub begun_at: Instant,
    /// The path of the page to leave by, `/u/…`, where the mail names one.
    pub page: Option<String>,
}

/// All mails of one subject, by recipient.
pub type Arrivals = HashMap<String, Vec<Arrival>>;

#[derive(Debug, Default)]
struct State {
    /// By subject, as it stands in the header.
    taken: HashMap<String, Arrivals>,
    counts: HashMap<String, usize>,
    thinking: Duration,
}

/// A running server, or a dead one.
#[derive(Debug)]
pub struct CountingSmtp {
    port: Arc<Port>,
    acceptor: Option<Acceptor>,
    state: Arc<Mutex<State>>,
}

impl CountingSmtp {
    /// Starts one.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start() -> Result<Self> {
        let port = Arc::new(Port::reserve()?);
        let mut server = Self { port, acceptor: None, state: Arc::default() };
        server.rise()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// As kill -9 does: every connection is gone, and nobody listens.
    pub fn die(&mut self) {
        self.acceptor = None;
    }

    /// Listens again on the same port.
    ///
    /// # Errors
    /// When somebody else took the port.
    pub fn rise(&mut self) -> Result<()> {
        let state = Arc::clone(&self.state);
        let acceptor = Acceptor::start_on(Arc::clone(&self.port), move |stream| {
            // A connection that ends in an error was cut by one of the two sides: no matter.
            let _ = Connection::new(stream, Arc::clone(&state)).serve();
        })?;
        self.acceptor = Some(acceptor);
        Ok(())
    }

    /// Lets each mail wait so long: one before the reply to DATA, the next before the reply to
    /// the final dot.
    pub fn think(&self, thinking: Duration) {
        lock(&self.state).thinking = thinking;
    }

    /// How many mails of a subject were taken.
    #[must_use]
    pub fn count(&self, subject: &str) -> usize {
        lock(&self.state).counts.get(subject).copied().unwrap_or(0)
    }

    /// Whether a recipient got a mail of a subject.
    #[must_use]
    pub fn has(&self, subject: &str, recipient: &str) -> bool {
        lock(&self.state).taken.get(subject).is_some_and(|mails| mails.contains_key(recipient))
    }

    /// Every mail of a subject.
    #[must_use]
    pub fn taken(&self, subject: &str) -> Arrivals {
        lock(&self.state).taken.get(subject).cloned().unwrap_or_default()
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    /// Replies that go out once nothing more was sent to us, as RFC 2920 §3.2 wants.
    replies: Vec<u8>,
    state: Arc<Mutex<State>>,
    begun_at: Option<Instant>,
    to: Option<String>,
    mails: usize,
}

impl Connection {
    fn new(stream: TcpStream, state: Arc<Mutex<State>>) -> Self {
        let stream = BufReader::with_capacity(64 * 1024, stream);
        Self { stream, replies: Vec::new(), state, begun_at: None, to: None, mails: 0 }
    }

    fn serve(&mut self) -> Result<()> {
        self.stream.get_ref().set_nodelay(true)?;
        self.reply("220 counting.test.example ESMTP");
        let mut line = Vec::new();
        loop {
            if self.stream.buffer().is_empty() {
                self.flush()?;
            }
            line.clear();
            if self.stream.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let command = String::from_utf8_lossy(&line);
            if let Next::Close = self.command(command.trim_end())? {
                self.flush()?;
                self.stream.get_ref().shutdown(Shutdown::Both)?;
                return Ok(());
            }
        }
    }

    fn reply(&mut self, text: &str) {
        self.replies.extend_from_slice(text.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.get_mut().write_all(&self.replies)?;
        self.replies.clear();
        Ok(())
    }

    fn command(&mut self, line: &str) -> Result<Next> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => self.reply("250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"),
            "MAIL" => {
                self.begun_at = Some(Instant::now());
                self.to = None;
                self.reply("250 2.1.0 ok");
            }
            "RCPT" if self.begun_at.is_some() => {
                let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                self.to = inside.map(|(path, _)| path.to_owned());
                self.reply("250 2.1.5 ok");
            }
            "DATA" if self.to.is_some() => self.body()?,
            "RSET" => {
                self.begun_at = None;
                self.reply("250 2.0.0 ok");
            }
            "NOOP" => self.reply("250 2.0.0 ok"),
            "QUIT" => {
                self.reply("221 2.0.0 good bye");
                return Ok(Next::Close);
            }
            _ => self.reply("503 5.5.1 bad sequence of commands"),
        }
        Ok(Next::Go)
    }

    fn body(&mut self) -> Result<()> {
        self.mails += 1;
        let thinks_first = self.mails % 2 == 1;
        if thinks_first {
            self.wait();
        }
        self.reply("354 go on");
        self.flush()?;
        let mut raw = Vec::new();
        loop {
            let begin = raw.len();
            if self.stream.read_until(b'\n', &mut raw)? == 0 {
                return Ok(());
            }
            if &raw[begin..] == b".\r\n" {
                break;
            }
        }
        self.take(&raw);
        if !thinks_first {
            self.wait();
        }
        self.reply("250 2.0.0 taken");
        Ok(())
    }

    fn wait(&self) {
        let thinking = lock(&self.state).thinking;
        if !thinking.is_zero() {
            thread::sleep(thinking);
        }
    }

    fn take(&mut self, raw: &[u8]) {
        let (Some(begun_at), Some(to)) = (self.begun_at.take(), self.to.take()) else { return };
        let (subject, page) = head(raw);
        let mut state = lock(&self.state);
        *state.counts.entry(subject.clone()).or_default() += 1;
        let mails = state.taken.entry(subject).or_default();
        mails.entry(to).or_default().push(Arrival { begun_at, page });
    }
}

/// The subject and the page to leave by.
fn head(raw: &[u8]) -> (String, Option<String>) {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(raw.len());
    let text = String::from_utf8_lossy(&raw[..end]).replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = |wanted: &str| {
        text.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let page = value("List-Unsubscribe").and_then(|ways| {
        let link = ways.split(['<', '>']).find(|way| way.starts_with("http"))?;
        link.find("/u/").map(|at| link[at..].to_owned())
    });
    (value("Subject").unwrap_or_default().to_owned(), page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::{Session, submit};

    const MAIL: &[u8] = b"Subject: one\r\nList-Unsubscribe: <https://a.example/u/abc>,\r\n \
                          <mailto:unsub+abc@a.example>\r\n\r\n.hidden\r\n";

    #[test]
    fn a_mail_is_counted_by_subject_and_recipient() -> Result<()> {
        let sink = CountingSmtp::start()?;
        for to in ["anna@post.example", "boris@post.example", "anna@post.example"] {
            submit(sink.port(), "", &[to], MAIL)?;
        }
        assert_eq!(sink.count("one"), 3);
        assert!(sink.has("one", "boris@post.example") && !sink.has("two", "boris@post.example"));
        let taken = sink.taken("one");
        assert_eq!(taken["anna@post.example"].len(), 2);
        assert_eq!(taken["boris@post.example"][0].page.as_deref(), Some("/u/abc"));
        Ok(())
    }

    #[test]
    fn a_server_that_died_remembers_what_it_took() -> Result<()> {
        let mut sink = CountingSmtp::start()?;
        submit(sink.port(), "", &["anna@post.example"], MAIL)?;
        let mut session = Session::connect(sink.port())?;
        sink.die();
        assert!(session.step("NOOP", 250).is_err(), "the connection is gone");
        assert!(Session::connect(sink.port()).is_err(), "nobody listens");
        sink.rise()?;
        submit(sink.port(), "", &["anna@post.example"], MAIL)?;
        assert_eq!(sink.count("one"), 2);
        Ok(())
    }
}
