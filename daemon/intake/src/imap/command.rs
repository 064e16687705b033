//! One command and its answers, up to the tagged status, every one under a time limit.
//!
//! Everything in this module's siblings goes through [`Session::command`]. A session whose
//! command did not end in a tagged answer is broken: what is still on the wire would be taken
//! for the answer to the next command.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_imap::{
    error::Error,
    imap_proto::{Response, ResponseCode, Status},
};
use futures::FutureExt as _;
use tokio::time::{Instant, timeout};

use super::{
    ImapError,
    capabilities::Capabilities,
    stream::{Meter, Stream},
};
use crate::task::Beat;

/// Bytes that the answer to a command may have unless it says otherwise.
const ANSWER: u64 = 64 * 1024 * 1024;
/// A line that carries less over a whole answer is as good as dead, in bytes per second.
const SLOWEST: u64 = 2 * 1024;
/// While an answer comes in slowly, the heart beats this often.
const BEAT: Duration = Duration::from_secs(5);

/// A logged-in connection.
pub struct Session {
    pub(super) inner: async_imap::Session<Stream>,
    /// As said after login.
    pub(super) capabilities: Capabilities,
    /// Limit for the next response of a command.
    pub(super) time_limit: Duration,
    /// A command is under way, or one ended without its tagged answer.
    pub(super) is_broken: bool,
    /// The folder that is selected, as named to us.
    pub(super) selected: Option<String>,
    /// Names of folders as the server wrote them, where that is not how we would.
    pub(super) wire_names: HashMap<String, String>,
    /// What the server sent so far.
    pub(super) meter: Arc<Meter>,
    /// The watchdog's pulse: a large mail on a slow line is no stuck daemon.
    beat: Beat,
    /// When the command under way began, and what had been heard by then.
    begun: (Instant, u64),
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("is_broken", &self.is_broken).finish_non_exhaustive()
    }
}

/// The response code of the tagged OK, if any.
pub(super) type Code = Option<ResponseCode<'static>>;

impl Session {
    pub(super) fn new(
        inner: async_imap::Session<Stream>,
        time_limit: Duration,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            inner,
            capabilities: Capabilities::default(),
            time_limit,
            is_broken: false,
            selected: None,
            wire_names: HashMap::new(),
            begun: (Instant::now(), meter.heard()),
            meter,
            beat: Arc::new(|| {}),
        }
    }

    /// The same session with a pulse, beaten at each response and while a long one comes in.
    #[must_use]
    pub fn beating(self, beat: Beat) -> Self {
        Self { beat, ..self }
    }

    /// Sends a command and hands every untagged response to `each` until the tagged one.
    ///
    /// # Errors
    /// [`ImapError::Refused`] when the tagged status is NO or BAD, and what `each` returns (the
    /// answers are then still read to their end).
    pub(super) async fn command(
        &mut self,
        what: &'static str,
        command: &str,
        each: impl FnMut(&Response<'_>) -> Result<(), ImapError>,
    ) -> Result<Code, ImapError> {
        self.command_within(ANSWER, what, command, each).await
    }

    /// As [`Session::command`]; an answer of more than `most` bytes ends the connection.
    pub(super) async fn command_within(
        &mut self,
        most: u64,
        what: &'static str,
        command: &str,
        mut each: impl FnMut(&Response<'_>) -> Result<(), ImapError>,
    ) -> Result<Code, ImapError> {
        if self.is_broken {
            return Err(ImapError::Closed { what });
        }
        debug_assert!(!command.contains(['\r', '\n']), "a line break would start a new command");
        self.is_broken = true;
        self.start_answer(most);
        let sent = timeout(self.time_limit, self.inner.run_command(command)).await;
        let tag = match sent {
            Ok(Ok(tag)) => tag,
            Ok(Err(error)) => return Err(plain_error(what, &error)),
            Err(_) => return Err(ImapError::TimedOut { what }),
        };
        let mut wrong = None;
        loop {
            let heard = self
                .next(what, |response| match response {
                    Response::Done { tag: done, status, outcome } if *done == tag => {
                        let code = code_name(outcome.code.as_ref(), outcome.information.as_deref());
                        Heard::Tagged(match status {
                            Status::Ok => Ok(outcome.code.as_ref().and_then(owned_code)),
                            status => Err(refused(what, status, code)),
                        })
                    }
                    Response::Done { .. } => Heard::Strange,
                    Response::Data { status: Status::Bye, .. } => Heard::Bye,
                    response => {
                        if let Err(error) = each(response) {
                            wrong.get_or_insert(error);
                        }
                        Heard::Untagged
                    }
                })
                .await?;
            match heard {
                Heard::Untagged => {}
                Heard::Bye => return Err(ImapError::Closed { what }),
                Heard::Strange => return Err(ImapError::Protocol { what, why: "an unknown tag" }),
                Heard::Tagged(result) => {
                    self.is_broken = false;
                    let code = result?;
                    return wrong.map_or(Ok(code), Err);
                }
            }
        }
    }

    /// Begins to count time and bytes of an answer.
    pub(super) fn start_answer(&mut self, most: u64) {
        self.meter.allow(most);
        self.begun = (Instant::now(), self.meter.heard());
    }

    /// What `read` makes of the next response of any sort.
    pub(super) async fn next<R>(
        &mut self,
        what: &'static str,
        read: impl FnOnce(&Response<'_>) -> R,
    ) -> Result<R, ImapError> {
        let Self { inner, meter, beat, time_limit, begun, .. } = self;
        beat();
        // The parser below panics at some answers (an INTERNALDATE of NIL, for one).
        let mut response = std::pin::pin!(AssertUnwindSafe(inner.read_response()).catch_unwind());
        let (mut heard, mut quiet_since) = (meter.heard(), Instant::now());
        loop {
            match timeout(BEAT.min(*time_limit), &mut response).await {
                Ok(Ok(Ok(Some(data)))) => return Ok(read(data.parsed())),
                Ok(Ok(Ok(None))) => return Err(ImapError::Closed { what }),
                Ok(Ok(Err(error))) => return Err(read_error(what, &error)),
                Ok(Err(_)) => return Err(ImapError::Protocol { what, why: "the parser broke" }),
                Err(_) => {}
            }
            // A slow answer may take its time as long as it comes in.
            if meter.heard() > heard {
                (heard, quiet_since) = (meter.heard(), Instant::now());
                beat();
            }
            let fair = Duration::from_secs(heard.saturating_sub(begun.1) / SLOWEST);
            if quiet_since.elapsed() >= *time_limit || begun.0.elapsed() > *time_limit + fair {
                return Err(ImapError::TimedOut { what });
            }
        }
    }

    /// Asks for nothing, to hear whether the connection lives.
    ///
    /// # Errors
    /// [`ImapError`] when it does not.
    pub async fn noop(&mut self) -> Result<(), ImapError> {
        self.command("ask for news", "NOOP", |_| Ok(())).await.map(|_| ())
    }

    /// Ends the session politely, if that is quick; the connection is closed in any case.
    pub async fn close(mut self) {
        if !self.is_broken {
            let _ = timeout(Duration::from_secs(3), self.inner.logout()).await;
        }
    }
}

/// One response, sorted by what it means for the command under way.
enum Heard {
    Untagged,
    Tagged(Result<Code, ImapError>),
    Bye,
    Strange,
}

/// An error of the crate below, without the server's text.
pub(super) fn plain_error(what: &'static str, error: &Error) -> ImapError {
    match error {
        Error::No(text) => {
            ImapError::Refused { what, status: "NO", code: known_code(text).to_owned() }
        }
        Error::Bad(text) => {
            ImapError::Refused { what, status: "BAD", code: known_code(text).to_owned() }
        }
        Error::ConnectionLost => ImapError::Closed { what },
        Error::Io(error) => read_error(what, error),
        Error::Validate(_) => {
            ImapError::Protocol { what, why: "a secret or name holds a line break" }
        }
        _ => ImapError::Protocol { what, why: "no valid response" },
    }
}

/// The crate below reports what it cannot parse as `Other`, with the bytes in the text.
fn read_error(what: &'static str, error: &std::io::Error) -> ImapError {
    match error.kind() {
        std::io::ErrorKind::FileTooLarge => {
            ImapError::Protocol { what, why: "more than was asked for" }
        }
        std::io::ErrorKind::Other => ImapError::Protocol { what, why: "no valid response" },
        kind => ImapError::Broken { what, kind },
    }
}

fn refused(what: &'static str, status: &Status, code: String) -> ImapError {
    let status = match status {
        Status::No => "NO",
        Status::Bad => "BAD",
        Status::Ok => "OK",
        Status::PreAuth => "PREAUTH",
        Status::Bye => "BYE",
    };
    ImapError::Refused { what, status, code }
}

/// The codes that are needed beyond their command.
fn owned_code(code: &ResponseCode<'_>) -> Option<ResponseCode<'static>> {
    match code {
        ResponseCode::CopyUid(validity, from, to) => {
            Some(ResponseCode::CopyUid(*validity, from.clone(), to.clone()))
        }
        ResponseCode::ReadOnly => Some(ResponseCode::ReadOnly),
        ResponseCode::ReadWrite => Some(ResponseCode::ReadWrite),
        _ => None,
    }
}

fn code_name(code: Option<&ResponseCode<'_>>, text: Option<&str>) -> String {
    match code {
        Some(ResponseCode::TryCreate) => "TRYCREATE".to_owned(),
        Some(ResponseCode::Alert) => "ALERT".to_owned(),
        _ => known_code(text.unwrap_or("")).to_owned(),
    }
}

/// The response codes for people (RFC 5530) that a text begins with or holds.
fn known_code(text: &str) -> &'static str {
    const KNOWN: [&str; 17] = [
        "AUTHENTICATIONFAILED",
        "AUTHORIZATIONFAILED",
        "UNAVAILABLE",
        "EXPIRED",
        "PRIVACYREQUIRED",
        "CONTACTADMIN",
        "NOPERM",
        "INUSE",
        "EXPUNGEISSUED",
        "CORRUPTION",
        "SERVERBUG",
        "CLIENTBUG",
        "CANNOT",
        "LIMIT",
        "OVERQUOTA",
        "NONEXISTENT",
        "ALREADYEXISTS",
    ];
    KNOWN.into_iter().find(|code| text.contains(&format!("[{code}]"))).unwrap_or("")
}
