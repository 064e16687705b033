//! The stream under lettre's connection: TCP without delay, plain or in TLS.
//!
//! lettre speaks the protocol; the wire sees what lettre does not tell: whether the server spoke
//! unasked, what EHLO offered, and how a connection ended. The mail itself goes past lettre, which
//! would look at each byte and write the dot apart. One end of it is lettre's, the other the session's. Replies are handed on line by line
//! in a form that lettre's strict reader takes (some servers send no text, or bytes that are no
//! UTF-8), so nothing that came early is ever hidden in a buffer above.

mod mail;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::reply::{MAX_LINE, Reply, ReplyReader};

/// The end of a mail; no mail contains it, since a dot at the start of a line is doubled.
const FINAL_DOT: &[u8] = b"\r\n.\r\n";

/// A mail as it is written: dots at the start of lines doubled (RFC 5321 §4.5.2), the final dot
/// behind it.
pub(super) fn with_dots(message: &[u8]) -> Vec<u8> {
    let message = message.strip_suffix(b"\r\n").unwrap_or(message);
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + FINAL_DOT.len());
    if message.first() == Some(&b'.') {
        out.push(b'.');
    }
    let mut rest = message;
    while let Some((line, after)) =
        memmem::find(rest, b"\r\n.").and_then(|at| rest.split_at_checked(at + b"\r\n.".len()))
    {
        out.extend_from_slice(line);
        out.push(b'.');
        rest = after;
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(FINAL_DOT);
    out
}

/// Why nothing more can be said or heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireError {
    Closed,
    TimedOut,
    Garbage,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Between plain and TLS, or after a failed handshake.
    Gone,
}

/// Whether the mail is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dot {
    NotWritten,
    /// Handed to the system, or partly: from here on nobody can know.
    Written,
}

struct State {
    stream: Stream,
    /// Bytes of the server that are not yet a line.
    unread: Vec<u8>,
    /// A line on its way to lettre, and how much of it went.
    line: Vec<u8>,
    given: usize,
    reader: ReplyReader,
    /// The last whole reply.
    reply: Option<Reply>,
    written: u64,
    dot: Dot,
    error: Option<WireError>,
}

/// A handle to the stream; clones share it.
#[derive(Clone)]
pub(super) struct Wire(Arc<Mutex<State>>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self::over(Stream::Plain(stream))
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self::over(Stream::Tls(Box::new(stream)))
    }

    fn over(stream: Stream) -> Self {
        Self(Arc::new(Mutex::new(State {
            stream,
            unread: Vec::new(),
            line: Vec::new(),
            given: 0,
            reader: ReplyReader::default(),
            reply: None,
            written: 0,
            dot: Dot::NotWritten,
            error: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the bare TCP stream out, for the handshake. What the server sent before it would be
    /// taken as said inside TLS, so it is an error (CVE-2011-0411).
    pub(super) fn take_plain(&self) -> Result<TcpStream, WireError> {
        let mut state = self.state();
        if !state.is_silent() {
            return Err(WireError::Garbage);
        }
        match std::mem::replace(&mut state.stream, Stream::Gone) {
            Stream::Plain(stream) => Ok(stream),
            Stream::Tls(_) | Stream::Gone => Err(WireError::Garbage),
        }
    }

    /// Goes on inside TLS. A new connection of lettre begins by reading a greeting, which a
    /// server does not send a second time: it is given one of ours.
    pub(super) fn go_on_in_tls(&self, stream: TlsStream<TcpStream>) {
        let mut state = self.state();
        state.stream = Stream::Tls(Box::new(stream));
        state.line = b"220 in TLS\r\n".to_vec();
        state.given = 0;
    }

    /// Whether the server has said nothing that we did not ask for: no farewell, no end.
    pub(super) fn is_quiet(&self) -> bool {
        let mut state = self.state();
        let mut context = Context::from_waker(Waker::noop());
        state.is_silent() && state.poll_fill(&mut context).is_pending()
    }

    /// The last whole reply.
    pub(super) fn last_reply(&self) -> Option<Reply> {
        self.state().reply.clone()
    }

    /// How the connection ended, if it did.
    pub(super) fn error(&self) -> WireError {
        self.state().error.unwrap_or(WireError::Garbage)
    }

    /// How many bytes were written and whether the final dot was: what a stall is told by.
    pub(super) fn progress(&self) -> (u64, Dot) {
        let state = self.state();
        (state.written, state.dot)
    }

    /// A new mail begins.
    pub(super) fn expect_dot(&self) {
        self.state().dot = Dot::NotWritten;
    }

    /// Writes a mail made by [`with_dots`]; `written` tells how much of it went.
    ///
    /// # Errors
    /// Not all of it went; [`Wire::progress`] tells on which side of the dot.
    pub(super) fn poll_mail(
        &self,
        context: &mut Context<'_>,
        mail: &[u8],
        written: &mut usize,
    ) -> Poll<io::Result<()>> {
        mail::poll_mail(&mut *self.state(), context, mail, written)
    }
}

impl mail::Way for State {
    fn keeps_back(&self) -> bool {
        !self.is_plain()
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Self::poll_write(self, context, bytes)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flush(self, context)
    }

    fn poll_end(&mut self, context: &mut Context<'_>, rest: &[u8]) -> Poll<io::Result<usize>> {
        Self::poll_end(self, context, rest)
    }
}

impl State {
    fn is_silent(&self) -> bool {
        self.unread.is_empty() && self.given == self.line.len()
    }

    /// Reads what the server has sent; ready at its end as well.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut chunk = [0; 4096];
        let mut chunk = ReadBuf::new(&mut chunk);
        let read = match &mut self.stream {
            Stream::Plain(stream) => ready!(Pin::new(stream).poll_read(context, &mut chunk)),
            Stream::Tls(stream) => ready!(Pin::new(stream).poll_read(context, &mut chunk)),
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        };
        if read.is_err() || chunk.filled().is_empty() {
            self.error.get_or_insert(WireError::Closed);
        }
        self.unread.extend_from_slice(chunk.filled());
        Poll::Ready(read)
    }

    /// Makes the next line ready for lettre, if a whole one is there.
    fn next_line(&mut self) -> io::Result<bool> {
        let Some(end) = self.unread.iter().position(|b| *b == b'\n') else {
            if self.unread.len() > MAX_LINE {
                return Err(self.garbage());
            }
            return Ok(false);
        };
        let line: Vec<u8> = self.unread.drain(..=end).collect();
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Ok(taken) = self.reader.take(line) else {
            return Err(self.garbage());
        };
        self.line = taken.line.into_bytes();
        self.given = 0;
        if let Some(reply) = taken.whole {
            self.reply = Some(reply);
        }
        Ok(true)
    }

    fn garbage(&mut self) -> io::Error {
        self.error = Some(WireError::Garbage);
        io::ErrorKind::InvalidData.into()
    }

    /// The last look before the dot: a server that spoke or left already will not take the mail.
    fn may_end(&mut self, context: &mut Context<'_>) -> bool {
        self.is_silent() && self.poll_fill(context).is_pending()
    }

    fn is_plain(&self) -> bool {
        matches!(self.stream, Stream::Plain(_))
    }

    /// Writes the rest of a mail, which ends with the dot.
    fn poll_end(&mut self, context: &mut Context<'_>, rest: &[u8]) -> Poll<io::Result<usize>> {
        if self.dot == Dot::NotWritten && !self.may_end(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        self.dot = Dot::Written;
        let written = self.poll_write(context, rest);
        let taken = match &written {
            Poll::Ready(Ok(count)) => *count,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        // What the system did not take from us nobody has; TLS tells no such thing.
        if self.is_plain() && taken + FINAL_DOT.len() <= rest.len() {
            self.dot = Dot::NotWritten;
        }
        written
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => ready!(Pin::new(stream).poll_write(context, bytes)),
            Stream::Tls(stream) => ready!(Pin::new(stream).poll_write(context, bytes)),
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        };
        let written = match written {
            Ok(0) if !bytes.is_empty() => Err(io::ErrorKind::WriteZero.into()),
            written => written,
        };
        match &written {
            Ok(count) => self.written += u64::try_from(*count).unwrap_or(0),
            Err(_) => self.error = Some(WireError::Closed),
        }
        Poll::Ready(written)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state();
        while state.given == state.line.len() {
            if state.next_line()? {
                continue;
            }
            let before = state.unread.len();
            ready!(state.poll_fill(context))?;
            if state.unread.len() == before {
                return Poll::Ready(Ok(()));
            }
        }
        let rest = state.line.get(state.given..).unwrap_or_default();
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..count).unwrap_or_default());
        state.given += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.state().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.state().stream {
            Stream::Plain(stream) => stream.peer_addr(),
            Stream::Tls(stream) => stream.get_ref().0.peer_addr(),
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_the_start_of_lines_are_doubled_and_one_ends_the_mail() {
        for (message, expected) in [
            ("", "\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".a\r\n.\r\n..b\r\nc.\r\n", "..a\r\n..\r\n...b\r\nc.\r\n.\r\n"),
            ("a\r\n\r\n", "a\r\n\r\n.\r\n"),
            ("a\n.b\r.c\r\n", "a\n.b\r.c\r\n.\r\n"),
        ] {
            assert_eq!(with_dots(message.as_bytes()), expected.as_bytes(), "{message:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_mail_ends_before_its_dot(text in "[.\r\na]{0,24}") {
            let mail = with_dots(text.as_bytes());
            let ends = |at: &[u8]| at == FINAL_DOT;
            let count = mail.windows(FINAL_DOT.len()).filter(|at| ends(at)).count();
            proptest::prop_assert_eq!(count, 1);
        }
    }
}
