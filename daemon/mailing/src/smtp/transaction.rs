//! One mail through a session: MAIL, RCPT, DATA, the mail, the dot.
//!
//! lettre's connection is driven command by command and not by its `send`, which closes the
//! connection on each refusal, knows no pipelining and cannot tell on which side of the dot it
//! failed.
//! Called between START and END, so it never fails: whatever happens has an outcome. Before the
//! final dot a lost connection is a deferral; from the dot on nobody can know, so it is
//! uncertain (RFC 1047 tells why). A refusal keeps the connection for the next mail; one that is
//! aimed at us and not at the mail (MAIL refused, sign-in wanted) is the relay's trouble.

use std::future::poll_fn;
use std::pin::pin;

use tokio::time::timeout;

use super::reply::Reply;
use super::session::{Condition, Session};
use super::wire::{Dot, WireError, with_dots};
use super::{RelayConfig, Timeouts, TroubleCause};
use crate::outcome::{Answer, EnhancedCode, Outcome};
use crate::outlet::{Envelope, Notify, OnDot};

/// What a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Mail,
    Rcpt,
    Data,
    Dot,
}

impl Stage {
    /// The commands before the mail, in their order.
    const OPENING: [Self; 3] = [Self::Mail, Self::Rcpt, Self::Data];

    fn name(self) -> &'static str {
        match self {
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Dot => "the final dot",
        }
    }

    fn wants(self, reply: &Reply) -> bool {
        match self {
            Self::Data => reply.code == 354,
            Self::Mail | Self::Rcpt | Self::Dot => reply.is_positive(),
        }
    }

    /// Whether a 5xx here says something of us and not of this one mail. The server has not heard
    /// more of a mail at MAIL than its size and kind (RFC 3463: 5.3.4 too big, 5.6 its encoding).
    fn blames_us(self, reply: &Reply, answer: &Answer) -> bool {
        // RFC 4954 §6: we have to sign in, or not like this.
        let sign_in = matches!(reply.code, 530 | 534 | 535 | 538);
        let of_mail =
            matches!(answer.enhanced, Some(EnhancedCode(5, 3, 4) | EnhancedCode(5, 6, _)));
        sign_in || self == Self::Mail && !of_mail
    }
}

/// The replies to the three commands before the mail.
enum Opening {
    /// 354: the server waits for the mail.
    Open,
    Failed(Outcome),
}

impl Session {
    /// Sends one mail; `message` has CRLF line ends.
    pub(super) async fn send(
        &mut self,
        envelope: &Envelope,
        message: &[u8],
        config: &RelayConfig,
        on_dot: OnDot<'_>,
    ) -> Outcome {
        let parameters = match self.parameters(envelope, message) {
            Ok(parameters) => parameters,
            Err(refused) => return refused,
        };
        self.mails = self.mails.saturating_add(1);
        let outcome = self.transact(envelope, &parameters, message, &config.timeouts, on_dot).await;
        self.used_at = tokio::time::Instant::now();
        if outcome.answer().is_some_and(|answer| answer.code == Some(421)) {
            // RFC 5321 §3.8: the server closes the channel after 421.
            self.condition = Condition::Lost;
        }
        outcome
    }

    /// The parameters of MAIL, or the refusal of a mail that this server cannot take.
    fn parameters(&self, envelope: &Envelope, message: &[u8]) -> Result<String, Outcome> {
        let refuse = |code, text| Err(Outcome::Rejected(Answer::our_own_with(code, text)));
        let mut parameters = String::new();
        let size = u64::try_from(message.len()).unwrap_or(u64::MAX);
        if let Some(limit) = self.offers.size {
            if limit > 0 && size > limit {
                return refuse(EnhancedCode(5, 3, 4), "the mail is larger than the relay takes");
            }
            parameters.push_str(&format!(" SIZE={size}"));
        }
        if envelope.needs_smtputf8() {
            if !self.offers.smtp_utf8 {
                return refuse(
                    EnhancedCode(5, 6, 7),
                    "the relay takes no internationalised address",
                );
            }
            parameters.push_str(" SMTPUTF8");
        }
        if !message.is_ascii() {
            if !self.offers.eight_bit {
                return refuse(EnhancedCode(5, 6, 3), "the relay takes no 8-bit mail");
            }
            parameters.push_str(" BODY=8BITMIME");
        }
        Ok(parameters)
    }

    async fn transact(
        &mut self,
        envelope: &Envelope,
        parameters: &str,
        message: &[u8],
        timeouts: &Timeouts,
        on_dot: OnDot<'_>,
    ) -> Outcome {
        let sender = envelope.sender.as_ref().map_or("", |sender| sender.expose());
        let mail = format!("MAIL FROM:<{sender}>{parameters}\r\n");
        let notify = match envelope.notify {
            Notify::Never if self.offers.dsn => " NOTIFY=NEVER",
            Notify::Never | Notify::Default => "",
        };
        let rcpt = format!("RCPT TO:<{}>{notify}\r\n", envelope.recipient.expose());
        let opening = if self.offers.pipelining {
            self.open_at_once(&format!("{mail}{rcpt}DATA\r\n"), timeouts).await
        } else {
            self.open_by_steps([&mail, &rcpt, "DATA\r\n"], timeouts).await
        };
        match opening {
            Opening::Open => self.deliver(message, timeouts, on_dot).await,
            Opening::Failed(outcome) => outcome,
        }
    }

    /// RFC 2920: three commands in one write, their replies in order.
    async fn open_at_once(&mut self, commands: &str, timeouts: &Timeouts) -> Opening {
        let mut failure = None;
        for stage in Stage::OPENING {
            let reply = match stage {
                Stage::Mail => self.command(commands, timeouts).await,
                _ => self.next_reply(timeouts).await,
            };
            let reply = match reply {
                Ok(reply) => reply,
                Err(error) => {
                    let lost = self.lost(error);
                    return Opening::Failed(failure.unwrap_or(lost));
                }
            };
            let wanted = stage.wants(&reply);
            if stage == Stage::Data && wanted {
                let Some(failure) = failure else {
                    return Opening::Open;
                };
                self.abandon(timeouts).await;
                return Opening::Failed(failure);
            }
            if !wanted && failure.is_none() {
                self.condition = Condition::Unfinished;
                failure = Some(self.refused(stage, &reply));
            }
        }
        Opening::Failed(failure.unwrap_or_else(|| self.lost(WireError::Garbage)))
    }

    async fn open_by_steps(&mut self, commands: [&str; 3], timeouts: &Timeouts) -> Opening {
        for (stage, command) in Stage::OPENING.into_iter().zip(commands) {
            let reply = match self.command(command, timeouts).await {
                Ok(reply) => reply,
                Err(error) => return Opening::Failed(self.lost(error)),
            };
            if !stage.wants(&reply) {
                self.condition = Condition::Unfinished;
                return Opening::Failed(self.refused(stage, &reply));
            }
        }
        Opening::Open
    }

    async fn command(&mut self, command: &str, timeouts: &Timeouts) -> Result<Reply, WireError> {
        let answered = timeout(timeouts.command, self.connection.command(command)).await;
        self.reply_of(answered.map_err(|_| WireError::TimedOut)?)
    }

    async fn next_reply(&mut self, timeouts: &Timeouts) -> Result<Reply, WireError> {
        let answered = timeout(timeouts.command, self.connection.read_response()).await;
        self.reply_of(answered.map_err(|_| WireError::TimedOut)?)
    }

    /// The server waits for a mail that has no recipient: the dot alone, whatever it answers
    /// (RFC 2920 §3.1).
    async fn abandon(&mut self, timeouts: &Timeouts) {
        let answered = self.command(".\r\n", timeouts).await;
        if !answered.is_ok_and(|reply| reply.code >= 400) {
            self.condition = Condition::Lost;
        }
    }

    async fn deliver(&mut self, message: &[u8], timeouts: &Timeouts, on_dot: OnDot<'_>) -> Outcome {
        let answered = self.say(message, timeouts, on_dot).await;
        match (answered, self.wire.progress().1) {
            (Ok(reply), Dot::Written) if reply.is_positive() => {
                self.condition = Condition::Ready;
                Outcome::Accepted(Answer::of_server(reply.code, &reply.text()))
            }
            (Ok(reply), Dot::Written) if reply.code >= 400 => {
                self.condition = Condition::Ready;
                self.refused(Stage::Dot, &reply)
            }
            (Ok(_), Dot::Written) => self.unknown(WireError::Garbage),
            (Err(error), Dot::Written) => self.unknown(error),
            (Ok(_), Dot::NotWritten) => self.lost(WireError::Garbage),
            (Err(WireError::TimedOut), Dot::NotWritten) => self.lost(WireError::TimedOut),
            (Err(error), Dot::NotWritten) => match self.next_reply(timeouts).await {
                // The server spoke before the dot, which therefore was not written.
                Ok(reply) if reply.code >= 400 => {
                    let refused = self.refused(Stage::Dot, &reply);
                    self.condition = Condition::Lost;
                    refused
                }
                Ok(_) | Err(_) => self.lost(error),
            },
        }
    }

    /// Writes the mail and the dot and reads the reply. A slow line is no stall: before the dot
    /// a wait ends only when nothing at all was written in it.
    async fn say(
        &mut self,
        message: &[u8],
        timeouts: &Timeouts,
        on_dot: OnDot<'_>,
    ) -> Result<Reply, WireError> {
        self.wire.expect_dot();
        let wire = self.wire.clone();
        let mail = with_dots(message);
        let mut told = false;
        let answered = {
            let mut written = 0;
            let mut saying = pin!(async {
                let wrote = poll_fn(|context| wire.poll_mail(context, &mail, &mut written)).await;
                match wrote {
                    Ok(()) => Ok(self.connection.read_response().await),
                    Err(_) => Err(wire.error()),
                }
            });
            let mut watched = poll_fn(|context| {
                let polled = saying.as_mut().poll(context);
                if !told && wire.progress().1 == Dot::Written {
                    told = true;
                    on_dot();
                }
                polled
            });
            loop {
                let before = wire.progress();
                let limit = match before.1 {
                    Dot::NotWritten => timeouts.data,
                    Dot::Written => timeouts.final_reply,
                };
                match timeout(limit, &mut watched).await {
                    Ok(answered) => break answered,
                    Err(_) if wire.progress() == before => return Err(WireError::TimedOut),
                    Err(_) => {}
                }
            }
        };
        self.reply_of(answered?)
    }

    /// A reply that is not the wanted one, before the mail was taken.
    fn refused(&mut self, stage: Stage, reply: &Reply) -> Outcome {
        let answer = Answer::of_server(reply.code, &reply.text());
        match reply.code {
            500.. if stage.blames_us(reply, &answer) => {
                // Another session may be signed in or routed otherwise.
                self.condition = Condition::Lost;
                self.trouble = Some(TroubleCause::Refused { step: stage.name(), code: reply.code });
                Outcome::NotSent
            }
            500.. => Outcome::Rejected(answer),
            400..500 => Outcome::Deferred(answer),
            _ => {
                // A positive reply at the wrong place: the two sides no longer agree.
                self.condition = Condition::Lost;
                Outcome::Deferred(answer)
            }
        }
    }

    fn lost(&mut self, error: WireError) -> Outcome {
        self.condition = Condition::Lost;
        Outcome::Deferred(Answer::our_own_with(
            EnhancedCode(4, 4, 2),
            match error {
                WireError::Closed => "the connection was lost before the final dot",
                WireError::TimedOut => "the relay did not answer in time, before the final dot",
                WireError::Garbage => "the relay answered what is not SMTP, before the final dot",
            },
        ))
    }

    fn unknown(&mut self, error: WireError) -> Outcome {
        self.condition = Condition::Lost;
        Outcome::Uncertain(Answer::our_own(match error {
            WireError::Closed => "the connection was lost after the final dot",
            WireError::TimedOut => "the relay did not answer the final dot in time",
            WireError::Garbage => "the relay answered the final dot with what is not SMTP",
        }))
    }
}
