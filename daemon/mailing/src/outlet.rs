//! Where mail leaves: a relay, or a Maildir for the demo and tests.
//!
//! Dispatch sees one outlet: a place is taken before START, the mail goes between START and END.

use std::sync::Arc;

use domain::address::EmailAddress;

use crate::error::MailingError;
use crate::maildir::Maildir;
use crate::outcome::Outcome;
use crate::smtp::{Lease, Relay};
use crate::wire_journal::Attempt;

/// Whether the recipient's server may send delivery reports (RFC 3461).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// As the server likes.
    #[default]
    Default,
    /// Never, where the relay offers the choice: for automatic replies.
    Never,
}

/// The envelope of one mail: one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where bounces go; `None` is the null sender `<>`.
    pub sender: Option<EmailAddress>,
    /// To whom.
    pub recipient: EmailAddress,
    /// Delivery reports.
    pub notify: Notify,
}

impl Envelope {
    pub(crate) fn needs_smtputf8(&self) -> bool {
        self.recipient.needs_smtputf8()
            || self.sender.as_ref().is_some_and(EmailAddress::needs_smtputf8)
    }
}

/// Called when the mail has left as a whole and its outcome is not yet known.
pub type OnDot<'a> = &'a (dyn Fn() + Send + Sync);

/// Where mail leaves.
#[derive(Debug, Clone)]
pub enum Outlet {
    /// An SMTP relay.
    Relay(Arc<Relay>),
    /// A directory.
    Maildir(Arc<Maildir>),
}

/// A place through which one mail after another can go.
#[derive(Debug)]
pub enum Place {
    /// A session with a relay.
    Relay(Lease),
    /// A directory.
    Maildir(Arc<Maildir>),
}

impl Outlet {
    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Relay(relay) => relay.name(),
            Self::Maildir(_) => "maildir",
        }
    }

    /// How many mails can be on their way at once.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Relay(relay) => relay.connections(),
            Self::Maildir(_) => 1,
        }
    }

    /// Takes a place; waits while all are in use.
    ///
    /// # Errors
    /// When the outlet cannot be used now; no mail was touched.
    pub async fn acquire(&self) -> Result<Place, MailingError> {
        match self {
            Self::Relay(relay) => Ok(Place::Relay(relay.acquire().await?)),
            Self::Maildir(maildir) => {
                maildir.prepare().await?;
                Ok(Place::Maildir(Arc::clone(maildir)))
            }
        }
    }

    /// Gives back what is kept open.
    pub async fn close(&self) {
        if let Self::Relay(relay) = self {
            relay.close_kept().await;
        }
    }
}

impl Place {
    /// Why the last mail was not sent, when that was the outlet's doing and not the mail's.
    pub fn take_trouble(&mut self) -> Option<MailingError> {
        match self {
            Self::Relay(lease) => lease.take_trouble().map(MailingError::from),
            Self::Maildir(_) => None,
        }
    }

    /// Sends one mail and tells what became of it.
    pub async fn send(
        &mut self,
        attempt: Attempt,
        envelope: &Envelope,
        message: &[u8],
        on_dot: OnDot<'_>,
    ) -> Outcome {
        match self {
            Self::Relay(lease) => lease.send(envelope, message, on_dot).await,
            Self::Maildir(maildir) => {
                let outcome = maildir.deliver(attempt, envelope, message).await;
                on_dot();
                outcome
            }
        }
    }
}
