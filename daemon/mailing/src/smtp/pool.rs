//! The bounded pool of kept sessions of one relay, and its health.
//!
//! A permit stands for a connection, used or not yet open, so there are never more than
//! configured. A session returns when its lease is dropped; one that is lost does not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::session::{Condition, Session};
use super::tls::{self, Tls};
use super::{RelayConfig, RelayTrouble, TlsMode, TroubleCause};
use crate::error::MailingError;
use crate::outcome::Outcome;
use crate::outlet::{Envelope, OnDot};

/// How long a relay that asked for fewer connections keeps one connection less.
const STAYS_NARROW: Duration = Duration::from_secs(120);

/// How a relay does, for `status` and the alarms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelayHealth {
    /// Troubles since the last session that opened; 0 is well.
    pub troubles_in_a_row: u32,
    /// The last trouble, in words fit for an operator; none once a session opened again.
    pub trouble: Option<String>,
}

/// One relay and its connections.
pub struct Relay {
    config: RelayConfig,
    tls: Option<Tls>,
    permits: Arc<Semaphore>,
    /// Last returned, first used: the surplus grows idle and is closed.
    kept: Mutex<Vec<Session>>,
    health: Mutex<RelayHealth>,
    /// How many permits are withdrawn, and since when.
    narrowed: Mutex<Option<(usize, Instant)>>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A session that is ready for one mail after another, for one user at a time.
pub struct Lease {
    relay: Arc<Relay>,
    session: Option<Box<Session>>,
    /// Why the last mail was refused, when that was none of its fault.
    trouble: Option<RelayTrouble>,
    permit: Option<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("relay", &self.relay.config.name).finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay without a connection; none is made before the first mail.
    ///
    /// # Errors
    /// [`MailingError::Config`] names everything that is wrong with `config`.
    pub fn new(config: RelayConfig) -> Result<Arc<Self>, MailingError> {
        let problems = config.problems();
        if !problems.is_empty() {
            let problem = problems.join("; ");
            return Err(MailingError::Config { relay: config.name, problem });
        }
        let tls = match config.tls {
            TlsMode::StartTls | TlsMode::Implicit => Some(tls::client(&config)?),
            TlsMode::NoneToLoopback => None,
        };
        Ok(Arc::new(Self {
            permits: Arc::new(Semaphore::new(config.connections)),
            tls,
            config,
            kept: Mutex::default(),
            health: Mutex::default(),
            narrowed: Mutex::default(),
        }))
    }

    /// Its name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How many mails can be on their way at once.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.config.connections
    }

    /// How many connections it takes at present: fewer after it said 421.
    #[must_use]
    pub fn width(&self) -> usize {
        let narrowed = self.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
        self.config.connections - narrowed.map_or(0, |(count, _)| count)
    }

    /// The relay wants no further connection (RFC 5321 §3.8): the permit of the one it refused is
    /// withdrawn for a while, unless it is the last.
    fn narrow(&self, permit: OwnedSemaphorePermit) {
        let mut narrowed = self.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = narrowed.map_or(0, |(count, _)| count) + 1;
        if count < self.config.connections {
            permit.forget();
            *narrowed = Some((count, Instant::now()));
        }
    }

    /// One connection more after each quiet while.
    fn widen(&self) {
        let mut narrowed = self.narrowed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, since)) = *narrowed
            && since.elapsed() >= STAYS_NARROW
        {
            self.permits.add_permits(1);
            *narrowed = (count > 1).then(|| (count - 1, Instant::now()));
        }
    }

    /// How it does.
    #[must_use]
    pub fn health(&self) -> RelayHealth {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A session fit for a mail: a kept one that still answers, else a new one. Waits while all
    /// connections are in use.
    ///
    /// # Errors
    /// [`RelayTrouble`] when no session can be opened: no mail was touched.
    pub async fn acquire(self: &Arc<Self>) -> Result<Lease, RelayTrouble> {
        self.widen();
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let session = match self.usable_kept_session().await {
            Some(session) => session,
            None => match self.open().await {
                Ok(session) => session,
                Err(trouble) => {
                    if matches!(trouble.cause, TroubleCause::Refused { code: 421, .. }) {
                        self.narrow(permit);
                    }
                    return Err(trouble);
                }
            },
        };
        Ok(Lease {
            relay: Arc::clone(self),
            session: Some(Box::new(session)),
            trouble: None,
            permit: Some(permit),
        })
    }

    /// Closes the sessions that nobody uses, politely.
    pub async fn close_kept(&self) {
        while let Some(session) = self.take_kept() {
            session.quit().await;
        }
    }

    async fn usable_kept_session(&self) -> Option<Session> {
        while let Some(mut session) = self.take_kept() {
            if session.is_usable(&self.config).await {
                return Some(session);
            }
            session.quit().await;
        }
        None
    }

    fn take_kept(&self) -> Option<Session> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn open(&self) -> Result<Session, RelayTrouble> {
        match Session::open(&self.config, self.tls.as_ref()).await {
            Ok(session) => {
                *self.health.lock().unwrap_or_else(PoisonError::into_inner) =
                    RelayHealth::default();
                Ok(session)
            }
            Err(cause) => Err(self.in_trouble(cause)),
        }
    }

    fn in_trouble(&self, cause: TroubleCause) -> RelayTrouble {
        let trouble = RelayTrouble { relay: self.config.name.clone(), cause };
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.troubles_in_a_row = health.troubles_in_a_row.saturating_add(1);
        health.trouble = Some(trouble.to_string());
        trouble
    }
}

impl Lease {
    /// Sends one mail (CRLF line ends) and tells what became of it. Called once a START stands
    /// in the wire journal.
    pub async fn send(
        &mut self,
        envelope: &Envelope,
        message: &[u8],
        on_dot: OnDot<'_>,
    ) -> Outcome {
        // Taken out while it speaks: if this future is dropped midway, the session goes with it.
        let Some(mut session) = self.session.take() else {
            return Outcome::NotSent;
        };
        let outcome = session.send(envelope, message, &self.relay.config, on_dot).await;
        self.trouble = session.trouble.take().map(|cause| self.relay.in_trouble(cause));
        self.session = Some(session);
        let narrower = outcome.answer().is_some_and(|answer| answer.code == Some(421));
        if let Some(permit) = self.permit.take_if(|_| narrower) {
            self.relay.narrow(permit);
        }
        outcome
    }

    /// What the relay has against us, when the last mail was [`Outcome::NotSent`] for it.
    pub fn take_trouble(&mut self) -> Option<RelayTrouble> {
        self.trouble.take()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(session) = self.session.take().filter(|s| s.condition != Condition::Lost) {
            self.relay.kept.lock().unwrap_or_else(PoisonError::into_inner).push(*session);
        }
    }
}
