//! A connection whose visitor must take what they asked for.
//!
//! Reading has its limits elsewhere (the head's and the page's). An answer that the visitor does
//! not read would wait in our memory for ever: from the moment it does not go out at once, the
//! whole of it has a limited time, so that reading it byte by byte gains nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// For what waits to be written to go out.
const LONGEST_STALL: Duration = Duration::from_secs(30);

/// A stream with an end to its patience.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    /// Runs from the first write that had to wait until everything is out.
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, stall: None }
    }

    fn write_with(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.is_over(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let written = write(Pin::new(&mut self.stream), cx);
        if written.is_pending() && self.stall.is_none() {
            self.stall = Some(Box::pin(tokio::time::sleep(LONGEST_STALL)));
            // Registers the waker; a time that has just begun is not over.
            let _ = self.is_over(cx);
        }
        written
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.stall.as_mut().is_some_and(|stall| stall.as_mut().poll(cx).is_ready())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write_with(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write_with(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// The server flushes when it has nothing left to write: only that ends a stall.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_over(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.stall = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_or_byte_by_byte_is_left() {
        for bytes_read in [0, 1] {
            let (ours, mut theirs) = tokio::io::duplex(16);
            let reader = tokio::spawn(async move {
                loop {
                    sleep(Duration::from_secs(5)).await;
                    let mut bytes = vec![0; bytes_read];
                    if theirs.read_exact(&mut bytes).await.is_err() {
                        break;
                    }
                }
            });
            let begun = Instant::now();
            let written = Patient::new(ours).write_all(&[7; 1_000]).await;
            assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
            assert!(begun.elapsed() <= LONGEST_STALL + Duration::from_secs(1));
            reader.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_has_its_own_time() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let reader = tokio::spawn(async move {
            let mut bytes = [0; 20];
            for _ in 0..4 {
                sleep(Duration::from_secs(20)).await;
                theirs.read_exact(&mut bytes).await.expect("an answer");
            }
        });
        let mut patient = Patient::new(ours);
        for _ in 0..4 {
            patient.write_all(&[7; 20]).await.expect("in time");
            patient.flush().await.expect("in time");
        }
        reader.await.expect("no panic");
    }
}
