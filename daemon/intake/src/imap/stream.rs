//! The bytes under IMAP: TCP, or TLS over it, as one type, with a meter on what comes in.
//!
//! The meter tells a slow line from a silent server, and cuts off an answer that is larger than
//! what was asked for before it fills the memory.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// Counts what a server sends.
#[derive(Debug)]
pub struct Meter {
    /// Bytes that came so far.
    heard: AtomicU64,
    /// Bytes after which nothing more is taken.
    ceiling: AtomicU64,
}

impl Meter {
    /// A meter without a ceiling.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { heard: AtomicU64::new(0), ceiling: AtomicU64::new(u64::MAX) })
    }

    /// Bytes that came so far.
    pub fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// Lets at most so many bytes more come.
    pub fn allow(&self, bytes: u64) {
        self.ceiling.store(self.heard().saturating_add(bytes), Ordering::Relaxed);
    }

    fn count(&self, bytes: usize) -> io::Result<()> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let heard = self.heard.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if heard > self.ceiling.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(())
    }
}

/// A connection to the server, and the meter on it.
#[derive(Debug)]
pub struct Stream {
    pub wire: Wire,
    meter: Arc<Meter>,
}

impl Stream {
    pub fn new(wire: Wire, meter: &Arc<Meter>) -> Self {
        Self { wire, meter: Arc::clone(meter) }
    }
}

/// The way the bytes take.
pub enum Wire {
    /// Unprotected.
    Plain(TcpStream),
    /// Protected.
    Tls(Box<TlsStream<TcpStream>>),
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Tls(_) => "Tls",
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = match &mut this.wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Wire::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        };
        let came = buffer.filled().len().saturating_sub(before);
        match (read, this.meter.count(came)) {
            (Poll::Ready(Ok(())), Err(error)) => Poll::Ready(Err(error)),
            (read, _) => read,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Wire::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_flush(context),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(tcp) => Pin::new(tcp).poll_shutdown(context),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}
