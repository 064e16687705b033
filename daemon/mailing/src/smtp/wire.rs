//! The stream under an SMTP session: TCP without delay, plain or in TLS, every wait limited.

use std::time::Duration;

use futures::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::reply::{MAX_LINE, Reply, ReplyReader};

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
}

pub(super) struct Wire {
    stream: Stream,
    /// Bytes read and not yet taken as a line.
    buffer: Vec<u8>,
}

impl Wire {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), buffer: Vec::new() }
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self { stream: Stream::Tls(Box::new(stream)), buffer: Vec::new() }
    }

    /// The bare TCP stream, for the change to TLS. Bytes that the server sent before the
    /// handshake would be taken as said inside TLS, so they are an error (CVE-2011-0411).
    pub(super) fn into_plain(self) -> Result<TcpStream, WireError> {
        match self.stream {
            Stream::Plain(stream) if self.buffer.is_empty() => Ok(stream),
            Stream::Plain(_) | Stream::Tls(_) => Err(WireError::Garbage),
        }
    }

    /// Writes everything and flushes it; `limit` holds for each single write, since a large mail
    /// on a slow line is no stall.
    pub(super) async fn write(
        &mut self,
        mut bytes: &[u8],
        limit: Duration,
    ) -> Result<(), WireError> {
        while !bytes.is_empty() {
            let write = async {
                match &mut self.stream {
                    Stream::Plain(stream) => stream.write(bytes).await,
                    Stream::Tls(stream) => stream.write(bytes).await,
                }
            };
            match timeout(limit, write).await {
                Err(_) => return Err(WireError::TimedOut),
                Ok(Err(_) | Ok(0)) => return Err(WireError::Closed),
                Ok(Ok(count)) => bytes = bytes.get(count..).unwrap_or_default(),
            }
        }
        let flush = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.flush().await,
                Stream::Tls(stream) => stream.flush().await,
            }
        };
        match timeout(limit, flush).await {
            Err(_) => Err(WireError::TimedOut),
            Ok(Err(_)) => Err(WireError::Closed),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// Reads one whole reply; `limit` holds for all of it.
    pub(super) async fn reply(&mut self, limit: Duration) -> Result<Reply, WireError> {
        timeout(limit, self.reply_without_limit()).await.unwrap_or(Err(WireError::TimedOut))
    }

    async fn reply_without_limit(&mut self) -> Result<Reply, WireError> {
        let mut reader = ReplyReader::default();
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                match reader.take(line) {
                    Ok(Some(reply)) => return Ok(reply),
                    Ok(None) => continue,
                    Err(_) => return Err(WireError::Garbage),
                }
            }
            if self.buffer.len() > MAX_LINE {
                return Err(WireError::Garbage);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), WireError> {
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read_buf(&mut self.buffer).await,
            Stream::Tls(stream) => stream.read_buf(&mut self.buffer).await,
        };
        match read {
            Ok(0) | Err(_) => Err(WireError::Closed),
            Ok(_) => Ok(()),
        }
    }

    /// Whether the server has said nothing that we did not ask for: no farewell, no end.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.buffer.is_empty() && self.fill().now_or_never().is_none()
    }
}
