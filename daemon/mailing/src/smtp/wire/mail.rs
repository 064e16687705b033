//! The way of a mail to the server: all of it together on a plain stream, in TLS the body first
//! and its end only behind it.
//!
//! What TLS takes may stay behind in it. Were the end given to it before the rest had left, a
//! connection lost then would count as lost behind the dot, and a mail that nobody has would be
//! called uncertain.

use std::io;
use std::task::{Context, Poll, ready};

use super::FINAL_DOT;

/// What a mail is written to.
pub(super) trait Way {
    /// Whether bytes that it took may stay behind in it.
    fn keeps_back(&self) -> bool;
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Writes the rest of a mail, which ends with the dot.
    fn poll_end(&mut self, context: &mut Context<'_>, rest: &[u8]) -> Poll<io::Result<usize>>;
}

/// Writes a mail; `written` tells how much of it went, and where the next poll goes on.
pub(super) fn poll_mail(
    way: &mut impl Way,
    context: &mut Context<'_>,
    mail: &[u8],
    written: &mut usize,
) -> Poll<io::Result<()>> {
    let body = mail.len().saturating_sub(FINAL_DOT.len());
    while *written < mail.len() {
        if way.keeps_back() && *written < body {
            let rest = mail.get(*written..body).unwrap_or_default();
            *written += ready!(way.poll_write(context, rest))?;
            continue;
        }
        if way.keeps_back() && *written == body {
            // Asked again by each poll until all else is out.
            ready!(way.poll_flush(context))?;
        }
        let rest = mail.get(*written..).unwrap_or_default();
        *written += ready!(way.poll_end(context, rest))?;
    }
    way.poll_flush(context)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Takes a few bytes at a time and lets them out only by a flush that first has to wait.
    #[derive(Default)]
    struct Slow {
        keeps_back: bool,
        inside: Vec<u8>,
        out: Vec<u8>,
        waits: usize,
        /// What was still inside when the end was given.
        behind_at_end: Option<usize>,
    }

    impl Way for Slow {
        fn keeps_back(&self) -> bool {
            self.keeps_back
        }

        fn poll_write(&mut self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(7);
            self.inside.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.waits > 0 {
                self.waits -= 1;
                return Poll::Pending;
            }
            self.out.append(&mut self.inside);
            Poll::Ready(Ok(()))
        }

        fn poll_end(&mut self, context: &mut Context<'_>, rest: &[u8]) -> Poll<io::Result<usize>> {
            self.behind_at_end.get_or_insert(self.inside.len());
            self.poll_write(context, rest)
        }
    }

    #[test]
    fn no_byte_of_a_mail_is_behind_when_its_end_is_given_to_tls() {
        for (keeps_back, waits, pending) in
            [(true, 0, 0), (true, 1, 1), (true, 3, 3), (false, 1, 1)]
        {
            let mail = b"Subject: a\r\n\r\nsome words\r\n.\r\n";
            let mut way = Slow { keeps_back, waits, ..Slow::default() };
            let mut context = Context::from_waker(Waker::noop());
            let mut written = 0;
            let mut waited = 0;
            while poll_mail(&mut way, &mut context, mail, &mut written).is_pending() {
                assert!(!keeps_back || way.behind_at_end.is_none(), "the body waits for its flush");
                waited += 1;
            }
            assert_eq!((way.behind_at_end, waited), (Some(0), pending), "{keeps_back} {waits}");
            assert_eq!(way.out, mail);
        }
    }
}
