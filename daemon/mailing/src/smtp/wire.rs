//! The stream under lettre's connection: TCP without delay, plain or in TLS.
//!
//! lettre speaks the protocol; the wire sees what lettre does not tell: whether the final dot
//! was handed over, whether the server spoke unasked, what EHLO offered, and how a connection
//! ended. One end of it is lettre's, the other the session's. Replies are handed on line by line
//! in a form that lettre's strict reader takes (some servers send no text, or bytes that are no
//! UTF-8), so nothing that came early is ever hidden in a buffer above.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::reply::{MAX_LINE, Reply, ReplyReader};

/// What lettre writes behind the mail, by a write of its own; no mail contains it, since a dot
/// at the start of a line is doubled.
const FINAL_DOT: &[u8] = b"\r\n.\r\n";

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
        let mut state = self.state();
        if bytes == FINAL_DOT && state.dot == Dot::NotWritten {
            if !state.may_end(context) {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            state.dot = Dot::Written;
        }
        let written = match &mut state.stream {
            Stream::Plain(stream) => ready!(Pin::new(stream).poll_write(context, bytes)),
            Stream::Tls(stream) => ready!(Pin::new(stream).poll_write(context, bytes)),
            Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
        };
        match &written {
            Ok(count) => state.written += u64::try_from(*count).unwrap_or(0),
            Err(_) => state.error = Some(WireError::Closed),
        }
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
            Stream::Gone => Poll::Ready(Ok(())),
        }
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
