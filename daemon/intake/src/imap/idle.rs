//! Waiting for new mail with IDLE (RFC 2177), as a wake-up only: polling is the backstop.
//!
//! It is done by hand: the crate's own IDLE answers a dead connection in the same way as a wish
//! to stop. Here a closed connection is an error, and DONE must be answered in time.

use std::{future::Future, time::Duration};

use async_imap::imap_proto::{MailboxDatum, Response, Status};
use tokio::time::{Instant, timeout, timeout_at};

use super::{ImapError, Session, command::plain_error};

/// Longest IDLE: servers may drop it at 30 minutes, routers forget it earlier.
const LONGEST: Duration = Duration::from_secs(25 * 60);
const WHAT: &str = "wait for new mail";

/// Why the waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wakeup {
    /// There is more mail.
    NewMail,
    /// The time is over.
    Elapsed,
    /// The caller wished to stop.
    Stopped,
}

impl Session {
    /// Waits in the selected folder for new mail, at most `longest` and 25 minutes, or until
    /// `stop` is ready.
    ///
    /// # Errors
    /// [`ImapError::Closed`] or another error when the connection is dead or the server refuses.
    pub async fn idle(
        &mut self,
        longest: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<Wakeup, ImapError> {
        if self.is_broken {
            return Err(ImapError::Closed { what: WHAT });
        }
        self.is_broken = true;
        self.start_answer(u64::MAX);
        let sent = timeout(self.time_limit, self.inner.run_command("IDLE")).await;
        let tag = match sent {
            Ok(Ok(tag)) => tag,
            Ok(Err(error)) => return Err(plain_error(WHAT, &error)),
            Err(_) => return Err(ImapError::TimedOut { what: WHAT }),
        };
        let mut wakeup = None;
        loop {
            let answer = self
                .next(WHAT, |response| match response {
                    Response::Continue(_) => Ok(Answer::Idling),
                    Response::Done { tag: done, .. } if *done == tag => Ok(Answer::Refused),
                    response => note(response, &mut wakeup).map(|()| Answer::Other),
                })
                .await??;
            match answer {
                Answer::Idling => break,
                Answer::Other => {}
                Answer::Refused => {
                    self.is_broken = false;
                    let (status, code) = ("NO", String::new());
                    return Err(ImapError::Refused { what: WHAT, status, code });
                }
            }
        }
        let wakeup = match wakeup {
            Some(wakeup) => wakeup,
            None => self.listen(longest.min(LONGEST), stop).await?,
        };
        self.done(&tag).await?;
        Ok(wakeup)
    }

    async fn listen(
        &mut self,
        longest: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<Wakeup, ImapError> {
        let deadline = Instant::now() + longest;
        let mut stop = std::pin::pin!(stop);
        let mut wakeup = None;
        loop {
            // Keep-alives of the server do not prolong the waiting.
            let read = timeout_at(deadline, self.inner.read_response());
            let read = tokio::select! {
                () = &mut stop => return Ok(Wakeup::Stopped),
                read = read => read,
            };
            match read {
                Err(_) => return Ok(Wakeup::Elapsed),
                Ok(Ok(Some(data))) => note(data.parsed(), &mut wakeup)?,
                Ok(Ok(None)) => return Err(ImapError::Closed { what: WHAT }),
                Ok(Err(error)) => {
                    return Err(ImapError::Broken { what: WHAT, kind: error.kind() });
                }
            }
            if let Some(wakeup) = wakeup {
                return Ok(wakeup);
            }
        }
    }

    async fn done(&mut self, tag: &async_imap::imap_proto::RequestId) -> Result<(), ImapError> {
        self.start_answer(u64::MAX);
        match timeout(self.time_limit, self.inner.run_command_untagged("DONE")).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(plain_error(WHAT, &error)),
            Err(_) => return Err(ImapError::TimedOut { what: WHAT }),
        }
        loop {
            let status = self
                .next(WHAT, |response| match response {
                    Response::Done { tag: done, status, .. } if done == tag => {
                        Some(*status == Status::Ok)
                    }
                    _ => None,
                })
                .await?;
            match status {
                None => {}
                Some(true) => {
                    self.is_broken = false;
                    return Ok(());
                }
                Some(false) => {
                    return Err(ImapError::Protocol { what: WHAT, why: "IDLE ended with NO" });
                }
            }
        }
    }
}

/// What the server says to IDLE.
enum Answer {
    Idling,
    Refused,
    Other,
}

/// Only more mail wakes: flags that people set all day do not.
fn note(response: &Response<'_>, wakeup: &mut Option<Wakeup>) -> Result<(), ImapError> {
    match response {
        Response::MailboxData(MailboxDatum::Exists(_)) => *wakeup = Some(Wakeup::NewMail),
        Response::Data { status: Status::Bye, .. } => {
            return Err(ImapError::Closed { what: WHAT });
        }
        _ => {}
    }
    Ok(())
}
